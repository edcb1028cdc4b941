package reconcile_test

import (
	"testing"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
)

// TestDemotedOnTheWay: an account that was an owner when Prosody computed its role, and was demoted before it came in,
// is no moderator; one that an owner makes moderator later stays it.
func TestDemotedOnTheWay(t *testing.T) {
	for name, comes := range map[string]time.Duration{"at once": 5 * time.Millisecond, "late": 20 * time.Second} {
		t.Run(name, func(t *testing.T) {
			inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
				r := newRooms(t, order, time.Millisecond)
				f := act(t, r)
				p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference},
					Guests: []string{"guest." + host}, Strict: true}}, nil)
				if err != nil {
					t.Fatal(err)
				}
				f.Reload(t.Context(), p)
				guest := "g@guest." + host
				f.Moderator(t, "alice", "standup")
				r.Room(standup).Give(guest, moderation.Owner) // Prosody made the room for the guest
				f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
				r.enter(standup, "alice@"+host)
				for r.has(standup, guest) == moderation.Owner {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(comes)
				r.Room(standup).JoinAs(guest, moderation.RoleModerator)
				time.Sleep(time.Minute)
				if role := r.role(standup, guest); role != moderation.RoleParticipant {
					t.Errorf("the guest is %s after %q", role, r.set())
				}
				r.Room(standup).JoinAs(guest, moderation.RoleModerator) // by hand
				time.Sleep(time.Hour)
				if role := r.role(standup, guest); role != moderation.RoleModerator {
					t.Errorf("what an owner did by hand is undone: the guest is %s after %q", role, r.set())
				}
			})
		})
	}
}
