package component

import (
	"context"
	"encoding/xml"
	"errors"
	"strings"

	"usher/internal/jid"
)

// The fields of a room's configuration that are read.
const (
	fieldMembersOnly = "muc#roomconfig_membersonly"
	fieldPersistent  = "muc#roomconfig_persistentroom"
	fieldMainRoom    = "muc#roominfo_breakout_main_room" // of Jitsi's mod_muc_breakout_rooms
)

// An ownerQuery asks for a room's configuration, and is its answer (XEP-0045
// section 10.2). An admin may ask who is no occupant; disco#info of a room
// Jitsi's mod_muc_hide_all forbids to the same.
type ownerQuery struct {
	XMLName xml.Name   `xml:"http://jabber.org/protocol/muc#owner query"`
	Forms   []dataForm `xml:"jabber:x:data x"`
}

var errNoForm = errors.New("the room answers without its configuration")

// configuration returns the fields of a room's configuration, by the one value
// that each has or, as Prosody writes false, by none.
func (c *Client) configuration(ctx context.Context, room string) (map[string]string, error) {
	in, err := c.ask(ctx, "get", room, ownerQuery{})
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

// MembersOnly asks for the room's configuration.
func (c *Client) MembersOnly(ctx context.Context, room string) (bool, error) {
	fields, err := c.configuration(ctx, room)
	if err != nil {
		return false, err
	}
	switch value, there := fields[fieldMembersOnly]; {
	case value == "1", value == "true":
		return true, nil
	case there && (value == "" || value == "0" || value == "false"):
		return false, nil
	}
	return false, errors.New("the room does not say whether it lets in members only")
}

// MainRoom asks a breakout room whose it is: as clients are told, which is by
// the tenant's address in a room of a tenant.
func (c *Client) MainRoom(ctx context.Context, room string) (string, error) {
	fields, err := c.configuration(ctx, room)
	if err != nil {
		return "", err
	}
	if main := fields[fieldMainRoom]; main != "" && len(main) <= jid.MaxJID {
		return main, nil
	}
	return "", errors.New("the room does not say whose breakout room it is")
}
