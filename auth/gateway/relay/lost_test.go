package relay

import (
	"testing"
	"time"
)

// TestEndLost: a stream that Prosody keeps for a client that is away is ended too, once; also if the connection breaks
// while its account is revoked.
func TestEndLost(t *testing.T) {
	const account = "u-1@meet.example.com"
	away := func(b *bench) {
		b.login()
		b.down(on)
		b.passes(b.up(`<a xmlns="urn:xmpp:sm:3" h="7"/>`))
		b.passes(b.up(`<a xmlns="urn:xmpp:sm:3" h="-1"/>`))
	}
	for name, happens := range map[string]func(b *bench){
		"lost before": func(b *bench) {
			b.stream.Gone(false)
			if !b.streams.End(account, "x") {
				t.Error("it is not found")
			}
		},
		"lost meanwhile": func(b *bench) {
			b.streams.End(account, "x")
			b.stream.Gone(false)
		},
	} {
		b := newBench(t, nil)
		away(b)
		happens(b)
		if len(b.finished) != 1 || b.finished[0].Resumption != "sm-1" || b.finished[0].Acked != 7 || b.finished[0].Host != host {
			t.Errorf("%s: finished %+v", name, b.finished)
		}
		if got := b.finished[0].Query("a+b"); got != "token=a%2Bb&previd=sm-1" {
			t.Errorf("the query is %s", got)
		}
		if b.streams.End(account, "x") || len(b.finished) != 1 {
			t.Errorf("%s: ended twice", name)
		}
	}
	b := newBench(t, nil)
	away(b)
	b.stream.Gone(false)
	b.logins.resumes = "sm-1"
	b.begin(func(c *Client) { c.Resumption = "sm-1" })
	b.authenticate()
	b.up(again)
	b.down(back)
	b.stream.Gone(false)
	if b.streams.End(account, "x"); len(b.finished) != 1 || b.finished[0].Acked != 3 {
		t.Errorf("resumed and lost again: %+v", b.finished)
	}
}

// TestCutLost: a stream whose client is away ends at a Prosody that would keep its rights, once; another is left to its
// client.
func TestCutLost(t *testing.T) {
	for _, renews := range []bool{true, false} {
		b := newBench(t, nil)
		if renews {
			b.down(limits)
		}
		b.login()
		b.down(on)
		b.stream.Gone(false)
		b.streams.Cut("u-2@meet.example.com")
		for _, found := range []bool{!renews, false} {
			if got := b.streams.Cut("u-1@meet.example.com"); got != found {
				t.Errorf("renews %v: found %v", renews, got)
			}
		}
		if ended := len(b.finished) > 0; ended == renews || len(b.streams.Lost("u-1@meet.example.com")) > 0 != renews {
			t.Errorf("renews %v: finished %+v", renews, b.finished)
		}
	}
}

// TestLostIsBounded in number and time.
func TestLostIsBounded(t *testing.T) {
	var l lostStreams
	now := time.Now()
	for range mostLost + 5 {
		l.add(Lost{Account: "a@b"}, now)
	}
	if len(l.list) != mostLost {
		t.Errorf("%d are kept", len(l.list))
	}
	if got := l.take("a@b", now.Add(lostFor+time.Second), func(*Lost) bool { return true }); len(got) != 0 || len(l.list) != 0 {
		t.Errorf("%d after their time, %d are kept", len(got), len(l.list))
	}
}
