package sessions_test

import (
	"fmt"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/guard"
	"usher/moderation"
	"usher/moderation/moderationtest"
)

// TestSweepLooksAtWhatIsDue: a sweep takes the lock a few times, however many sessions there are, and ends those whose time
// has come; one that is used lives on, and one that a new policy makes end earlier does.
func TestSweepLooksAtWhatIsDue(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	for i := range 3000 {
		id := f.Identity(fmt.Sprint("user", i), fmt.Sprint("token", i), "*")
		switch i % 3 {
		case 0:
			id.Expires = f.Now().Add(30 * time.Minute)
		case 1:
			id.Expires = time.Time{}
		}
		f.Login(t, id)
	}
	sweep := func() (n, taken int) {
		f.Lock().Meter = &guard.Meter{Taken: func() { taken++ }, LetGo: func() {}}
		f.Sweep(t.Context())
		f.Lock().Meter = nil
		f.CheckIndexes(t)
		return len(f.List()), taken
	}
	if n, taken := sweep(); n != 3000 || taken > 10 {
		t.Errorf("%d are left, and the lock was taken %d times", n, taken)
	}
	f.Pass(30*time.Minute + leeway)
	if n, _ := sweep(); n != 2000 {
		t.Errorf("%d are left after half an hour", n)
	}
	f.Pass(30*time.Minute + leeway)
	if n, _ := sweep(); n != 1000 {
		t.Errorf("%d are left after an hour", n)
	}
	f.Pass(moderation.DefaultIdle - 70*time.Minute)
	f.Joins(t, "user1@"+host, hall, moderation.ReasonToken)
	f.Pass(20 * time.Minute)
	if n, _ := sweep(); n != 1 {
		t.Errorf("%d are left that were used meanwhile", n)
	}
	f.Reload(t.Context(), f.Policy(t, moderation.HostPolicy{Host: host, MUC: []string{conference}, Leeway: leeway, Idle: time.Hour, Prefixes: map[string]string{"my-app": ""}}))
	f.CheckIndexes(t)
	f.Pass(30 * time.Minute)
	if n, _ := sweep(); n != 1 {
		t.Error("it ends before its time")
	}
	f.Pass(11 * time.Minute)
	if n, taken := sweep(); n != 0 || taken > 20 {
		t.Errorf("%d are left by the policy of now, and the lock was taken %d times", n, taken)
	}
}

// TestSweepAfterTheKey: without its key a session ends, whenever it is due.
func TestSweepAfterTheKey(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	id := f.Identity("alice", "t", "*")
	id.KeyPrint = "k2"
	f.Login(t, id)
	f.Login(t, auth.Identity{Host: host, Account: "x", Random: true, Anonymous: true})
	f.Login(t, f.Identity("bob", "u", "*"))
	f.Keys["k2"] = true // it is gone
	f.Sweep(t.Context())
	f.CheckIndexes(t)
	if list := f.List(); len(list) != 2 {
		t.Errorf("left are %+v", list)
	}
}
