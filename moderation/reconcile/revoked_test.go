package reconcile_test

import (
	"testing"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// TestRevoked: an account that is revoked leaves, and is nothing to the room, whatever was being done about it.
func TestRevoked(t *testing.T) {
	for name, row := range map[string]struct {
		setting time.Duration
		wait    time.Duration // from the join to the revocation
		connect time.Duration // from the join to the component's connection
		joins   bool          // once more, just before the revocation
		writing time.Duration // of the revocation
	}{
		"before the first run":      {wait: time.Millisecond},
		"while it is made owner":    {wait: 100 * time.Millisecond, setting: time.Second},
		"afterwards":                {wait: 5 * time.Second},
		"without a component":       {wait: time.Second, connect: time.Minute},
		"before the second run":     {wait: 35 * time.Millisecond},
		"between two of somebody's": {wait: 500 * time.Millisecond, setting: 300 * time.Millisecond},
		"before it is written":      {wait: time.Second, joins: true, writing: time.Second},
		"written for long":          {wait: time.Second, joins: true, writing: 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
				r := newRooms(t, order, time.Millisecond)
				r.setting(row.setting)
				if row.connect > 0 {
					<-r.Connected()
					time.AfterFunc(row.connect, func() { r.Connect(1) })
				}
				f := act(t, r)
				f.Store.Log(func(c sessions.Change) {
					if c.PutRevocation != nil {
						time.Sleep(row.writing)
					}
				})
				f.Moderator(t, "alice", "standup")
				f.Moderator(t, "bob", "standup")
				for _, account := range []string{"alice", "bob"} {
					f.Joins(t, account+"@"+host, standup, moderation.ReasonToken)
					r.enter(standup, account+"@"+host)
				}
				time.Sleep(row.wait)
				if row.joins {
					f.Joins(t, "bob@"+host, standup, moderation.ReasonToken)
				}
				if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Minute)
				has, role := r.has(standup, "bob@"+host), r.role(standup, "bob@"+host)
				if role != "" || has == moderation.Owner || has == moderation.Outcast {
					t.Errorf("bob: %q, %q, after %q", role, has, r.set())
				}
				if role := r.role(standup, "alice@"+host); role != moderation.RoleModerator {
					t.Errorf("alice is %s", role)
				}
			})
		})
	}
}

// TestRevokedWhereStrict: where owners are watched a revoked one is taken out of the room as anywhere, also one that is
// owner by another's hand, and no other owner is.
func TestRevokedWhereStrict(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := newRooms(t, order, time.Millisecond)
		f := act(t, r)
		f.Reload(t.Context(), f.Policy(t, moderation.HostPolicy{Host: host, MUC: []string{conference}, Strict: true,
			Leeway: leeway, Prefixes: map[string]string{"my-app": ""}}))
		f.Moderator(t, "alice", "standup")
		f.Moderator(t, "bob", "standup")
		f.Login(t, f.Identity("carol", "token of carol", "standup"))
		for _, account := range []string{"alice", "bob", "carol"} {
			f.Joins(t, account+"@"+host, standup, moderation.ReasonToken)
			r.enter(standup, account+"@"+host)
		}
		time.Sleep(time.Minute)
		if err := r.SetAffiliation(t.Context(), standup, "carol@"+host, moderation.Owner); err != nil {
			t.Fatal(err)
		}
		for _, account := range []string{"bob", "carol"} {
			if _, err := f.Revoke(t.Context(), sessions.Target{Account: account}, false); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		for _, account := range []string{"bob", "carol"} {
			has, role := r.has(standup, account+"@"+host), r.role(standup, account+"@"+host)
			if role != "" || has != moderation.None {
				t.Errorf("%s: %q, %q, after %q", account, role, has, r.set())
			}
		}
		if role := r.role(standup, "alice@"+host); role != moderation.RoleModerator {
			t.Errorf("alice is %s", role)
		}
	})
}

// TestRevokedAtOnce: what a revocation is to take out of rooms is asked of them in the same moment, in each room that has
// no cooldown.
func TestRevokedAtOnce(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := newRooms(t, order, 0)
		f := act(t, r)
		f.Moderator(t, "bob", "*")
		for _, room := range []string{standup, hall} {
			f.Joins(t, "bob@"+host, room, moderation.ReasonToken)
			r.enter(room, "bob@"+host)
		}
		time.Sleep(time.Minute)
		began := time.Now()
		if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
			t.Fatal(err)
		}
		for _, room := range []string{standup, hall} {
			for r.role(room, "bob@"+host) != "" {
				time.Sleep(time.Millisecond)
			}
		}
		if took := time.Since(began); took > time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}
