package notify_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
)

// lost compares what was counted of messages that were not sent.
func (f *fixture) lost(t *testing.T, want map[string]int) {
	t.Helper()
	var text strings.Builder
	text.WriteString("# HELP usher_lobby_messages_lost_total Messages to people that were not sent, by kind (invitation of somebody who was admitted, " +
		"knock for moderators) and reason: full (too many waited), late (the room could not be changed in time), failed (Prosody could not be reached).\n" +
		"# TYPE usher_lobby_messages_lost_total counter\n")
	for _, kind := range []string{"invitation", "knock"} {
		for _, reason := range []string{"failed", "full", "late"} {
			text.WriteString(fmt.Sprintf("usher_lobby_messages_lost_total{kind=%q,reason=%q} %d\n", kind, reason, want[kind+"/"+reason]))
		}
	}
	if err := testutil.GatherAndCompare(f.Metrics.Gatherer(), strings.NewReader(text.String()), "usher_lobby_messages_lost_total"); err != nil {
		t.Error(err)
	}
}

// admit lets guests in who knocked at rooms that alice moderates, all at once.
func (f *fixture) admit(t *testing.T, r *moderationtest.MUC, n int) {
	t.Helper()
	for i := range n {
		guest, room := fmt.Sprintf("g%d@guest.%s", i, host), fmt.Sprintf("room%d@%s", i, conference)
		r.Room(room).Give("alice@"+host, moderation.Owner)
		r.Room(room).Join("alice@" + host)
		f.Join(t.Context(), guest, room, "G")
		if err := f.Decide(t.Context(), lobby.Verdict{Room: room, JID: guest, Admitted: true}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
	}
}

// TestInvitationsLost: an invitation that is not sent is counted.
func TestInvitationsLost(t *testing.T) {
	inBothOrders(t, lobby.Gate, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		time.Sleep(time.Minute)
		f.lost(t, nil)
		f.admit(t, r, 1)
		time.Sleep(time.Second)
		f.lost(t, nil)
		r.FailMessages(moderation.ErrUnreachable)
		f.admit(t, r, 10)
		time.Sleep(100 * time.Millisecond)                // before anybody is told of a knock
		f.lost(t, map[string]int{"invitation/failed": 9}) // one was admitted before
	})
}

// TestInvitationLate: one that would lead nowhere is not sent, and counted.
func TestInvitationLate(t *testing.T) {
	inBothOrders(t, lobby.MembersOnly, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		time.Sleep(time.Minute)
		guest := "g@guest." + host
		f.Join(t.Context(), guest, standup, "G")
		time.Sleep(time.Minute)
		r.Fail(moderation.ErrForbidden)
		if err := f.Decide(t.Context(), lobby.Verdict{Room: standup, JID: guest, Admitted: true}); !errors.Is(err, moderation.ErrNotYet) {
			t.Errorf("%v", err)
		}
		time.Sleep(2 * time.Minute)
		f.lost(t, map[string]int{"invitation/late": 1})
	})
}

// TestInvitationsFull: those for whom there is no place are counted, and moderators are told of knocks meanwhile.
func TestInvitationsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r, stop := moderationtest.StartLobby(t, lobby.Gate, moderationtest.AnyOrder) // nothing else waits for invitations
		f := &fixture{w}
		time.Sleep(time.Minute)
		r.Delay(func(d *moderationtest.Delays) { d.Inviting = time.Hour })
		f.admit(t, r, 300)
		time.Sleep(time.Second)
		f.lost(t, map[string]int{"invitation/full": 300 - 256 - 1, "knock/full": 300 - 256}) // one invitation is under way
		if len(r.Seen().Told) == 0 {
			t.Error("no moderator is told")
		}
		stop()
	})
}
