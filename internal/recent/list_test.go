package recent

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/moderation"
	"usher/moderation/muc"
)

// TestFilter: an account and a room are found by any way in which people write them.
func TestFilter(t *testing.T) {
	decision := &Decision{Time: time.Unix(100, 0), Result: "denied", Door: "http", LoginID: 5, User: "Anna Ampel",
		DisplayID: "17", Account: `anna\40example.org@meet.example.com`, Room: "[acme]b%c3%bcro@conference.meet.example.com"}
	claimed := &Decision{Result: "denied", Name: "bob@elsewhere.example.com"}
	for name, c := range map[string]struct {
		of   *Decision
		f    Filter
		want bool
	}{
		"the JID":              {decision, Filter{Account: `anna\40example.org@meet.example.com`}, true},
		"unescaped":            {decision, Filter{Account: "Anna@example.org@meet.example.com"}, true},
		"its localpart":        {decision, Filter{Account: `anna\40example.org`}, true},
		"that unescaped":       {decision, Filter{Account: "anna@example.org"}, true},
		"with a resource":      {decision, Filter{Account: `anna\40example.org@meet.example.com/phone`}, true},
		"the token's user":     {decision, Filter{Account: "anna ampel"}, true},
		"the id for people":    {decision, Filter{Account: "17"}, true},
		"another":              {decision, Filter{Account: "anna"}, false},
		"another host":         {decision, Filter{Account: `anna\40example.org@elsewhere.example.com`}, false},
		"what a client says":   {claimed, Filter{Account: "bob"}, true},
		"the whole of it":      {claimed, Filter{Account: "bob@elsewhere.example.com"}, true},
		"nobody":               {&Decision{Result: "denied"}, Filter{Account: "@"}, false},
		"the room":             {decision, Filter{Room: "[acme]b%c3%bcro@conference.meet.example.com"}, true},
		"its name":             {decision, Filter{Room: "[acme]büro"}, true},
		"without its tenant":   {decision, Filter{Room: "b%C3%BCro"}, true},
		"another room":         {decision, Filter{Room: "acme"}, false},
		"the door":             {decision, Filter{Door: "HTTP"}, true},
		"another door":         {decision, Filter{Door: "gateway"}, false},
		"the login":            {decision, Filter{LoginID: 5}, true},
		"another login":        {decision, Filter{LoginID: 6}, false},
		"since then":           {decision, Filter{Since: time.Unix(100, 0)}, true},
		"later":                {decision, Filter{Since: time.Unix(101, 0)}, false},
		"one that was allowed": {&Decision{Result: "allowed"}, Filter{}, false},
		"all of them":          {&Decision{Result: "allowed"}, Filter{All: true}, true},
	} {
		if got := c.f.wants(c.of); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// join is a refused one.
func join(d *Decisions, account string) {
	d.Join(muc.Decided{Door: "http", Account: account, Room: "r@c", Decision: moderation.Refuse(moderation.ReasonLobby, "on")})
}

// TestFollow: a follower sees what is there, then each new one once, a refused login with its explanation, and how many
// there were that came too fast.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDecisions(nil)
		join(d, "before@h")
		ctx, cancel := context.WithCancel(t.Context())
		seen := make(chan Decision)
		followed := make(chan error, 1)
		go func() {
			followed <- d.Follow(ctx, Filter{}, func(list []Decision) error {
				for _, one := range list {
					seen <- one
				}
				return nil
			})
		}()
		if one := <-seen; one.Account != "before@h" {
			t.Errorf("%+v", one)
		}
		l := login("dovecot", "x", refused(auth.ReasonExpired))
		l.Failed, l.Credentials.Token = "time", "a.b.c"
		d.Login(l)
		join(d, "after@h")
		synctest.Wait()
		select {
		case one := <-seen:
			t.Errorf("before it is explained: %+v", one)
		default:
		}
		q := <-d.queue
		d.settle(q.entry, []auth.CheckLine{{Name: "time", Detail: "explained"}})
		if one := <-seen; one.Reason != "expired" || len(one.Checks) != 1 {
			t.Errorf("%+v", one)
		}
		if one := <-seen; one.Account != "after@h" {
			t.Errorf("%+v", one)
		}
		synctest.Wait()
		join(d, "first@h")
		synctest.Wait() // it is being told of, and not taken
		for range 3 * maxDecisions {
			join(d, "flood@h")
		}
		if one := <-seen; one.Account != "first@h" {
			t.Errorf("%+v", one)
		}
		if one := <-seen; one.Missed < 2*maxDecisions {
			t.Errorf("%+v", one)
		}
		for range d.List(Filter{Account: "flood@h"}) {
			<-seen
		}
		synctest.Wait()
		cancel()
		if err := <-followed; err != nil {
			t.Error(err)
		}
	})
}

// TestFollowers: no more than a few follow, and one that fails makes place for another.
func TestFollowers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDecisions(nil)
		ctx, cancel := context.WithCancel(t.Context())
		broken := errors.New("broken")
		failing := func(list []Decision) error { // but not at once
			if len(list) == 0 {
				return nil
			}
			return broken
		}
		ended := make(chan error, maxFollowers)
		for range maxFollowers {
			go func() { ended <- d.Follow(ctx, Filter{}, failing) }()
		}
		synctest.Wait()
		if err := d.Follow(ctx, Filter{}, nil); !errors.Is(err, ErrTooManyFollowers) {
			t.Error(err)
		}
		join(d, "a@h")
		for range maxFollowers {
			if err := <-ended; !errors.Is(err, broken) {
				t.Error(err)
			}
		}
		cancel()
		if err := d.Follow(ctx, Filter{}, func([]Decision) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}

// TestPace: a flood of refusals has some of them explained, at a pace, and costs no more; a panic of an explanation
// ends nothing.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDecisions(nil)
		n := 0
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- d.Run(ctx, func(auth.Credentials) auth.Report {
				if n++; n == 1 {
					panic("a fault")
				}
				return auth.Report{Reason: auth.ReasonExpired, Checks: []auth.CheckLine{{Name: "time", Detail: "explained"}}}
			}, nil)
		}()
		l := login("gateway", "x", refused(auth.ReasonExpired))
		l.Failed, l.Credentials.Token = "time", "a.b.c"
		for range 10 {
			for range 500 {
				d.Login(l)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		explained := 0
		for _, one := range d.List(Filter{}) {
			if one.Checks[0].Detail == "explained" {
				explained++
			}
		}
		if explained == 0 {
			t.Error("none has its explanation")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if most := int(10*time.Second/explainEvery) + 2*maxExplaining; n > most || n < 150 {
			t.Errorf("%d of 5,000 were explained, and %d are as many as may be", n, most)
		}
	})
}
