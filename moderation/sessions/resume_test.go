package sessions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/internal/memory"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// journal is a store that knows the sessions that were written.
type journal struct {
	*memory.Store
	mu     sync.Mutex
	grants map[moderation.ID]moderation.Session
}

func (j *journal) Apply(ctx context.Context, changes ...sessions.Change) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range changes {
		switch {
		case c.PutSession != nil:
			j.grants[c.PutSession.ID] = *c.PutSession
		case c.DeleteSession != nil:
			delete(j.grants, c.DeleteSession.ID)
		}
	}
	return j.Store.Apply(ctx, changes...)
}

func (j *journal) Sessions(context.Context) iter.Seq2[moderation.Session, error] {
	j.mu.Lock()
	defer j.mu.Unlock()
	return moderationtest.NewestFirst(slices.Collect(maps.Values(j.grants)))
}

// open returns sessions with what was written, as after a kill.
func (j *journal) open(t *testing.T, o sessions.Options) *sessions.Sessions {
	t.Helper()
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return moderationtest.Start(t, j, p, o)
}

func newJournal() *journal {
	return &journal{Store: memory.New(), grants: map[moderation.ID]moderation.Session{}}
}

// drawn is a login with a token that names no account.
func (f *fixture) drawn(account, token string) auth.Identity {
	id := f.Identity(account, token, "*")
	id.Random, id.AccountClaim = true, ""
	return id
}

func (f *fixture) remembers(t *testing.T, account, token, resumption string) {
	t.Helper()
	if err := f.Remember(t.Context(), host, account, token, resumption); err != nil {
		t.Fatal(err)
	}
}

// resumes wants the account of a stream; empty: none.
func resumes(t *testing.T, s *sessions.Sessions, token, resumption, want string) {
	t.Helper()
	if got, ok := s.Resumable(host, token, resumption); got != want || ok != (want != "") {
		t.Errorf("the stream %q of %s: %q, %v, want %q", resumption, token, got, ok, want)
	}
}

func TestResumable(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	long := strings.Repeat("x", 256)
	for i, id := range []string{"stream-1", "stream-2", long, long + "x", ""} {
		account := fmt.Sprint("drawn", i)
		f.Login(t, f.drawn(account, "t1"))
		f.remembers(t, account, "t1", id)
	}
	resumes(t, f.Sessions, "t1", "stream-1", "drawn0")
	resumes(t, f.Sessions, "t1", "stream-2", "drawn1")
	resumes(t, f.Sessions, "t1", long, "drawn2")
	for _, id := range []string{long + "x", "", "stream-3", "stream"} {
		resumes(t, f.Sessions, "t1", id, "")
	}
	resumes(t, f.Sessions, "t2", "stream-1", "")
	if _, ok := f.Resumable("other.example.com", "t1", "stream-1"); ok {
		t.Error("resumed at another host")
	}
	f.Login(t, f.drawn("drawn0", "t1")) // resumed
	resumes(t, f.Sessions, "t1", "stream-1", "drawn0")
	f.remembers(t, "drawn0", "t1", "stream-9")
	resumes(t, f.Sessions, "t1", "stream-1", "")
	resumes(t, f.Sessions, "t1", "stream-9", "drawn0")
}

// TestRememberNoSession: there has to be one, of that token, whose account nobody named.
func TestRememberNoSession(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	f.Login(t, f.Identity("alice", "t1", "*"))
	f.Login(t, f.drawn("drawn", "t1"))
	for _, row := range [][3]string{{host, "alice", "t1"}, {host, "drawn", "t2"}, {host, "nobody", "t1"}, {"other.example.com", "drawn", "t1"}} {
		if err := f.Remember(t.Context(), row[0], row[1], row[2], "stream"); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("%q: %v", row, err)
		}
	}
	resumes(t, f.Sessions, "t1", "stream", "")
	resumes(t, f.Sessions, "t2", "stream", "")
}

// TestResumableEnds: nothing of a session that is no more is resumed, nor remembered.
func TestResumableEnds(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, f *fixture){
		"revoked": func(t *testing.T, f *fixture) {
			if _, err := f.Revoke(t.Context(), sessions.Target{Account: "drawn"}, false); err != nil {
				t.Fatal(err)
			}
		},
		"another of the token's is revoked": func(t *testing.T, f *fixture) {
			f.Login(t, f.drawn("other", "t1"))
			if _, err := f.Revoke(t.Context(), sessions.Target{Account: "other"}, true); err != nil {
				t.Fatal(err)
			}
		},
		"expired":           func(_ *testing.T, f *fixture) { f.Pass(time.Hour + leeway) },
		"expired and swept": func(t *testing.T, f *fixture) { f.Pass(time.Hour + leeway); f.Sweep(t.Context()) },
		"the key has gone":  func(_ *testing.T, f *fixture) { f.Keys["k1"] = true },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, moderationtest.State{})
			f.Login(t, f.drawn("drawn", "t1"))
			f.remembers(t, "drawn", "t1", "stream")
			end(t, f)
			resumes(t, f.Sessions, "t1", "stream", "")
			if err := f.Remember(t.Context(), host, "drawn", "t1", "stream"); !errors.Is(err, auth.ErrNoSession) {
				t.Errorf("remembered: %v", err)
			}
		})
	}
}

// TestResumptionKilled: what is remembered is there after a kill, also when the stream was resumed since; and of what was
// revoked in between nothing is.
func TestResumptionKilled(t *testing.T) {
	j := newJournal()
	f := newFixture(t, moderationtest.State{}) // for its clock
	o := sessions.Options{Now: f.Now}
	s := j.open(t, o)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(login(s.Record(t.Context(), f.drawn("drawn", "t1"))))
	do(s.Remember(t.Context(), host, "drawn", "t1", "stream"))
	resumes(t, j.open(t, o), "t1", "stream", "drawn")
	do(login(s.Record(t.Context(), f.drawn("drawn", "t1"))))
	s = j.open(t, o)
	resumes(t, s, "t1", "stream", "drawn")
	do(login(s.Record(t.Context(), f.drawn("drawn", "t1"))))
	resumes(t, s, "t1", "stream", "drawn")
	if _, _, err := s.Revocations().Revoke(t.Context(), sessions.Target{Account: "drawn"}, false); err != nil {
		t.Fatal(err)
	}
	resumes(t, j.open(t, o), "t1", "stream", "")
}

// TestRememberFails: what cannot be written is not remembered, and nobody waits for a disk that hangs.
func TestRememberFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, moderationtest.State{})
		f.Login(t, f.drawn("drawn", "t1"))
		f.Store.Fail(errors.New("disk full"))
		if f.Remember(t.Context(), host, "drawn", "t1", "stream") == nil {
			t.Error("no error")
		}
		resumes(t, f.Sessions, "t1", "stream", "")
		f.Store.Fail(nil)
		f.Store.Hang(true)
		began := time.Now()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if f.Remember(t.Context(), host, "drawn", "t1", "stream") == nil || f.Record(t.Context(), f.drawn("drawn", "t1")) == nil {
					t.Error("no error")
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took > 500*time.Millisecond {
			t.Errorf("a disk that hangs held them for %v", took)
		}
		f.Store.Hang(false)
		f.remembers(t, "drawn", "t1", "stream")
	})
}

// TestRememberAmongLogins: logins, ends and streams of one account at the same time leave the state as memory is.
func TestRememberAmongLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		f := newFixture(t, moderationtest.State{})
		s := j.open(t, sessions.Options{Now: f.Now})
		if _, err := s.Record(t.Context(), f.drawn("drawn", "t1")); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for n := range 35 {
					if login(s.Record(t.Context(), f.drawn("drawn", "t1"))) != nil || s.Remember(t.Context(), host, "drawn", "t1", fmt.Sprint(i, "-", n)) != nil {
						t.Error("failed")
					}
				}
			})
		}
		all.Wait()
		again := j.open(t, sessions.Options{Now: f.Now})
		found := 0
		for i := range 8 {
			for n := range 35 {
				id := fmt.Sprint(i, "-", n)
				_, now := s.Resumable(host, "t1", id)
				if _, later := again.Resumable(host, "t1", id); now != later {
					t.Errorf("%s: %v in memory, %v after a kill", id, now, later)
				} else if now {
					found++
				}
			}
		}
		if found != 1 {
			t.Errorf("%d of its streams are remembered", found)
		}
	})
}

// TestOldGrants: a state that an earlier usher wrote is read, and a session without a stream is written as before.
func TestOldGrants(t *testing.T) {
	g := moderation.Session{ID: moderation.ID{1}, Account: "alice"}
	old, err := json.Marshal(g)
	if err != nil || strings.Contains(string(old), "Resumption") {
		t.Errorf("%s, %v", old, err)
	}
	var read moderation.Session
	if err := json.Unmarshal(old, &read); err != nil || read.ID != g.ID || read.Resumption != "" {
		t.Errorf("%+v, %v", read, err)
	}
}

// login leaves of a login what it touched away.
func login(_ sessions.Touched, err error) error { return err }
