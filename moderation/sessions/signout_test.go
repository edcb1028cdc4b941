package sessions_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"usher/auth"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// TestSignOuts: a token that its person gives up is kept out for as long as it is good, and no longer, and
// people who come and go leave operators places.
func TestSignOuts(t *testing.T) {
	f := newSmallFixture(t, moderationtest.State{}, 1000) // 50 of them
	out := func(print string, life time.Duration) error {
		_, err := f.Revoke(t.Context(), sessions.Target{Token: print, SignOut: true, Expires: f.Now().Add(life)}, true)
		return err
	}
	full := 0
	for i := range 60 {
		if err := out(fmt.Sprintf("%032x", i), 15*time.Minute); errors.Is(err, sessions.ErrTooManyRevocations) {
			full++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if full != 35 {
		t.Errorf("%d of 60 are refused, and half of the 50 places are for people who sign out", full)
	}
	for i := range 25 {
		if _, err := f.Revoke(t.Context(), sessions.Target{User: fmt.Sprint("user", i)}, true); err != nil {
			t.Errorf("operator, %d: %v", i, err)
		}
	}
	if err := out(fmt.Sprintf("%032x", 7), time.Minute); err != nil {
		t.Errorf("of a token that is revoked already: %v", err)
	}
	f.Pass(15*time.Minute + auth.MaxLeeway)
	f.Pass(time.Minute)
	f.Sweep(t.Context())
	if left := f.Revocations().Count(); left != 25 {
		t.Errorf("%d are left, and operators made 25", left)
	}
}
