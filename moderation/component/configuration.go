package component

import (
	"context"
	"encoding/xml"
	"errors"
	"strings"
)

// The fields of a room's configuration that are read.
const (
	fieldMembersOnly = "muc#roomconfig_membersonly"
	fieldPersistent  = "muc#roomconfig_persistentroom"
	fieldMainRoom    = "muc#roominfo_breakout_main_room" // of Jitsi's mod_muc_breakout_rooms
)

// An ownerQuery asks for a room's configuration, and is its answer (XEP-0045
// section 10.2). An admin may ask without being an occupant; disco#info of a room
// Jitsi's mod_muc_hide_all forbids to the same.
type ownerQuery struct {
	XMLName xml.Name   `xml:"http://jabber.org/protocol/muc#owner query"`
	Forms   []dataForm `xml:"jabber:x:data x"`
}

var errNoForm = errors.New("the room answers without its configuration")

// configuration returns the fields of a room's configuration, by the one value
// that each has or, as Prosody writes false, by none.
func (a *asker) configuration(ctx context.Context, room string) (map[string]string, error) {
	in, err := a.ask(ctx, "get", room, ownerQuery{})
	switch {
	case err != nil:
		return nil, err
	case in.Owner == nil || len(in.Owner.Forms) == 0:
		return nil, errNoForm
	}
	fields := map[string]string{}
	for _, f := range in.Owner.Forms[0].Fields {
		if len(f.Values) <= 1 {
			fields[f.Var] = strings.Join(f.Values, "")
		}
	}
	return fields, nil
}
