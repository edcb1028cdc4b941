package moderationtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
)

const (
	hall    = "hall@conference.example.com"
	kitchen = "kitchen@conference.example.com"
)

// TestOrder: what is asked later takes effect later, in all rooms, unless any order is wanted; also if nobody waits for it.
func TestOrder(t *testing.T) {
	for order, want := range map[moderationtest.Order]string{
		moderationtest.InOrder:  "a owner, b member, c admin",
		moderationtest.AnyOrder: "c admin, b member, a owner",
	} {
		synctest.Test(t, func(t *testing.T) {
			m := moderationtest.New(t, order, moderationtest.Delays{}).Everywhere()
			for i, a := range []moderation.Affiliation{moderation.Owner, moderation.Member, moderation.Admin} {
				m.Delay(func(d *moderationtest.Delays) { d.Setting = time.Duration(3-i) * time.Second })
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				if err := m.SetAffiliation(ctx, fmt.Sprint("room", i, "@c"), string(rune('a'+i)), a); !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			}
			if got := m.Seen(); len(got.Sets) > 0 {
				t.Errorf("set before it was due: %v", got.Sets)
			}
			m.Close()
			var sets []string
			for _, s := range m.Seen().Sets {
				sets = append(sets, s.String())
			}
			if got := strings.Join(sets, ", "); got != want {
				t.Errorf("%v: set %s, want %s", order, got, want)
			}
		})
	}
}

// TestRoom: what affiliations make of occupants, by hand and by request.
func TestRoom(t *testing.T) {
	m := moderationtest.New(t, moderationtest.InOrder, moderationtest.Delays{})
	r := m.Room(hall)
	set := func(jid string, a moderation.Affiliation) {
		t.Helper()
		if err := m.SetAffiliation(t.Context(), hall, jid, a); err != nil {
			t.Fatal(err)
		}
	}
	r.Give("olga", moderation.Owner)
	for _, jid := range []string{"olga", "guest", "member"} {
		if !r.Join(jid) {
			t.Errorf("%s is not let in", jid)
		}
	}
	set("member", moderation.Member)
	r.JoinAs("late", moderation.RoleParticipant)
	inside, err := m.Occupants(t.Context(), hall)
	if got := fmt.Sprint(inside, err); got != "[{olga olga olga/client moderator owner} {guest guest guest/client participant none} {member member member/client participant member} {late late late/client participant none}] <nil>" {
		t.Error(got)
	}
	if err := m.SetMembersOnly(t.Context(), hall, true); err != nil || !r.MembersOnly() {
		t.Error(err)
	}
	if r.Role("guest") != "" || r.Role("member") == "" || r.Role("olga") != moderation.RoleModerator || r.Join("guest") {
		t.Error("members only")
	}
	set("member", moderation.None)
	set("guest", moderation.Owner)
	if r.Role("member") != "" || !r.Join("guest") || r.Role("guest") != moderation.RoleModerator || r.Has("member") != moderation.None {
		t.Error("who is a member no more is put out, and an owner comes in")
	}
	if set("guest", moderation.Outcast); r.Role("guest") != "" || r.Join("guest") {
		t.Error("a ban")
	}
	r.JoinAs("late", moderation.RoleModerator) // with the role of one who has been demoted since
	for _, row := range []struct {
		set  moderation.Affiliation
		want moderation.Role
	}{{moderation.Member, moderation.RoleModerator}, {moderation.Member, moderation.RoleModerator}, {moderation.None, ""}} {
		if set("late", row.set); r.Role("late") != row.want {
			t.Errorf("a moderator who is made %s is %q", row.set, r.Role("late"))
		}
	}
	has, err := m.ReadAndSet(t.Context(), hall, "guest", moderation.Member)
	if err != nil || has["guest"] != moderation.Outcast || r.Has("guest") != moderation.Member {
		t.Errorf("%v, %v", has, err)
	}
}

// TestRooms: rooms are several, are gone when nobody is in them, and fail alone.
func TestRooms(t *testing.T) {
	m := moderationtest.New(t, moderationtest.InOrder, moderationtest.Delays{})
	r, other := m.Room(hall), m.Room(kitchen)
	other.Keep()
	other.Hide()
	r.Join("a")
	r.Give("a", moderation.Owner)
	other.Join("a")
	if other.Has("a") != moderation.None {
		t.Error("one room is another")
	}
	lists := func(all bool) string {
		rooms, isAll, err := m.ListRooms(t.Context(), "conference.example.com", all)
		return fmt.Sprint(rooms, isAll, err)
	}
	if got := lists(true); got != "["+hall+" "+kitchen+"] true <nil>" {
		t.Error(got)
	}
	if got := lists(false); got != "["+hall+"] false <nil>" {
		t.Error(got)
	}
	for _, leave := range []moderationtest.Room{r, other} {
		leave.Leave("a")
	}
	if _, err := m.Affiliations(t.Context(), hall); !errors.Is(err, moderation.ErrNoRoom) {
		t.Errorf("an empty room: %v", err)
	}
	if b, err := m.Beginning(t.Context(), kitchen); err != nil || !b.Running {
		t.Errorf("a persistent one: %+v, %v", b, err)
	}
	r.Begin("a")
	if b, err := m.Beginning(t.Context(), hall); err != nil || b.Running || fmt.Sprint(b.Owners) != "[a]" {
		t.Errorf("one that begins: %+v, %v", b, err)
	}
	if m.PublicOnly(); lists(true) != "["+hall+"] false <nil>" {
		t.Error(lists(true))
	}
	m.Fail(moderation.ErrForbidden)
	if err := m.SetAffiliation(t.Context(), hall, "a", moderation.None); !errors.Is(err, moderation.ErrForbidden) || r.Has("a") != moderation.Owner {
		t.Error(err)
	}
}
