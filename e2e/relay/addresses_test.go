package relay

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"usher/e2e/prosody"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

const bridges = "internal." + world.Services // the bridges' rooms, of which usher knows nothing

// addresses are how a room's address may be written, and a few that are none.
func addresses() (list []string) {
	const tenant = "conference.acme." + world.Meet
	domains := []string{
		world.Conference, tenant, "CONFERENCE.ACME.MEET.EXAMPLE.COM", world.Conference + ".", tenant + ".", tenant + "..",
		tenant + ".evil.org", tenant + "munity", "conferenceXacme." + world.Meet, "conference.other." + world.Meet,
		"conference.acme．meet.example.com", "conference。acme。meet。example。com", "ｃonference.acme." + world.Meet,
		"conference.ａcme." + world.Meet, "conference.a\u00adcme." + world.Meet, "conference.ac%6de." + world.Meet,
		"conference.[acme]." + world.Meet, "conference.acme.b." + world.Meet, "conference.." + world.Meet,
		"conference." + world.Meet + "." + world.Meet, "conference.acme]x." + world.Meet,
		"conference.Straße." + world.Meet,
		"conference.acme @" + world.Meet, tenant + "\t", " " + tenant, "breakout.acme." + world.Meet, world.Breakout,
		world.LobbyHost, bridges, "internal.acme." + world.Services, world.Meet, world.Guests, world.FocusHost,
		world.UsherJID,
	}
	for _, domain := range domains {
		for _, local := range []string{"two", "[acme]two"} {
			list = append(list, local+"@"+domain+"/n")
		}
	}
	for _, local := range []string{
		"TWO", "ｔｗｏ", "t%77o", "tw\u00ado", "two ", "[acme]one", "[other]two", "[acme][other]two", "[ACME]two", "[]two",
		"[acme", "[acme]", "two@x", "%5bacme%5dtwo", "[x]two", "", "two/x", "İ", "one", "One", "on\u00ade",
	} {
		list = append(list, local+"@"+world.Conference+"/n", local+"@"+tenant+"/n")
	}
	for _, resource := range []string{"", "/", "//n", "/n@" + world.Conference, "/n/" + tenant, "/\t", "/ ",
		"/é\u00ad", "/\u200d", "/N"} {
		list = append(list, "two@"+world.Conference+resource, "two@"+tenant+resource)
	}
	return append(list, tenant, world.Conference, world.Conference+"/n", "@"+tenant, "@", "/",
		"@"+world.Conference+"/n", "two",
		bridges+"/n", "brewery@"+bridges+"/n", "BREWERY@"+strings.ToUpper(bridges)+"/n")
}

// land tries to join by each address, and returns the room that Prosody says it is in after each that led to one.
func land(t *testing.T, w *world.World, bosh bool, connect func() *world.Person) map[string]string {
	t.Helper()
	found := map[string]string{}
	var p *world.Person
	for i, address := range addresses() {
		if p == nil {
			p = connect()
			if err := p.Ping(world.Within(t), domain(p.Bare())); err != nil {
				t.Fatal(err)
			}
		}
		told := len(w.Prosody.Log())
		if err := visits(t, p, bosh, quoted(address), fmt.Sprint("visit", i)); err != nil {
			_ = p.Close()
			p = nil
			continue
		}
		joined := regexp.MustCompile(regexp.QuoteMeta(p.Bare()) + ` is in <(.*)>`).FindStringSubmatch(w.Prosody.Log()[told:])
		if joined != nil {
			found[address] = joined[1]
		}
	}
	return found
}

// visits joins and leaves, and returns once Prosody has handled both; or the stream has ended. By BOSH all of it is
// in one body: the client's requests would overtake each other.
func visits(t *testing.T, p *world.Person, bosh bool, to, id string) error {
	t.Helper()
	joins := " to='" + to + "'><x xmlns='" + muc + "'/></presence>"
	leaves := "<presence xmlns='jabber:client' type='unavailable' to='" + to + "'/>"
	if !bosh {
		_ = p.Says("<presence" + joins)
		_ = p.Says(strings.Replace(leaves, " xmlns='jabber:client'", "", 1))
		return p.Ping(world.Within(t), domain(p.Bare()))
	}
	return p.Asks(world.Within(t), id,
		"<presence"+joins+leaves+"<iq xmlns='jabber:client' type='get' id='"+id+"' to='"+
			domain(p.Bare())+"'><ping xmlns='urn:xmpp:ping'/></iq>")
}

func domain(bare string) string {
	_, domain, _ := strings.Cut(bare, "@")
	return domain
}

var ofTenant = regexp.MustCompile(`^\[[^\]]+\].+@`)

func quoted(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}

// TestWhereJoinsLead: however an address is written, Prosody lets a token's holder into no room but those that the
// token opens, by what Prosody calls them; and where the gateway lets somebody in, that is where Prosody itself
// leads.
func TestWhereJoinsLead(t *testing.T) {
	o := world.Options{
		MUC: "modules_disabled = { \"token_verification\" }\n", // the gateway's decision is to be seen alone
		More: []prosody.Host{{Name: bridges, Component: "muc",
			Lines: "modules_enabled = { \"joins_standin\" }\nmuc_room_locking = false\n"}},
		Relay: &world.Relay{Tenants: true, Anyone: true, Without: "muc_rate_limit",
			Modules: `"joins_standin", `, Lines: "allow_empty_token: false"},
	}
	each(t, o, func(t *testing.T, w *world.World) {
		straight := land(t, w, false, func() *world.Person {
			p, err := w.Straight(t, world.Link{Host: world.Guests})
			if err != nil {
				t.Fatal(err)
			}
			return p
		})
		if len(straight) < 20 || straight["two@conference.acme."+world.Meet+"/n"] != "[acme]two@"+world.Conference {
			t.Errorf("straight at Prosody: %q", straight)
		}
		both(t, func(t *testing.T, bosh bool) {
			for name, c := range map[string]struct {
				sub, room string
				opens     func(room string) bool
			}{
				"one room":     {world.Meet, "one", func(room string) bool { return room == world.Room("one") }},
				"of a tenant":  {"acme", "*", func(room string) bool { return strings.HasPrefix(room, "[acme]") }},
				"tenant, room": {"acme", "one", func(room string) bool { return room == world.Room("[acme]one") }},
				"of the host":  {world.Meet, "*", func(room string) bool { return !ofTenant.MatchString(room) }},
				"any":          {"*", "*", func(room string) bool { return strings.HasSuffix(room, "@"+world.Conference) }},
			} {
				if bosh && name != "one room" && name != "of a tenant" { // the decision is the same
					continue
				}
				claims := tokens.Claims("mallory", c.room, nil)
				claims["sub"] = c.sub
				l := world.Link{Token: tokens.Sign(t, world.Meet, claims), Room: "one", BOSH: bosh}
				through := land(t, w, bosh, func() *world.Person { return w.Follow(t, l) })
				for address, room := range through {
					if !c.opens(room) && domain(room) != world.Breakout || room != straight[address] {
						t.Errorf("%s: %q leads to %s, straight at Prosody to %q", name, address, room, straight[address])
					}
				}
				if len(through) < 2 {
					t.Errorf("%s: no room is open: %q", name, through)
				}
				t.Logf("%s: %d addresses lead to a room, straight at Prosody %d", name, len(through), len(straight))
			}
		})
	})
}
