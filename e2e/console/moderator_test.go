package console

import (
	"testing"
	"time"

	"usher/e2e/browser/axe"
	"usher/e2e/browser/driver"
	"usher/e2e/world"
)

// TestModeratorsPage: on a phone the link of the message opens a page with one button, and that the rooms of the
// moderator; who knocks appears there by itself, is let in with a tap or by the keyboard, and a moderator who is
// demoted is shown nothing any more, without a tap.
func TestModeratorsPage(t *testing.T) {
	axe.Require(t)
	w := world.New(t, world.AnyVersion(t), world.Options{Console: true,
		Modules: `{ "muc_http_auth", "muc_http_defaults", "muc_hide_all" }`,
		Host:    "    lobby: {enforce: gate, rooms: {\"*\": on}}\n"})
	browser, kept := driver.Start(t, nil), driver.Kept(t, "lobby-page")
	r := world.Room("phone")
	alice, focus := w.Moderator(t, "alice", "*"), w.Focus(t)
	alice.JoinsAs(r, "moderator/owner")
	first := w.Guest(t)
	first.IsRefused(r, "not-authorized")
	said, err := alice.Hears(world.Within(t), world.UsherJID, first.Bare())
	if err != nil {
		t.Fatal(err)
	}
	page := browser.Open(t, world.LinkIn(t, said))
	page.As(t, driver.View{Width: 360, Height: 740, Phone: true})
	page.Await(t, `document.getElementById("code").value.length > 20 && location.hash === ""`, within)
	page.ViewIn(t, kept, "1-enter")
	page.Follow(t, "form button")
	page.Await(t, `location.pathname === "/lobby" && document.querySelectorAll("button[value=admit]").length === 1`, within)
	page.ViewIn(t, kept, "2-lobby")

	second := w.Guest(t)
	second.IsRefused(r, "not-authorized")
	page.Await(t, `document.querySelectorAll("button[value=admit]").length === 2`, within)
	for name, view := range map[string]driver.View{
		"light": {Width: 360, Height: 740, Phone: true}, "dark": {Width: 360, Height: 740, Phone: true, Dark: true},
		"wide": {Width: 1920, Height: 1080}, "wide-dark": {Width: 1920, Height: 1080, Dark: true},
	} {
		page.As(t, view)
		page.ViewIn(t, kept, "3-"+name)
		if report := axe.Look(t, page); len(report.Violations) > 0 {
			t.Errorf("%s: %+v", name, report.Violations)
		}
		if wide := driver.Eval[bool](t, page, `document.documentElement.scrollWidth > document.documentElement.clientWidth`); wide {
			t.Errorf("%s: it is wider than the screen", name)
		}
	}
	page.As(t, driver.View{Width: 360, Height: 740, Phone: true})
	page.Follow(t, "button[value=admit]")
	page.Await(t, `document.querySelector(".notice.good") && document.querySelectorAll("button[value=admit]").length === 1`, within)
	page.ViewIn(t, kept, "4-let-in")
	page.Do(t, `document.querySelector("button[value=deny]").focus()`)
	page.Enter(t)
	page.Await(t, `document.querySelectorAll("button[value=admit]").length === 0`, within)
	if came := first.Joins(r); came != "participant/none" {
		t.Errorf("who was let in is %s", came)
	}
	second.IsRefused(r, "not-authorized")

	focus.Sets(r, alice, "member")
	began := time.Now()
	page.Await(t, `!document.getElementById("rooms")`, 20*time.Second) // docs/security.md: a second or so
	t.Logf("demoted, and shown nothing after %v", time.Since(began).Round(time.Millisecond))
	page.ViewIn(t, kept, "5-demoted")
}
