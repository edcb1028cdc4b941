package relay

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// A spelling is one way to write a join of a room, and whether that lets in who has a token for the room.
type spelling struct {
	name, join string
	lets       bool
	bosh       string // "only" by BOSH, "never", or either
}

// spellings are of a join of a tenant's room, or of the one of that name without a tenant, by a nickname.
func spellings(nick string) []spelling {
	presence := func(to string) string {
		return "<presence to='" + to + "/" + nick + "'><x xmlns='" + muc + "'/></presence>"
	}
	plain := presence("two@" + world.Conference)
	acme := "two@conference.acme." + world.Meet
	prefixed := strings.NewReplacer("<presence", "<p:presence xmlns:p='jabber:client'", "</presence", "</p:presence")
	return []spelling{
		{"plain", plain, true, ""},
		{"letter case", presence("TWO@" + strings.ToUpper(world.Conference)), true, ""},
		{"full-width letters", presence("ｔｗｏ@" + world.Conference), true, ""},
		{"full-width dots", presence("two@" + strings.ReplaceAll(world.Conference, ".", "．")), true, ""},
		{"a final dot", presence("two@" + world.Conference + "."), true, ""},
		{"behind a tenant", presence(acme + ".evil.org"), false, ""},
		{"another byte for the dot", presence("two@conferenceXacme." + world.Meet), false, ""},
		{"a prefix", prefixed.Replace(plain), true, ""},
		{"the namespace of BOSH", " " + strings.Replace(plain, "<presence",
			"<presence xmlns='http://jabber.org/protocol/httpbind'", 1), true, "only"},
		{"two at once", "<presence/>" + strings.Replace(plain, "<presence", "<presence xmlns='jabber:client'", 1),
			false, "never"},
	}
}

// TestOddAddresses: however a join is written, it is one of the room that Prosody takes it for: a token for another
// room does not get in, and none of another tenant's.
func TestOddAddresses(t *testing.T) {
	o := world.Options{Relay: &world.Relay{Tenants: true, Without: "muc_rate_limit"}}
	each(t, o, func(t *testing.T, w *world.World) {
		acme := "two@conference.acme." + world.Meet
		follow := func(t *testing.T, account, sub string, claim any, bosh bool) *world.Person {
			c := tokens.Claims(account, claim, nil)
			c["sub"] = sub
			return w.Follow(t, world.Link{Token: tokens.Sign(t, world.Meet, c), Room: "two", BOSH: bosh})
		}
		alice := follow(t, "alice", world.Meet, "two", false)
		alice.Meets(world.Room("two"))
		carol := follow(t, "carol", "acme", "two", false)
		carol.Meets(acme)
		both(t, func(t *testing.T, bosh bool) {
			for i, s := range spellings("") {
				if s.bosh == "only" && !bosh || s.bosh == "never" && bosh {
					continue
				}
				for _, who := range []struct {
					name, sub, claim string
					in               bool
				}{{"eve", world.Meet, "one", false}, {"mallory", "other", "*", false}, {"bob", world.Meet, "two", s.lets}} {
					nick := fmt.Sprintf("%s-%d-%t", who.name, i, bosh)
					p := follow(t, who.name, who.sub, who.claim, bosh)
					_ = says(t, p, spellings(nick)[i].join, nick, bosh) // or the stream is over
					seen := sees(t, alice, world.Room("two"), nick) || sees(t, carol, acme, nick)
					if seen != who.in {
						t.Errorf("%s, %s: in the room: %t", s.name, who.name, seen)
					}
					_ = p.Close()
				}
			}
		})
	})
}

// says sends a stanza and returns when Prosody has handled it. By BOSH it is one body with a ping, as the client's
// requests may overtake each other.
func says(t testing.TB, p *world.Person, stanza, id string, bosh bool) error {
	t.Helper()
	if bosh {
		return p.Asks(world.Within(t), id, stanza+"<iq xmlns='jabber:client' type='get' id='"+id+"' to='"+world.Meet+
			"'><ping xmlns='urn:xmpp:ping'/></iq>")
	}
	if err := p.Says(stanza); err != nil {
		return err
	}
	return p.Ping(world.Within(t), world.Meet)
}

// sees tells whether somebody is shown an occupant by now.
func sees(t testing.TB, p *world.Person, room, nick string) bool {
	t.Helper()
	if err := p.Ping(world.Within(t), world.Meet); err != nil {
		t.Fatal(err)
	}
	return p.Shown(room, nick) != ""
}

// TestManyAtOnce: mod_muc_rate_limit holds most of them back; all get in as what their tokens say, and the room goes
// on.
func TestManyAtOnce(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		both(t, func(t *testing.T, bosh bool) {
			name := fmt.Sprintf("many-%t", bosh)
			w.Begin(world.Room(name))
			var all sync.WaitGroup
			for i := range 10 {
				more, want := map[string]any(nil), "participant/member"
				if i%2 == 0 {
					more, want = tokens.Moderator(), "moderator/owner"
				}
				l := link(t, fmt.Sprint("alice-", i), "*", more, name)
				l.BOSH = bosh
				p := w.Follow(t, l)
				all.Go(func() {
					first, err := p.Comes(world.Room(name))
					if err != nil || first.String() != want {
						t.Errorf("%d of ten: %v, %v; want %s", i, first, err, want)
					}
				})
			}
			all.Wait()
			w.Follow(t, link(t, "bob", "*", nil, name)).Joins(world.Room(name))
		})
	})
}
