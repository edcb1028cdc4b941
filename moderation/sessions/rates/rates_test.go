package rates_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"usher/auth"
	"usher/moderation/sessions/rates"
)

// TestTake: a token has 300 logins at once and as many a minute, whatever others do; who has none shares 5,000, of which
// one network has 500.
func TestTake(t *testing.T) {
	r, now := rates.NewLogins(), time.Unix(1_800_000_000, 0)
	take := func(id auth.Identity, n int) (let int) {
		for range n {
			switch err := r.Take(id, now); {
			case err == nil:
				let++
			case !errors.Is(err, auth.ErrOverloaded):
				t.Fatal(err)
			}
		}
		return let
	}
	shared, own := auth.Identity{TokenPrint: "shared"}, auth.Identity{TokenPrint: "own"}
	if n := take(shared, 1000); n != 300 {
		t.Errorf("%d logins with one token", n)
	}
	if n := take(own, 10); n != 10 {
		t.Errorf("%d of 10 with another", n)
	}
	school := auth.Identity{Anonymous: true, Network: netip.MustParsePrefix("192.0.2.0/24")}
	if n := take(school, 1000); n != 500 {
		t.Errorf("%d of one network", n)
	}
	if n := take(auth.Identity{Anonymous: true}, 10_000); n != 4500 {
		t.Errorf("%d without a token", n)
	}
	now = now.Add(time.Second)
	if n := take(shared, 100); n != 5 {
		t.Errorf("%d logins a second later", n)
	}
	now = now.Add(2 * time.Minute)
	if a, b := take(shared, 1000), take(school, 1000); a != 300 || b != 500 {
		t.Errorf("%d and %d logins after minutes", a, b)
	}
}

// TestTakeMany: tokens that come in great number push out what is known of others, and are let in.
func TestTakeMany(t *testing.T) {
	r, now := rates.NewLogins(), time.Unix(1_800_000_000, 0)
	for i := range 200_000 {
		if err := r.Take(auth.Identity{TokenPrint: fmt.Sprint(i)}, now); err != nil {
			t.Fatal(i, err)
		}
	}
}
