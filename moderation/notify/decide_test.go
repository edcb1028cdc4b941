package notify_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
)

// TestAdmittedOnceTheRoomKnows: neither does the command say so, nor is anybody invited, before the room has the membership
// and a join that Prosody asked about before would be over.
func TestAdmittedOnceTheRoomKnows(t *testing.T) {
	inBothOrders(t, lobby.MembersOnly, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		guest := "g@guest." + host
		time.Sleep(time.Minute)
		f.Join(t.Context(), guest, standup, "G")
		time.Sleep(time.Minute)
		setting(r, time.Second)
		began := time.Now()
		var guests sync.WaitGroup
		defer guests.Wait()
		guests.Go(func() { // asks all the time
			for range 150 {
				time.Sleep(10 * time.Millisecond)
				d := f.Join(t.Context(), guest, standup, "G")
				switch took := time.Since(began); {
				case d.Allowed && took > 10*time.Millisecond && took < 1080*time.Millisecond && !d.HeldByRoom:
					t.Errorf("let in after %v, while the room is being told", took)
				case !d.Allowed && took > 1300*time.Millisecond:
					t.Errorf("refused after %v: %+v", took, d)
				}
			}
		})
		if err := f.Decide(t.Context(), lobby.Verdict{Room: standup, JID: guest, Admitted: true}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 1090*time.Millisecond || took > 1300*time.Millisecond {
			t.Errorf("it says so after %v", took)
		}
		f.Joins(t, guest, standup, moderation.ReasonAdmitted)
		time.Sleep(time.Second)
		if r.Room(standup).Has(guest) != moderation.Member || strings.Join(r.Seen().Invited, ", ") != guest+" to "+standup {
			t.Errorf("is %q, invited %q", r.Room(standup).Has(guest), r.Seen().Invited)
		}
	})
}

// TestInvitedClients: each client of the account that is known is invited, as Jitsi's wait for that without a presence; the
// account alone where none is.
func TestInvitedClients(t *testing.T) {
	inBothOrders(t, lobby.MembersOnly, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		guest := "g@guest." + host
		f.Join(t.Context(), guest, standup, "G")
		time.Sleep(time.Minute)
		f.Clients = func(account string) []string {
			return append(slices.Repeat([]string{account + "/old"}, 100), slices.Repeat([]string{account + "/a", account + "/b"}, 4)...)
		}
		if err := f.Decide(t.Context(), lobby.Verdict{Room: standup, JID: guest, Admitted: true}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		want := strings.Join(slices.Repeat([]string{guest + "/a to " + standup, guest + "/b to " + standup}, 4), ", ")
		if got := strings.Join(r.Seen().Invited, ", "); got != want {
			t.Errorf("invited %q, want %q", got, want)
		}
	})
}

// TestAdmittedLater: a room that cannot be changed now makes the command say so; the invitation follows when it can.
func TestAdmittedLater(t *testing.T) {
	inBothOrders(t, lobby.MembersOnly, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		guest := "g@guest." + host
		time.Sleep(time.Minute)
		f.Join(t.Context(), guest, standup, "G")
		time.Sleep(time.Minute)
		r.Fail(moderation.ErrForbidden)
		err := f.Decide(t.Context(), lobby.Verdict{Room: standup, JID: guest, Admitted: true})
		if !errors.Is(err, moderation.ErrNotYet) {
			t.Errorf("%v", err)
		}
		if len(r.Seen().Invited) > 0 {
			t.Errorf("invited %q", r.Seen().Invited)
		}
		r.Fail(nil)
		time.Sleep(30 * time.Second)
		if len(r.Seen().Invited) != 1 {
			t.Errorf("invited %q", r.Seen().Invited)
		}
	})
}

// TestNoMailForTheInvented: nobody gets an invitation who did not knock in that room, whoever decides and however.
func TestNoMailForTheInvented(t *testing.T) {
	inBothOrders(t, lobby.Gate, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		time.Sleep(time.Minute)
		f.Join(t.Context(), "g@guest."+host, "other@"+conference, "G")
		for _, jid := range []string{"victim@example.org", "g@guest." + host, "example.org", strings.Repeat("x", 200_000) + "@h", "a@b/c", ""} {
			err := f.Decide(t.Context(), lobby.Verdict{Room: standup, JID: jid, Admitted: true})
			if !errors.Is(err, moderation.ErrNobodyWaits) || !strings.Contains(err.Error(), "usher lobby allow") {
				t.Errorf("an operator and %.30q: %v", jid, err)
			}
			err = f.DecideAs(t.Context(), "alice@"+host, standup, []string{jid}, true)
			if !errors.Is(err, moderation.ErrNobodyWaits) {
				t.Errorf("a moderator and %.30q: %v", jid, err)
			}
		}
		time.Sleep(time.Minute)
		if len(r.Seen().Invited) > 0 {
			t.Errorf("invited: %.100q", r.Seen().Invited)
		}
	})
}

// TestAdmittedBeforeAFailure: who was admitted is invited, also if the next of the same choice does not wait any more.
func TestAdmittedBeforeAFailure(t *testing.T) {
	inBothOrders(t, lobby.MembersOnly, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		guest := "g@guest." + host
		time.Sleep(time.Minute)
		f.Join(t.Context(), guest, standup, "G")
		time.Sleep(time.Minute)
		err := f.DecideAs(t.Context(), "alice@"+host, standup, []string{guest, "gone@guest." + host}, true)
		if !errors.Is(err, moderation.ErrNobodyWaits) {
			t.Errorf("%v", err)
		}
		time.Sleep(time.Second)
		if r.Room(standup).Has(guest) != moderation.Member || strings.Join(r.Seen().Invited, ", ") != guest+" to "+standup {
			t.Errorf("is %q, invited %q", r.Room(standup).Has(guest), r.Seen().Invited)
		}
	})
}

// TestDecideGivesUp: who waits no longer for a decision does not keep it from being one.
func TestDecideGivesUp(t *testing.T) {
	inBothOrders(t, lobby.MembersOnly, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		guest := "g@guest." + host
		time.Sleep(time.Minute)
		f.Join(t.Context(), guest, standup, "G")
		time.Sleep(time.Minute)
		setting(r, time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := f.Decide(ctx, lobby.Verdict{Room: standup, JID: guest, Admitted: true}); !errors.Is(err, moderation.ErrNotYet) {
			t.Errorf("%v", err)
		}
		time.Sleep(5 * time.Second)
		if len(r.Seen().Invited) != 1 {
			t.Errorf("invited %q", r.Seen().Invited)
		}
	})
}
