package reconcile_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/lobby"
	"usher/moderation"
)

// TestAdmittedOnceTheRoomKnows: neither does the command say so, nor is anybody invited, before the room has the membership
// and a join that Prosody asked about before would be over.
func TestAdmittedOnceTheRoomKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.MembersOnly)
		defer stop()
		guest := "g@guest." + host
		time.Sleep(time.Minute)
		f.Join(t.Context(), guest, "standup@"+conference, "G")
		time.Sleep(time.Minute)
		r.change(func() { r.slow = time.Second })
		began := time.Now()
		go func() { // asks all the time
			for range 150 {
				time.Sleep(10 * time.Millisecond)
				d := f.Join(t.Context(), guest, "standup@"+conference, "G")
				switch took := time.Since(began); {
				case d.Allowed && took > 10*time.Millisecond && took < 1080*time.Millisecond && !d.HeldByRoom:
					t.Errorf("let in after %v, while the room is being told", took)
				case !d.Allowed && took > 1300*time.Millisecond:
					t.Errorf("refused after %v: %+v", took, d)
				}
			}
		}()
		if err := f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + conference, JID: guest, Admitted: true}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 1090*time.Millisecond || took > 1300*time.Millisecond {
			t.Errorf("it says so after %v", took)
		}
		f.Joins(t, guest, "standup@"+conference, moderation.ReasonAdmitted)
		time.Sleep(time.Second)
		r.change(func() {
			if r.has[guest] != moderation.Member || strings.Join(r.invited, ", ") != guest+" to standup@"+conference {
				t.Errorf("is %q, invited %q", r.has[guest], r.invited)
			}
		})
	})
}

// TestAdmittedLater: a room that cannot be changed now makes the command say so; the invitation follows when it can.
func TestAdmittedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.MembersOnly)
		defer stop()
		guest := "g@guest." + host
		time.Sleep(time.Minute)
		f.Join(t.Context(), guest, "standup@"+conference, "G")
		time.Sleep(time.Minute)
		r.change(func() { r.fail = moderation.ErrForbidden })
		err := f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + conference, JID: guest, Admitted: true})
		if !errors.Is(err, moderation.ErrNotYet) {
			t.Errorf("%v", err)
		}
		r.change(func() {
			if len(r.invited) > 0 {
				t.Errorf("invited %q", r.invited)
			}
			r.fail = nil
		})
		time.Sleep(30 * time.Second)
		r.change(func() {
			if len(r.invited) != 1 {
				t.Errorf("invited %q", r.invited)
			}
		})
	})
}

// TestNoMailForTheInvented: nobody gets an invitation who did not knock in that room, whoever decides and however.
func TestNoMailForTheInvented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.Gate)
		defer stop()
		time.Sleep(time.Minute)
		f.Join(t.Context(), "g@guest."+host, "other@"+conference, "G")
		for _, jid := range []string{"victim@example.org", "g@guest." + host, "example.org", strings.Repeat("x", 200_000) + "@h", "a@b/c", ""} {
			err := f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + conference, JID: jid, Admitted: true})
			if !errors.Is(err, moderation.ErrNobodyWaits) || !strings.Contains(err.Error(), "usher lobby allow") {
				t.Errorf("an operator and %.30q: %v", jid, err)
			}
			err = f.DecideAs(t.Context(), "alice@"+host, "standup@"+conference, []string{jid}, true)
			if !errors.Is(err, moderation.ErrNobodyWaits) {
				t.Errorf("a moderator and %.30q: %v", jid, err)
			}
		}
		time.Sleep(time.Minute)
		r.change(func() {
			if len(r.invited) > 0 {
				t.Errorf("invited: %.100q", r.invited)
			}
		})
	})
}

// TestAdmittedBeforeAFailure: who was admitted is invited, also if the next of the same choice does not wait any more.
func TestAdmittedBeforeAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.MembersOnly)
		defer stop()
		guest := "g@guest." + host
		time.Sleep(time.Minute)
		f.Join(t.Context(), guest, "standup@"+conference, "G")
		time.Sleep(time.Minute)
		err := f.DecideAs(t.Context(), "alice@"+host, "standup@"+conference, []string{guest, "gone@guest." + host}, true)
		if !errors.Is(err, moderation.ErrNobodyWaits) {
			t.Errorf("%v", err)
		}
		time.Sleep(time.Second)
		r.change(func() {
			if r.has[guest] != moderation.Member || strings.Join(r.invited, ", ") != guest+" to standup@"+conference {
				t.Errorf("is %q, invited %q", r.has[guest], r.invited)
			}
		})
	})
}

// TestExpectedForLong: whoever logged in long before a room began, with a token for every room, is a member once it lets
// in nobody else, and joins at the first try.
func TestExpectedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := newLobbyFixture(t, lobby.MembersOnly)
		f.Began = time.Now()
		r := newFakeRooms(time.Millisecond)
		defer run(t, f.connect(r))()
		f.Login(t, f.Identity("early", "e", "*"))
		time.Sleep(30 * time.Minute)
		f.moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
		r.enter("alice@" + host)
		time.Sleep(time.Second)
		r.change(func() {
			if !r.closed || r.has["early@"+host] != moderation.Member {
				t.Errorf("closed %v, she is %q", r.closed, r.has["early@"+host])
			}
		})
	})
}

// TestDecideGivesUp: who waits no longer for a decision does not keep it from being one.
func TestDecideGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.MembersOnly)
		defer stop()
		guest := "g@guest." + host
		time.Sleep(time.Minute)
		f.Join(t.Context(), guest, "standup@"+conference, "G")
		time.Sleep(time.Minute)
		r.change(func() { r.slow = time.Second })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := f.Decide(ctx, lobby.Verdict{Room: "standup@" + conference, JID: guest, Admitted: true}); !errors.Is(err, moderation.ErrNotYet) {
			t.Errorf("%v", err)
		}
		time.Sleep(5 * time.Second)
		r.change(func() {
			if len(r.invited) != 1 {
				t.Errorf("invited %q", r.invited)
			}
		})
	})
}
