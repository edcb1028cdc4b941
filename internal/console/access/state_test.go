package access

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
)

func always(moderation.ID) bool { return true }

// TestSecretsAreNotKept: what a State holds lets nobody in, and no two secrets are alike.
func TestSecretsAreNotKept(t *testing.T) {
	s := New(Options{Lives: always})
	link, _ := s.OperatorLink(nil, "root")
	invitation, _ := s.ModeratorLink(Moderator{Account: "m@h"})
	again, _ := s.OperatorLink(nil, "root")
	_, cookie, err := s.Redeem(again)
	if err != nil {
		t.Fatal(err)
	}
	var held strings.Builder
	held.WriteString(fmt.Sprintf("%+v %+v %+v %+v", s.links.entries, s.invited.entries, s.operators.entries, s.moderators.entries))
	for _, e := range []*table{&s.links, &s.invited, &s.operators, &s.moderators} {
		for _, one := range e.entries {
			held.WriteString(fmt.Sprintf("%+v", *one))
		}
	}
	for _, secret := range []string{link, invitation, again, cookie} {
		if len(secret) < 43 || strings.Contains(held.String(), secret) {
			t.Errorf("%d characters, kept: %v", len(secret), strings.Contains(held.String(), secret))
		}
	}
	for _, wrong := range []string{"", link[1:], link + "A", strings.ToLower(link), again} {
		if _, _, err := s.Redeem(wrong); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", wrong, err)
		}
		if _, known := s.Viewer(wrong); known {
			t.Errorf("%q is a cookie", wrong)
		}
	}
	if _, known := s.Viewer(link); known {
		t.Error("a link is a cookie")
	}
	if _, _, err := s.Redeem(cookie); err == nil {
		t.Error("a cookie is a link")
	}
}

// TestEnds: each thing ends when it should, at the very moment.
func TestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, after := range []struct {
			late time.Duration
			good bool
		}{{-1, true}, {0, false}} {
			s := New(Options{Lives: always})
			secret, until := s.OperatorLink(nil, "root")
			if time.Until(until) != time.Minute {
				t.Errorf("a link is good until %v", until)
			}
			time.Sleep(time.Minute + after.late)
			_, cookie, err := s.Redeem(secret)
			if (err == nil) != after.good {
				t.Errorf("a link after a minute and %v: %v", after.late, err)
			}
			invitation, _ := s.ModeratorLink(Moderator{Account: "m@h"})
			time.Sleep(15*time.Minute + after.late)
			if _, _, err := s.Redeem(invitation); (err == nil) != after.good {
				t.Errorf("an invitation after 15 minutes and %v: %v", after.late, err)
			}
			if !after.good {
				continue
			}
			time.Sleep(12*time.Hour - 15*time.Minute)
			if _, known := s.Viewer(cookie); !known {
				t.Error("the session ends early")
			}
			time.Sleep(time.Nanosecond)
			if _, known := s.Viewer(cookie); known {
				t.Error("the session has no end")
			}
		}
	})
}

// TestFailures: an address may fail ten times, and then once in six seconds; another one is not held back for it, and as
// many as fail fill no memory.
func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		bad, other := netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::/64")
		fails := func() (n int) {
			for s.MayTry(bad) {
				s.Failed(bad)
				n++
			}
			return n
		}
		if n := fails(); n != failuresAtOnce {
			t.Errorf("%d at once", n)
		}
		if !s.MayTry(other) || !s.MayTry(netip.Prefix{}) {
			t.Error("others are held back")
		}
		time.Sleep(time.Minute)
		if n := fails(); n != int(time.Minute/failureEvery) {
			t.Errorf("%d a minute later", n)
		}
		for i := range 3 * maxSources {
			s.Failed(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32))
		}
		if s.failures.Len() > maxSources {
			t.Errorf("%d addresses are kept", s.failures.Len())
		}
	})
}

// TestPlaces: of each kind so many of a session, and so many in all; moderators, of whom there are many, leave some for
// operators, who leave some for each other.
func TestPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		take func(*State, Viewer) (func(), error)
		bound
	}{
		"streams":  {(*State).Stream, boundOf(streams)},
		"requests": {(*State).Request, boundOf(requests)},
	} {
		s := New(Options{Lives: always})
		fill := func(secretOf func(i int) string) (open int, last Viewer, done func()) {
			for i := range 60 {
				v, _, err := s.Redeem(secretOf(i))
				if err != nil {
					t.Fatal(err)
				}
				of := 0
				for range c.of + 1 {
					give, err := c.take(s, v)
					switch {
					case err == nil:
						open, of, done = open+1, of+1, give
					case !errors.Is(err, c.err):
						t.Fatalf("%s: %v", name, err)
					}
				}
				if of > c.of {
					t.Fatalf("%s: %d of one session", name, of)
				}
				last = v
			}
			return open, last, done
		}
		open, _, _ := fill(func(i int) string {
			secret, _ := s.ModeratorLink(Moderator{Account: fmt.Sprintf("m%d@h", i)})
			return secret
		})
		if open != c.moderators {
			t.Errorf("%s: %d of moderators, want %d", name, open, c.moderators)
		}
		more, operator, done := fill(func(int) string { secret, _ := s.OperatorLink(nil, "root"); return secret })
		if open+more != c.all {
			t.Errorf("%s: %d in all, want %d", name, open+more, c.all)
		}
		done()
		if _, err := c.take(s, operator); err != nil {
			t.Errorf("%s: a place that was given back: %v", name, err)
		}
		if _, err := c.take(s, Viewer{}); !errors.Is(err, ErrEnded) {
			t.Errorf("%s of nobody: %v", name, err)
		}
	}
}

// TestPlacesOfModerator: a moderator with several sessions takes no more places than one may have.
func TestPlacesOfModerator(t *testing.T) {
	s := New(Options{Lives: always})
	open, asking := 0, 0
	for range maxSessionsOf {
		secret, _ := s.ModeratorLink(Moderator{Account: "m@h"})
		v, _, err := s.Redeem(secret)
		if err != nil {
			t.Fatal(err)
		}
		for range maxRequestsOf {
			if _, err := s.Stream(v); err == nil {
				open++
			}
			if _, err := s.Request(v); err == nil {
				asking++
			}
		}
	}
	if open != maxStreamsOfModerator || asking != maxRequestsOfModerator {
		t.Errorf("%d streams, %d requests", open, asking)
	}
}

// TestLinksThatStrangersCause: however often somebody knocks, the links that a moderator was sent are good, but for those
// of a login that a later one has taken the place of; and once they are used or over there are new ones.
func TestLinksThatStrangersCause(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := New(Options{Now: func() time.Time { return now }, Lives: always})
	m := Moderator{Account: "m@h", Session: moderation.NewID("print", "h", "m")}
	again := m
	again.Session = moderation.NewID("another", "h", "m")
	var sent []string
	for range 100 {
		if secret, _ := s.ModeratorLink(m); secret != "" {
			sent = append(sent, secret)
		}
	}
	if len(sent) != maxLinksOf {
		t.Fatalf("%d links", len(sent))
	}
	if other, _ := s.ModeratorLink(Moderator{Account: "n@h"}); other == "" {
		t.Error("another moderator gets none")
	}
	later, _ := s.ModeratorLink(again)
	for i, secret := range append(sent, later) {
		if _, _, err := s.Redeem(secret); (err == nil) != (i > 0) {
			t.Errorf("link %d: %v", i+1, err)
		}
	}
	for range 2 * maxLinksOf {
		_, _ = s.ModeratorLink(m)
	}
	now = now.Add(ModeratorLinkFor)
	if secret, _ := s.ModeratorLink(m); secret == "" {
		t.Error("none once the others are over")
	}
}

// TestTokenOnce: a token lets in once, whoever sends it again; and what is kept of used ones has a bound.
func TestTokenOnce(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := New(Options{Now: func() time.Time { return now }})
	enter := func(token string) error {
		_, _, err := s.EnterByToken(Operator{Token: token, User: "alice", Holds: func() bool { return true }})
		return err
	}
	for range 16 { // until the token is over
		if err, first := enter("a"), now.Unix() == 1_800_000_000; first != (err == nil) || !first && !errors.Is(err, ErrUnknown) {
			t.Fatalf("at %v: %v", now, err)
		}
		now = now.Add(time.Minute)
	}
	for i := range 2 * maxUsedTokens {
		if err := enter(fmt.Sprint("token", i)); err != nil {
			t.Fatal(err)
		}
	}
	if s.used.Len() > maxUsedTokens {
		t.Errorf("%d are kept", s.used.Len())
	}
}

// TestAtOnce: of those who use a link, or a token, at the same moment one gets in.
func TestAtOnce(t *testing.T) {
	s := New(Options{Lives: always})
	operator, _ := s.OperatorLink(nil, "root")
	moderator, _ := s.ModeratorLink(Moderator{Account: "m@h"})
	for name, enter := range map[string]func() (Viewer, string, error){
		"an operator's link": func() (Viewer, string, error) { return s.Redeem(operator) },
		"a moderator's link": func() (Viewer, string, error) { return s.Redeem(moderator) },
		"a token": func() (Viewer, string, error) {
			return s.EnterByToken(Operator{Token: "a", User: "alice", Holds: func() bool { return true }})
		},
	} {
		var in atomic.Int64
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				if _, _, err := enter(); err == nil {
					in.Add(1)
				}
			})
		}
		if all.Wait(); in.Load() != 1 {
			t.Errorf("%s: %d got in", name, in.Load())
		}
	}
}

// TestNobody: a console that is off knows nobody.
func TestNobody(t *testing.T) {
	var s *State
	if _, known := s.Viewer("x"); known {
		t.Error("somebody is known")
	}
	if _, known := FromContext(context.Background()); known {
		t.Error("somebody is in an empty context")
	}
}
