package relay

import "testing"

const limits = `<stream:features xmlns:stream="http://etherx.jabber.org/streams">` +
	`<limits xmlns="urn:xmpp:stream-limits:0"><max-bytes>1</max-bytes></limits></stream:features>`

// TestCut: a stream is cut, to be resumed, only at a Prosody that takes its rights anew; at another it ends for good.
func TestCut(t *testing.T) {
	for _, renews := range []bool{true, false} {
		b := newBench(t, nil)
		if renews {
			b.down(limits)
		}
		b.login()
		b.down(on)
		b.down(shownIn(room+"/n", "", self))
		b.streams.Review([]string{"u-1@meet.example.com"})
		if b.streams.ReviewAll(); b.wire.cuts+len(b.wire.farewells) > 0 {
			t.Fatal("it is cut for nothing")
		}
		b.logins.outdated = true
		b.streams.Review([]string{"u-2@meet.example.com"})
		b.streams.Review([]string{"u-1@meet.example.com"})
		b.streams.ReviewAll()
		if !b.streams.Cut("u-1@meet.example.com") {
			t.Error("it is not found")
		}
		if renews {
			if b.wire.cuts != 3 || len(b.wire.farewells) > 0 {
				t.Errorf("%+v", b.wire)
			}
			continue
		}
		if b.wire.cuts > 0 || len(b.wire.farewells) != 1 { // it ends once
			t.Fatalf("%+v", b.wire)
		}
		if f := b.wire.farewells[0]; len(f.Presences) != 1 || f.End != (End{"reset", newRights}) {
			t.Errorf("%+v", f)
		}
	}
}

// TestRevokedIsNotCut: a stream that ends because its login was revoked is not cut for the rights that went with it: its
// client would not be told why.
func TestRevokedIsNotCut(t *testing.T) {
	b := newBench(t, nil)
	b.down(limits)
	b.login()
	b.logins.outdated = true
	b.streams.End("u-1@meet.example.com", "out")
	b.streams.ReviewAll()
	b.streams.Cut("u-1@meet.example.com")
	if len(b.wire.farewells) != 1 || b.wire.cuts > 0 {
		t.Errorf("%+v", b.wire)
	}
}

// TestRecordedOutdated: what was taken back between the inner token and the account's record counts.
func TestRecordedOutdated(t *testing.T) {
	b := newBench(t, nil)
	b.logins.outdated = true
	b.login()
	if len(b.wire.farewells) != 1 {
		t.Errorf("%+v", b.wire)
	}
}

// TestResumesWithNewRights: where a stream keeps its rights, it is not resumed with others.
func TestResumesWithNewRights(t *testing.T) {
	for _, renews := range []bool{true, false} {
		b := newBench(t, nil)
		b.logins.resumes, b.logins.login.NewRights = "sm-1", true
		b.begin(func(c *Client) {
			c.Resumption = "sm-1"
			c.Login.NewRights = true
		})
		if renews {
			b.down(limits)
		}
		b.authenticate()
		if v := b.up(again); renews != (v.Answer == nil) {
			t.Errorf("renews %v: %s", renews, v.Answer)
		}
	}
}
