package sessions_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"usher/auth"
	"usher/moderation/sessions"
)

// TestRevokeOutlastsWhatWaits: what waits to be written of a former revocation takes the place of no later one, nor does it
// bring back one that was lifted: a restart knows what was known last.
func TestRevokeOutlastsWhatWaits(t *testing.T) {
	for name, node := range map[string]string{"alone": "", "among several": "a"} {
		t.Run(name, func(t *testing.T) {
			w := newRevocationWorld(t)
			_ = w.store.Close()
			w.node = node
			w.open(t)
			later := func(print string) auth.Identity {
				w.clock = w.clock.Add(10 * time.Minute)
				return w.token("ann", print, time.Minute)
			}
			written := func() { // what waits is written when the sessions end
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := w.Run(ctx, func(sessions.Touched) {}); err != nil {
					t.Fatal(err)
				}
				w.restart(t)
			}
			w.login(t, w.token("ann", "1", time.Minute), nil)
			w.revoke(t, sessions.Target{User: "ann"}, true, nil)
			second := later("2")
			w.login(t, second, nil) // the former revocation forgets the account, which waits to be written
			w.revoke(t, sessions.Target{User: "ann"}, true, nil)
			written()
			w.login(t, second, auth.ErrRevoked)

			third := later("3")
			w.login(t, third, nil)
			if _, err := w.Revocations().Allow(t.Context(), sessions.Target{User: "ann"}); err != nil {
				t.Fatal(err)
			}
			written()
			w.login(t, second, nil)
		})
	}
}

// TestAllowLiftsNoOther: what is lifted is what is named, and not what is revoked beside it.
func TestAllowLiftsNoOther(t *testing.T) {
	w := newRevocationWorld(t)
	first, second := w.token("", "1", time.Minute), w.token("", "2", time.Minute)
	mine, others := w.token("ann", "3", time.Minute), w.token("ann", "4", time.Minute)
	others.Issuer = "another"
	for _, id := range []auth.Identity{first, second} {
		w.revoke(t, sessions.Target{Token: id.TokenPrint}, true, nil)
	}
	w.revoke(t, sessions.Target{User: "ann"}, true, nil)
	allow := func(target sessions.Target) {
		t.Helper()
		if _, err := w.Revocations().Allow(t.Context(), target); err != nil {
			t.Fatal(err)
		}
	}
	allow(sessions.Target{Token: first.TokenPrint})
	w.login(t, first, nil)
	w.login(t, second, auth.ErrRevoked)
	allow(sessions.Target{User: "ann", Host: host, Issuer: mine.Issuer})
	w.login(t, mine, nil)
	w.login(t, others, auth.ErrRevoked)
	w.login(t, second, auth.ErrRevoked)
	if _, err := w.Revocations().Allow(t.Context(), sessions.Target{User: "ann", Host: "other.example"}); !errors.Is(err, sessions.ErrNotRevoked) {
		t.Errorf("of another host: %v", err)
	}
	allow(sessions.Target{User: "ann"})
	w.login(t, others, nil)
	w.login(t, second, auth.ErrRevoked)
}
