package moderationtest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"usher/moderation"
)

// A room is one of a MUC, with the parts of Prosody's that usher sees.
type room struct {
	has         map[string]moderation.Affiliation // but for none
	inside      []moderation.Occupant             // in the order in which they came
	membersOnly bool
	persistent  bool
	hidden      bool
}

func newRoom() *room { return &room{has: map[string]moderation.Affiliation{}} }

// roleOf is what Prosody makes of an affiliation; empty: the account may not be in the
// room (muc:get_default_role).
func (r *room) roleOf(a moderation.Affiliation) moderation.Role {
	switch {
	case a == moderation.Owner, a == moderation.Admin:
		return moderation.RoleModerator
	case a == moderation.Outcast, r.membersOnly && a != moderation.Member:
		return ""
	}
	return moderation.RoleParticipant
}

func (r *room) affiliation(jid string) moderation.Affiliation {
	if a := r.has[jid]; a != "" {
		return a
	}
	return moderation.None
}

// set is muc:set_affiliation. A role becomes greater by it, but less only if the
// affiliation becomes less: who is moderator and none stays moderator if none is set.
func (r *room) set(jid string, a moderation.Affiliation) {
	lowered := r.affiliation(jid).Rank() > a.Rank()
	if a == moderation.None {
		delete(r.has, jid)
	} else {
		r.has[jid] = a
	}
	role := r.roleOf(a)
	for i, o := range r.inside {
		if o.JID == jid && (lowered || roleRank(o.Role) < roleRank(role)) {
			r.inside[i].Role = role
		}
	}
	r.putOut()
}

// roleRank compares roles. None is the least.
func roleRank(r moderation.Role) int {
	return slices.Index([]moderation.Role{
		"", moderation.RoleVisitor, moderation.RoleParticipant, moderation.RoleModerator}, r)
}

// putOut puts out who has no role.
func (r *room) putOut() {
	r.inside = slices.DeleteFunc(r.inside, func(o moderation.Occupant) bool { return o.Role == "" })
}

func reading(d Delays) time.Duration { return d.Reading }

func listing(d Delays) time.Duration { return d.Listing }

func setting(d Delays) time.Duration { return d.Setting }

func readingAndSetting(d Delays) time.Duration { return d.Reading + d.Setting }

func telling(d Delays) time.Duration { return d.Telling }

// Affiliations returns what the bare JIDs are that are anything to a room.
func (m *MUC) Affiliations(ctx context.Context, name string) (map[string]moderation.Affiliation, error) {
	return ask(ctx, m, name, reading, func(r *room) map[string]moderation.Affiliation {
		m.log.Reads++
		return maps.Clone(r.has)
	})
}

// Occupants returns who is in a room, in the order in which they came.
func (m *MUC) Occupants(ctx context.Context, name string) ([]moderation.Occupant, error) {
	return ask(ctx, m, name, listing, func(r *room) []moderation.Occupant {
		list := slices.Clone(r.inside)
		for i := range list {
			list[i].Affiliation = cmp.Or(r.has[list[i].JID], moderation.None)
		}
		return list
	})
}

// Moderators returns those of a room alone.
func (m *MUC) Moderators(ctx context.Context, name string) ([]moderation.Occupant, error) {
	list, err := m.Occupants(ctx, name)
	return slices.DeleteFunc(list, func(o moderation.Occupant) bool { return o.Role != moderation.RoleModerator }), err
}

// SetAffiliation makes a bare JID be something to a room.
func (m *MUC) SetAffiliation(ctx context.Context, name, jid string, a moderation.Affiliation) error {
	return tell(ctx, m, name, setting, func(r *room) { m.setLocked(r, name, jid, a) })
}

func (m *MUC) setLocked(r *room, name, jid string, a moderation.Affiliation) {
	m.log.Sets = append(m.log.Sets, Set{name, jid, a})
	r.set(jid, a)
}

// SetUnlessBanned is SetAffiliation, but that a ban is put back.
func (m *MUC) SetUnlessBanned(ctx context.Context, name, jid string, a moderation.Affiliation) error {
	banned, err := ask(ctx, m, name, setting, func(r *room) bool {
		was := r.affiliation(jid)
		m.setLocked(r, name, jid, a)
		return was == moderation.Outcast
	})
	if err != nil || !banned {
		return err
	}
	return cmp.Or(m.SetAffiliation(ctx, name, jid, moderation.Outcast), moderation.ErrBanned)
}

// ReadAndSet is Affiliations and then SetAffiliation, with nothing in between.
func (m *MUC) ReadAndSet(ctx context.Context, name, jid string, a moderation.Affiliation) (
	map[string]moderation.Affiliation, error) {
	return ask(ctx, m, name, readingAndSetting, func(r *room) map[string]moderation.Affiliation {
		m.log.Reads++
		has := maps.Clone(r.has)
		m.setLocked(r, name, jid, a)
		return has
	})
}

// MembersOnly reports whether a room only lets members in.
func (m *MUC) MembersOnly(ctx context.Context, name string) (bool, error) {
	return ask(ctx, m, name, atOnce, func(r *room) bool { return r.membersOnly })
}

// SetMembersOnly makes it so, or not. All who are no members are put out.
func (m *MUC) SetMembersOnly(ctx context.Context, name string, yes bool) error {
	return tell(ctx, m, name, atOnce, func(r *room) { r.setMembersOnly(yes) })
}

// setMembersOnly is what Prosody does when that is switched in the configuration of a
// room: all who are no members are put out.
func (r *room) setMembersOnly(yes bool) {
	r.membersOnly = yes
	for i, o := range r.inside {
		if r.roleOf(r.affiliation(o.JID)) == "" {
			r.inside[i].Role = ""
		}
	}
	r.putOut()
}

// Beginning says how far a room is.
func (m *MUC) Beginning(ctx context.Context, name string) (moderation.Beginning, error) {
	m.countBegun(1)
	defer m.countBegun(-1)
	return ask(ctx, m, name, telling, func(r *room) (b moderation.Beginning) {
		if b.Running = r.persistent || len(r.inside) > 0; b.Running {
			return b
		}
		for jid, a := range r.has {
			if a == moderation.Owner {
				b.Owners = append(b.Owners, jid)
			}
		}
		slices.Sort(b.Owners)
		return b
	})
}

func (m *MUC) countBegun(by int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log.Begun += max(by, 0)
	m.log.begin += by
	m.log.AtOnce = max(m.log.AtOnce, m.log.begin)
}
