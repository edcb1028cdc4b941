package reconcile_test

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

// admit lets guests in who knocked, all at once.
func (f *fixture) admit(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		guest := fmt.Sprintf("g%d@guest.%s", i, host)
		f.Join(t.Context(), guest, fmt.Sprintf("room%d@%s", i, conference), "G")
		if err := f.Decide(t.Context(), lobby.Verdict{Room: fmt.Sprintf("room%d@%s", i, conference), JID: guest, Admitted: true}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
	}
}

// TestInvitationsLost: an invitation that is not sent is counted.
func TestInvitationsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.Gate)
		defer stop()
		time.Sleep(time.Minute)
		f.lost(t, nil)
		f.admit(t, 1)
		time.Sleep(time.Second)
		f.lost(t, nil)
		r.change(func() { r.unsent = moderation.ErrUnreachable })
		f.admit(t, 10)
		time.Sleep(100 * time.Millisecond)                // before anybody is told of a knock
		f.lost(t, map[string]int{"invitation/failed": 9}) // one was admitted before
	})
}

// TestInvitationLate: one that would lead nowhere is not sent, and counted.
func TestInvitationLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.MembersOnly)
		defer stop()
		time.Sleep(time.Minute)
		guest := "g@guest." + host
		f.Join(t.Context(), guest, "standup@"+conference, "G")
		time.Sleep(time.Minute)
		r.change(func() { r.fail = moderation.ErrForbidden })
		if err := f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + conference, JID: guest, Admitted: true}); !errors.Is(err, moderation.ErrNotYet) {
			t.Errorf("%v", err)
		}
		time.Sleep(2 * time.Minute)
		f.lost(t, map[string]int{"invitation/late": 1})
	})
}

// TestInvitationsFull: those for whom there is no place are counted, and moderators are told of knocks meanwhile.
func TestInvitationsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.Gate)
		time.Sleep(time.Minute)
		r.change(func() { r.inviting = time.Hour })
		f.admit(t, 300)
		time.Sleep(time.Second)
		f.lost(t, map[string]int{"invitation/full": 300 - 256 - 1, "knock/full": 300 - 256}) // one invitation is under way
		r.change(func() {
			if len(r.told) == 0 {
				t.Error("no moderator is told")
			}
		})
		stop()
	})
}
