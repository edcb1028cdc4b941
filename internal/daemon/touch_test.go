package daemon

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/memory"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/occupancy"
	"usher/moderation/reconcile"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

const touchedGuest = "guest@guest." + moderationtest.Host

// TestTouched: whatever changes the sessions or the whitelist hands what it touched to the reconciler.
func TestTouched(t *testing.T) {
	alice := "alice@" + moderationtest.Host
	for name, row := range map[string]struct {
		change func(*testing.T, *moderationtest.World, *roomParts)
		who    string
		want   moderation.Affiliation
	}{
		"a login": {func(t *testing.T, w *moderationtest.World, p *roomParts) {
			id := w.Identity("alice", "a better token", "standup")
			id.Moderator = true
			then, err := logins{Sessions: p.sessions, touch: p.touch}.Record(t.Context(), id)
			touchedBy(t, err)
			if then != nil {
				t.Error("a room for members is told after the answer")
			}
		}, alice, moderation.Owner},
		"a revocation": {func(t *testing.T, _ *moderationtest.World, p *roomParts) {
			_, err := p.Revoke(t.Context(), sessions.Target{Account: "alice"}, false)
			touchedBy(t, err)
		}, alice, moderation.None},
		"a revocation that cannot be written": {func(t *testing.T, w *moderationtest.World, p *roomParts) {
			w.Store.Fail(context.DeadlineExceeded)
			if _, err := p.Revoke(t.Context(), sessions.Target{Account: "alice"}, false); err == nil {
				t.Error("it says that it was written")
			}
		}, alice, moderation.None},
		"an end": {func(*testing.T, *moderationtest.World, *roomParts) { time.Sleep(2 * time.Hour) }, alice, moderation.None},
		"an entry": {func(t *testing.T, _ *moderationtest.World, p *roomParts) {
			touchedBy(t, whitelist{p.lobby, p.listChanged, nil}.Allow(t.Context(), lobby.Entry{JID: touchedGuest}))
		}, touchedGuest, moderation.Member},
		"an entry that goes": {func(t *testing.T, _ *moderationtest.World, p *roomParts) {
			list := whitelist{p.lobby, p.listChanged, nil}
			touchedBy(t, list.Allow(t.Context(), lobby.Entry{JID: touchedGuest}))
			time.Sleep(time.Minute)
			touchedBy(t, list.Remove(t.Context(), lobby.EntryKey{JID: touchedGuest}))
		}, touchedGuest, moderation.None},
		"an entry that ends": {func(t *testing.T, w *moderationtest.World, p *roomParts) {
			until := w.Now().Add(time.Hour).Truncate(time.Second)
			touchedBy(t, whitelist{p.lobby, p.listChanged, nil}.Allow(t.Context(), lobby.Entry{JID: touchedGuest, Until: until}))
			time.Sleep(2 * time.Hour)
		}, touchedGuest, moderation.None},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, m, p := touchedWorld(t)
				row.change(t, w, p)
				time.Sleep(time.Minute)
				if has := m.Room(moderationtest.Standup).Has(row.who); has != row.want {
					t.Errorf("%s is %s, want %s", row.who, has, row.want)
				}
			})
		})
	}
}

func touchedBy(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// touchedWorld has alice, a member, in a room that only lets members in, and the tasks of the daemon run.
func touchedWorld(t *testing.T) (*moderationtest.World, *moderationtest.MUC, *roomParts) {
	t.Helper()
	rules, err := lobby.NewRules(lobby.MembersOnly, map[string]bool{"*": true})
	touchedBy(t, err)
	policy, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: moderationtest.Host, MUC: []string{moderationtest.Conference},
		Guests: []string{"guest." + moderationtest.Host}, OnExpiry: moderation.ExpiryDemote, Lobby: rules}}, nil)
	touchedBy(t, err)
	w := moderationtest.NewWorld(t, moderationtest.WorldOptions{Policy: policy, Lobby: true})
	w.Began = time.Now()
	m := moderationtest.New(t, moderationtest.InOrder, moderationtest.Delays{}).Everywhere()
	k, _ := w.Connect(m)
	resumable := streams.New(memory.New(), streams.Options{})
	seen := occupancy.New(memory.New(), w.Sessions.Rooms(), occupancy.Options{})
	p := &roomParts{sessions: w.Sessions, streams: resumable, occupancy: seen, lobby: w.Lobby, reconciler: k}
	run := []func(context.Context) error{k.Run}
	for _, task := range p.tasks() { // without a component: the sessions and the lobby
		run = append(run, task.run)
	}
	t.Cleanup(moderationtest.Run(t, run...))
	w.Login(t, w.Identity("alice", "token of alice", "standup"))
	w.Joins(t, "alice@"+moderationtest.Host, moderationtest.Standup, moderation.ReasonToken)
	m.Room(moderationtest.Standup).JoinAs("alice@"+moderationtest.Host, moderation.RoleParticipant)
	time.Sleep(time.Minute)
	room := m.Room(moderationtest.Standup)
	if has := room.Has("alice@" + moderationtest.Host); has != moderation.Member || !room.MembersOnly() {
		t.Fatalf("the room does not begin as it should: alice is %s", has)
	}
	return w, m, p
}

// TestReloadTouches: after a reload every room is compared with the new rules.
func TestReloadTouches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newReloadWorld(t)
		m := moderationtest.New(t, moderationtest.InOrder, moderationtest.Delays{}).Everywhere()
		k := reconcile.New(reconcile.Options{Sessions: w.rooms.sessions, Rooms: m, Lobby: w.rooms.lobby, Unasked: w.rooms.asked})
		w.rooms.reconciler = k
		t.Cleanup(moderationtest.Run(t, k.Run))
		if _, d := w.rooms.service.Create(t.Context(), reloadRoom); !d.Allowed {
			t.Fatal(d)
		}
		time.Sleep(time.Minute)
		m.Forget()
		w.write(reloadB())
		if result := w.reloader.reload(t.Context(), triggerCommand); !result.OK {
			t.Fatal(result.Problems)
		}
		time.Sleep(time.Second)
		if m.Seen().Reads == 0 {
			t.Error("no room was read")
		}
	})
}
