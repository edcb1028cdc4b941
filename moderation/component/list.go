package component

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"usher/internal/jid"
	"usher/moderation"
)

// The command by which Prosody's mod_muc has its admins destroy rooms. Its first
// stage lists all rooms, also hidden ones, and does nothing; the second is never
// sent.
const destroyNode = "http://prosody.im/protocol/muc#destroy"

// maxRoomsListed bounds what is taken of a list of rooms.
const maxRoomsListed = 20_000

// ListRooms asks with that command if all rooms are wanted, and else, or where there
// is no such command, for the public ones (XEP-0045 section 6.3).
func (c *Client) ListRooms(ctx context.Context, muc string, all bool) (rooms []string, isAll bool, err error) {
	if all {
		rooms, err = c.asker.listAll(ctx, muc)
		if err == nil {
			return ofMUC(rooms, muc), len(rooms) <= maxRoomsListed, nil
		}
	}
	in, err := c.asker.askQuietly(ctx, "get", muc, itemsQuery{})
	if err != nil || in.Items == nil {
		return nil, false, err
	}
	for _, item := range in.Items.Items {
		rooms = append(rooms, item.JID)
	}
	return ofMUC(rooms, muc), false, nil
}

func (a *asker) listAll(ctx context.Context, muc string) ([]string, error) {
	in, err := a.askQuietly(ctx, "set", muc, command{Node: destroyNode, Action: "execute"})
	if err != nil {
		return nil, err
	}
	if in.Command == nil || in.Command.Form == nil {
		return nil, errNoList
	}
	if in.Command.Session != "" { // Prosody keeps the stage until it is told
		_, _ = a.askQuietly(ctx, "set", muc, command{Node: destroyNode, Session: in.Command.Session, Action: "cancel"})
	}
	for _, f := range in.Command.Form.Fields {
		if f.Var != "rooms" {
			continue
		}
		rooms := []string{}
		for _, o := range f.Options {
			rooms = append(rooms, o.Value)
		}
		return rooms, nil
	}
	return nil, errNoList
}

// ofMUC keeps what is a room of the component, so that no list makes usher ask
// another address.
func ofMUC(rooms []string, muc string) []string {
	rooms = slices.DeleteFunc(rooms, func(room string) bool {
		local, domain, found := strings.Cut(room, "@")
		return !found || local == "" || domain != muc || len(room) > jid.MaxJID
	})
	return rooms[:min(len(rooms), maxRoomsListed)]
}

// Beginning asks for the moderators of a room, as they are few, and, if there are
// none, for who else is in it, for its owners and its configuration, all at once.
func (c *Client) Beginning(ctx context.Context, room string) (b moderation.Beginning, err error) {
	moderators, err := c.asker.lists(ctx, room, []adminItem{{Role: string(moderation.RoleModerator)}})
	if err != nil || len(moderators) > 0 {
		return moderation.Beginning{Running: err == nil}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.AnswerWithin)
	defer cancel()
	asked, err := c.asker.several(ctx, room, []adminItem{
		{Role: string(moderation.RoleParticipant)}, {Role: string(moderation.RoleVisitor)}, {Affiliation: "owner"}})
	if err != nil {
		return b, err
	}
	stays, stayErr := c.asker.persistent(ctx, room)
	present, err := c.asker.collect(ctx, room, asked[:2])
	owners, ownersErr := c.asker.collect(ctx, room, asked[2:])
	switch err = cmp.Or(err, ownersErr); {
	case err == nil && len(present) > 0:
		return moderation.Beginning{Running: true}, nil
	case cmp.Or(err, stayErr) != nil:
		return b, cmp.Or(err, stayErr)
	}
	for _, it := range owners {
		b.Owners = append(b.Owners, bare(it.JID))
	}
	return moderation.Beginning{Running: stays, Owners: b.Owners}, nil
}

// persistent asks whether a room stays when nobody is in it.
func (a *asker) persistent(ctx context.Context, room string) (bool, error) {
	fields, err := a.configuration(ctx, room)
	return fields[fieldPersistent] == "1" || fields[fieldPersistent] == "true", err
}
