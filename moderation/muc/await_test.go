package muc_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/memory"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
)

// TestJoinWhileLoading: a join that finds no session waits for all of them, one that finds the newest does not, and
// nobody is told no for what is not loaded yet.
func TestJoinWhileLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rooms, rest := make(chan struct{}), make(chan struct{})
		began := time.Unix(1_800_000_000, 0)
		state := moderationtest.State{}
		for i := range moderationtest.HeldAfter + 1 { // alice logged in last
			user := "alice"
			if i > 0 {
				user = fmt.Sprint("user", i)
			}
			if i == moderationtest.HeldAfter {
				user = "bob"
			}
			g := moderation.Session{Host: host, Account: user, User: user, Issuer: "my-app", KeyPrint: "k1", TokenPrint: fmt.Sprintf("%032x", i), Rooms: []string{"*"},
				LoggedIn: began.Add(-time.Duration(i+1) * time.Minute), Expires: began.Add(time.Hour), IssuedAt: began.Unix()}
			g.ID = moderation.NewID(g.TokenPrint, host, user)
			state.Sessions = append(state.Sessions, g)
		}
		f := &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{Unloaded: true,
			Store: &moderationtest.Recorder{Store: memory.New(), State: state, HoldRooms: rooms, HoldSessions: rest}})}
		var tasks sync.WaitGroup
		tasks.Go(func() {
			if err := f.Load(t.Context()); err != nil {
				t.Error(err)
			}
		})
		join := func(jid string) <-chan moderation.Decision {
			decided := make(chan moderation.Decision, 1)
			tasks.Go(func() { decided <- f.Join(t.Context(), jid, "standup@"+conference, "nick") })
			synctest.Wait()
			return decided
		}
		alice, focus := join("alice@"+host), join("focus@auth."+host)
		pending(t, "alice, before the rooms are there", alice)
		pending(t, "a service, before the rooms are there", focus)
		before, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if d := f.BeforeJoin(before, "bob@"+host, "standup@"+conference); d.Reason != "" {
			t.Errorf("before a join is said: %s", d.Reason)
		}
		cancel()
		close(rooms)
		synctest.Wait()
		if d := <-join("alice@" + host); d.Reason != moderation.ReasonToken {
			t.Errorf("the newest session: %s", d.Reason)
		}
		bob, nobody := join("bob@"+host), join("nobody@"+host)
		if d := <-focus; d.Reason != moderation.ReasonServiceAccount {
			t.Errorf("a service: %s", d.Reason)
		}
		pending(t, "bob", bob)
		pending(t, "nobody", nobody)
		created := make(chan moderation.Decision, 1)
		tasks.Go(func() { _, d := f.Create(t.Context(), "standup@"+conference); created <- d })
		synctest.Wait()
		pending(t, "a room", created)
		late := join("carol@" + host)
		time.Sleep(time.Second) // it may wait for a few
		close(rest)
		if d := <-alice; d.Reason != moderation.ReasonToken {
			t.Errorf("the newest session, by a question that came before the rooms were there: %s", d.Reason)
		}
		if d := <-bob; d.Reason != moderation.ReasonToken {
			t.Errorf("an older session: %s", d.Reason)
		}
		if d := <-nobody; d.Reason != moderation.ReasonNoSession {
			t.Errorf("no session: %s", d.Reason)
		}
		if d := <-created; !d.Allowed {
			t.Errorf("the room: %s", d.Reason)
		}
		<-late
		tasks.Wait()
	})
}

func pending(t *testing.T, what string, decided <-chan moderation.Decision) {
	t.Helper()
	select {
	case d := <-decided:
		t.Errorf("%s is answered: %s", what, d.Reason)
	default:
	}
}

// TestJoinNotLoaded: what takes too long, or is asked by too many, is undecided, for both questions and for the gateway.
func TestJoinNotLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{Unloaded: true})}
		h := &muc.Handler{Service: f.Service}
		for _, path := range []string{moderation.JoinPath + "?userJID=bob%40" + host + "&nickname=n&mucJID=", moderation.CreatePath + "?jid="} {
			began := time.Now()
			code, answer := moderationtest.Ask(h, path+url.QueryEscape("standup@"+conference))
			if code != http.StatusServiceUnavailable || answer["error"] != "state_unavailable" || time.Since(began) != 5*time.Second {
				t.Errorf("%s: %d, %v after %v", path, code, answer, time.Since(began))
			}
		}
		var all sync.WaitGroup
		began, at := time.Now(), make([]time.Duration, 600)
		for i := range at {
			all.Go(func() {
				if d := f.Join(t.Context(), "bob@"+host, "standup@"+conference, "n"); !d.Reason.Undecided() {
					t.Errorf("%s", d.Reason)
				}
				at[i] = time.Since(began)
			})
		}
		all.Wait()
		once := 0
		for _, d := range at {
			if d == 0 {
				once++
			}
		}
		if once != 600-512 {
			t.Errorf("%d are refused at once", once)
		}
	})
}
