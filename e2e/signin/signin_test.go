package signin

import (
	"strings"
	"testing"

	"usher/e2e/browser/driver"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/provider"
	"usher/e2e/world"
)

// comes signs somebody in who has opened a room's page, and returns when that person is in the room.
func comes(t *testing.T, b *driver.Browser, link, name, picture string) *driver.Page {
	t.Helper()
	p := b.Open(t, origin+"/"+link)
	t.Cleanup(p.Close)
	p.Do(t, `document.getElementById("sign-in").click()`)
	p.Await(t, `document.querySelector("[name=username]")`, within)
	if picture != "" {
		p.Screenshot(t, picture)
	}
	fill(t, p, name, password)
	p.Await(t, `window.meet && meet.token`, within)
	return p
}

// TestSignIn is the way of a stranger: to a room's page, to the provider, and back into the room, as moderator by a role
// of the provider or without; and out of it again.
func TestSignIn(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		d := open(t, v, option{provider: provider.Config{Says: true}})
		b := d.browser(t)
		alice := comes(t, b, "Standup#config.startWithAudioMuted=true&config.subject=%22a%26b%22", "alice",
			"sign-in-provider")
		if got := alice.Moderates(t); got.Room != "standup" {
			t.Errorf("alice is %+v", got)
		}
		alice.Screenshot(t, "sign-in-room")
		kept := driver.Eval[string](t, alice, `JSON.stringify(["config.startWithAudioMuted", "config.subject"]
			.map((name) => JSON.parse(decodeURIComponent(fragment(location).get(name)))))`)
		if kept != `[true,"a&b"]` {
			t.Errorf("the room's own parameters are %s", kept)
		}
		bob := comes(t, b, "standup", "bob", "")
		if got := bob.Joined(t); got.Moderator {
			t.Errorf("bob is %+v", got)
		}
		alice.Await(t, `Object.keys(meet.occupants).length === 2`, within)
		d.elsewhere(t, b, driver.Eval[string](t, bob, "link.jwt"))
		d.leaves(t, alice)
		bob.Await(t, `Object.keys(meet.occupants).length === 1`, within)
		if logs := d.nginx.Logs(); strings.Contains(logs, "eyJ") && strings.Contains(logs, "jwt=") {
			t.Errorf("nginx has logged a token:\n%s", logs)
		}
	})
}

// elsewhere wants a token to open no other room.
func (d *door) elsewhere(t *testing.T, b *driver.Browser, token string) {
	t.Helper()
	d.Begin(world.Room("elsewhere"))
	p := b.Open(t, origin+"/elsewhere#jwt=%22"+token+"%22")
	defer p.Close()
	p.Refused(t)
}

// leaves signs out in another tab of somebody who is in a room: out of the room, and at the provider.
func (d *door) leaves(t *testing.T, p *driver.Page) {
	t.Helper()
	out := p.Another(t, origin+"/login/logout")
	defer out.Close()
	if p.State(t).Status != "joined" {
		t.Error("to look at the page that asks is enough to be out")
	}
	out.Screenshot(t, "sign-out")
	out.Do(t, `document.querySelector("form button").click()`)
	out.Await(t, `document.body.innerText.includes("You are signed out")`, within)
	p.Await(t, `meet.status !== "joined"`, atOnce)
	again := p.Another(t, origin+"/login?room=standup")
	defer again.Close()
	again.Await(t, `document.querySelector("[name=username]")`, within)
}
