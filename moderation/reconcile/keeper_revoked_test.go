package reconcile_test

import (
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/sessions"
)

// TestKeeperRevoked: whoever is revoked leaves, and is nothing to the room, whatever the keeper was at.
func TestKeeperRevoked(t *testing.T) {
	for name, row := range map[string]struct {
		slow    time.Duration // of setting
		wait    time.Duration // from the join to the revocation
		connect time.Duration // from the join to the component's connection
	}{
		"before the first look":     {wait: time.Millisecond},
		"while he is made owner":    {wait: 100 * time.Millisecond, slow: time.Second},
		"afterwards":                {wait: 5 * time.Second},
		"without a component":       {wait: time.Second, connect: time.Minute},
		"before the second look":    {wait: 35 * time.Millisecond},
		"between two of somebody's": {wait: 500 * time.Millisecond, slow: 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFakeRooms(time.Millisecond)
				r.slow = row.slow
				if row.connect > 0 {
					<-r.connected
					time.AfterFunc(row.connect, func() { r.connected <- struct{}{} })
				}
				f := keep(t, r)
				f.moderator(t, "alice", "standup")
				f.moderator(t, "bob", "standup")
				for _, account := range []string{"alice", "bob"} {
					f.Joins(t, account+"@"+host, "standup@"+conference, moderation.ReasonToken)
					r.enter(account + "@" + host)
				}
				time.Sleep(row.wait)
				if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Minute)
				r.mu.Lock()
				defer r.mu.Unlock()
				if _, in := r.there["bob@"+host]; in || r.has["bob@"+host] == moderation.Owner || r.has["bob@"+host] == moderation.Outcast {
					t.Errorf("bob: in %v, %q, after %q", in, r.has["bob@"+host], r.sets)
				}
				if r.there["alice@"+host] != moderation.RoleModerator {
					t.Errorf("alice is %s", r.there["alice@"+host])
				}
			})
		})
	}
}
