package gateway

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/e2e/browser/driver"
	"usher/e2e/browser/focus"
	"usher/e2e/browser/page"
	"usher/e2e/nginx"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// A browserWorld is a Jitsi installation as a user meets it: a Chromium, nginx with deploy/nginx-meet.conf, usher and
// Prosody.
type browserWorld struct {
	*site
	nginx   *nginx.Server
	browser *driver.Browser
}

func eachBrowser(t *testing.T, o world.Options, test func(t *testing.T, w *browserWorld)) {
	driver.Require(t)
	prosodytest.InTurn(t, func(t *testing.T, v prosody.Version) {
		w := &browserWorld{site: newSite(t, v, o)}
		w.nginx = nginxtest.Start(t, w.Usher.Gateway, page.Site{})
		w.browser = driver.Start(t, map[string]string{world.Meet: w.nginx.TLS()})
		test(t, w)
	})
}

// open follows a link, as a person does.
func (w *browserWorld) open(t *testing.T, room, token, transport string) *driver.Page {
	t.Helper()
	q := url.Values{}
	if token != "" {
		q.Set("jwt", token)
	}
	if transport != "" {
		q.Set("transport", transport)
	}
	return w.browser.Open(t, "https://"+world.Meet+"/"+room+"?"+q.Encode())
}

// TestGatewayBrowser is what people see in Chromium, by both transports.
func TestGatewayBrowser(t *testing.T) {
	o := options()
	o.Debug = true // what is not told then is never told
	eachBrowser(t, o, func(t *testing.T, w *browserWorld) {
		var given []string
		link := func(account string, room any, more map[string]any) string {
			given = append(given, world.Token(t, account, room, more))
			return given[len(given)-1]
		}
		version := w.Prosody.Install().Release
		for _, by := range []string{"websocket", "bosh"} {
			name := "board-" + by
			p := w.open(t, name, link("alice", name, tokens.Moderator()), by)
			s := p.Joined(t)
			if s.Transport != by || s.First != (page.Rank{Role: "moderator", Affiliation: "owner"}) ||
				!strings.HasPrefix(s.JID, "alice@"+world.Meet+"/") {
				t.Errorf("%s: the moderator is %+v", by, s)
			}
			other := w.open(t, name, link("bob", "*", nil), by)
			if s := other.Joined(t); s.First.Role != "participant" {
				t.Errorf("%s: a participant is %+v", by, s)
			}
			// At once, unless Prosody, beside a Chromium, takes longer to answer usher than a join waits for it.
			other.Await(t, `meet.now.role === "participant" && meet.now.affiliation === "member"`, driver.Patience)
			guest := w.open(t, name, "", by)
			if s := guest.Joined(t); s.First != (page.Rank{Role: "participant", Affiliation: "none"}) ||
				s.Domain != world.Guests {
				t.Errorf("%s: a guest is %+v", by, s)
			}
			guest.Do(t, `meet.send("Hello")`)
			p.Await(t, `meet.messages.some((m) => m.text === "Hello")`, driver.Patience)
			p.Await(t, `Object.keys(meet.occupants).length === 3`, driver.Patience)
			p.Screenshot(t, "moderator-"+by+"-"+version)
			if s := p.State(t); len(s.Changes) > 0 {
				t.Errorf("%s: the moderator became %v after the join", by, s.Changes)
			}
			late := w.open(t, name, link("carol", name, map[string]any{"exp": 1}), by)
			if s := late.Refused(t); s.Error.Text != auth.ReasonExpired.ClientText() ||
				!strings.Contains(late.Text(t), auth.ReasonExpired.ClientText()) {
				t.Errorf("%s: a refused token is told as %+v", by, s.Error)
			}
			late.Screenshot(t, "refused-"+by+"-"+version)
		}
		w.tell(t, given)
	})
}

// tell wants no log to tell a token.
func (w *browserWorld) tell(t *testing.T, given []string) {
	t.Helper()
	for name, log := range map[string]string{"usher": w.Usher.Log(), "nginx": w.nginx.Logs(),
		"prosody": w.Prosody.Log()} {
		if len(log) == 0 {
			t.Errorf("%s has no log", name)
		}
		for _, token := range given {
			_, payload, _ := strings.Cut(token, ".")
			if payload, _, _ = strings.Cut(payload, "."); strings.Contains(log, payload) {
				t.Errorf("the log of %s tells a token", name)
			}
		}
	}
}

// TestGatewayBrowserResumes has usher killed under a meeting: the browsers come back as who they were, and nobody in
// the room sees anything of it; also the one whose token names nobody.
func TestGatewayBrowserResumes(t *testing.T) {
	eachBrowser(t, options(), func(t *testing.T, w *browserWorld) {
		given := []string{world.Token(t, "alice", "board", tokens.Moderator()),
			tokens.Sign(t, world.Meet, unnamed("board", nil))}
		pages := []*driver.Page{w.open(t, "board", given[0], "websocket"), w.open(t, "board", given[1], "websocket")}
		var before []page.State
		for _, p := range pages {
			before = append(before, p.Joined(t))
		}
		for i, end := range []func(){w.Usher.Kill, w.Usher.Stop} {
			end()
			w.Usher.Start()
			for j, p := range pages {
				p.Await(t, `meet.connects === `+string(rune('2'+i))+` && meet.status === "joined"`, driver.Patience)
				s := p.State(t)
				if s.Resumed == nil || !*s.Resumed || s.Joins != 1 || s.JID != before[j].JID || len(s.Changes) > 0 {
					t.Errorf("disturbance %d: page %d is %+v, was %s", i, j, s, before[j].JID)
				}
			}
			pages[1].Do(t, `meet.send("still here")`)
			pages[0].Await(t, `meet.messages.length === `+string(rune('1'+i)), driver.Patience)
		}
		pages[0].Screenshot(t, "resumed-"+w.Prosody.Install().Release)
		w.tell(t, given) // nginx met a server that was not there
	})
}

// TestGatewayJitsi is Jitsi's own library, as the npm registry has it, by BOSH, with an answer of jicofo's by a stand-in,
// which it waits for.
func TestGatewayJitsi(t *testing.T) {
	driver.RequireJitsi(t)
	o := options()
	o.More = []prosody.Host{{Name: "focus." + world.Meet, Component: "component",
		Lines: "component_secret = \"focus\"\n"}}
	o.Held = true // the library gives up after some tries, and a start may take as long
	eachBrowser(t, o, func(t *testing.T, w *browserWorld) {
		f, err := focus.Start(t.Context(), focus.Config{Addr: w.Prosody.Component(), Host: "focus." + world.Meet,
			Secret: "focus"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		alice := w.open(t, "jitsi/board", world.Token(t, "alice", "board", tokens.Moderator()), "bosh")
		if s := alice.Joined(t); !s.Moderator || s.Transport != "bosh" ||
			!strings.HasPrefix(s.JID, "alice@"+world.Meet+"/") {
			t.Errorf("the moderator is %+v", s)
		}
		bob := w.open(t, "jitsi/board", world.Token(t, "bob", "*", nil), "bosh")
		if s := bob.Joined(t); s.Moderator || !strings.HasPrefix(s.JID, "bob@"+world.Meet+"/") {
			t.Errorf("the participant is %+v", s)
		}
		guest := w.open(t, "jitsi/board", "", "bosh")
		if s := guest.Joined(t); s.Moderator || s.Domain != world.Guests {
			t.Errorf("the guest is %+v", s)
		}
		late := w.open(t, "jitsi/board", tokens.Sign(t, world.Meet, map[string]any{"exp": 1}), "bosh")
		if s := late.Refused(t); s.Error == nil || s.Error.Condition != "connection.passwordRequired" {
			t.Errorf("the refused one is %+v", s.Error)
		}
		w.Usher.Kill() // a session of BOSH goes on
		w.Usher.Start()
		// What waited is with Prosody by then: a request that overtakes one which comes again ends the session there.
		time.Sleep(time.Second)
		guest.Do(t, `meet.send("still here")`)
		alice.Await(t, `meet.messages.some((m) => m.text === "still here")`, driver.Patience)
		alice.Screenshot(t, "jitsi-"+w.Prosody.Install().Release)
	})
}
