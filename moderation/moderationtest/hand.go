package moderationtest

import (
	"slices"

	"usher/moderation"
)

// A Room is what others than usher do in a room and see of it: at once, and not in
// the order of requests.
type Room struct {
	muc  *MUC
	name string
}

// Room returns a room by its bare JID, and makes it if it is not there.
func (m *MUC) Room(name string) Room {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rooms[name] == nil {
		m.makeLocked(name)
	}
	return Room{m, name}
}

func (r Room) do(do func(*room)) {
	r.muc.mu.Lock()
	defer r.muc.mu.Unlock()
	if in := r.muc.rooms[r.name]; in != nil {
		do(in)
	}
}

// Join has an account come in under its own JID as nickname, with the role that its
// affiliation gives it now, and reports whether the room let it in.
func (r Room) Join(jid string) (in bool) {
	r.do(func(room *room) {
		if role := room.roleOf(room.affiliation(jid)); role != "" {
			in = true
			room.enter(jid, role)
		}
	})
	return in
}

// JoinAs has an account come in with a role that was computed before, whatever its
// affiliation is by now.
func (r Room) JoinAs(jid string, role moderation.Role) {
	r.do(func(room *room) { room.enter(jid, role) })
}

func (r *room) enter(jid string, role moderation.Role) {
	r.leave(jid)
	r.inside = append(r.inside, moderation.Occupant{Nick: jid, JID: jid, Full: jid + "/client", Role: role})
}

func (r *room) leave(jid string) {
	r.inside = slices.DeleteFunc(r.inside, func(o moderation.Occupant) bool { return o.JID == jid })
}

// Leave has an account leave. A room that nobody is in any more is gone, unless it is
// persistent.
func (r Room) Leave(jid string) {
	r.do(func(room *room) {
		if room.leave(jid); len(room.inside) == 0 && !room.persistent {
			r.muc.destroyLocked(r.name)
		}
	})
}

// Give has an owner make an account be something to the room.
func (r Room) Give(jid string, a moderation.Affiliation) { r.do(func(room *room) { room.set(jid, a) }) }

// SetMembersOnly has an owner say whether the room only lets members in.
func (r Room) SetMembersOnly(yes bool) {
	r.do(func(room *room) { room.setMembersOnly(yes) })
}

// Keep has the room stay when nobody is in it.
func (r Room) Keep() { r.do(func(room *room) { room.persistent = true }) }

// Hide has the room be on the list of all rooms only.
func (r Room) Hide() { r.do(func(room *room) { room.hidden = true }) }

// Begin has the room made anew, without anybody in it, by an account that is its owner;
// or by nobody, for "".
func (r Room) Begin(owner string) {
	r.muc.mu.Lock()
	defer r.muc.mu.Unlock()
	if r.muc.rooms[r.name] != nil {
		r.muc.destroyLocked(r.name)
	}
	if room := r.muc.makeLocked(r.name); owner != "" {
		room.has[owner] = moderation.Owner
	}
}

// Has returns what an account is to the room: [moderation.None] if it is nothing, or
// the room is not there.
func (r Room) Has(jid string) moderation.Affiliation {
	a := moderation.None
	r.do(func(room *room) { a = room.affiliation(jid) })
	return a
}

// Role returns the role of an account that is in the room, or empty.
func (r Room) Role(jid string) (role moderation.Role) {
	r.do(func(room *room) {
		if i := slices.IndexFunc(room.inside, func(o moderation.Occupant) bool { return o.JID == jid }); i >= 0 {
			role = room.inside[i].Role
		}
	})
	return role
}

// MembersOnly reports whether the room only lets members in.
func (r Room) MembersOnly() (yes bool) {
	r.do(func(room *room) { yes = room.membersOnly })
	return yes
}
