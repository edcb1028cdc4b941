package signin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/e2e/browser/driver"
	"usher/e2e/daemon"
	"usher/e2e/provider"
	"usher/e2e/world"
)

// The screens of the people on this way.
var (
	phone = driver.View{Width: 360, Height: 740, Phone: true}
	desk  = driver.View{Width: 1100, Height: 700}
)

// A way is what people see one after the other, a picture each.
type way struct {
	kept string
	step int
}

func (w *way) picture(t *testing.T, p *driver.Page, name string) {
	t.Helper()
	w.step++
	p.ViewIn(t, w.kept, fmt.Sprintf("%02d-%s", w.step, name))
}

// TestStranger is the whole way at once: somebody opens a room, signs in at the provider, and is a moderator by a role
// there; a guest knocks, and the moderator lets the guest in on a phone, by the link of usher's message; an operator
// revokes the moderator's session in the console, and the moderator is out within a second.
func TestStranger(t *testing.T) {
	d := open(t, world.AnyVersion(t), option{provider: provider.Config{Says: true},
		console: daemon.FreeAddress(t), behind: true,
		host: "    lobby: {rooms: {\"*\": on}, enforce: members-only}\n"})
	b := d.browser(t)
	w := &way{kept: driver.Kept(t, "stranger")}

	alice := b.Tab(t)
	alice.As(t, desk)
	alice.Go(t, origin+"/Standup")
	w.picture(t, alice, "room")
	alice.Do(t, `document.getElementById("sign-in").click()`)
	alice.Await(t, `document.querySelector("[name=username]")`, within)
	w.picture(t, alice, "provider")
	fill(t, alice, "alice", password)
	alice.Await(t, `window.meet && meet.status === "joined" && meet.moderator`, within)
	w.picture(t, alice, "moderator")

	guest := b.Open(t, origin+"/Standup")
	guest.As(t, desk)
	guest.Await(t, `meet.error && meet.error.condition === "conference.connectionError.membersOnly"`, within)
	guest.Do(t, `meet.knock("Владимир Straßburger")`)
	w.picture(t, guest, "guest")
	alice.Await(t, `meet.notices.some((n) => n.text.includes("/enter#"))`, within)
	w.picture(t, alice, "message")

	hand := d.admits(t, w, b, world.LinkIn(t, alice.State(t).Notices[0].Text))
	guest.Await(t, `meet.status === "joined"`, within)
	w.picture(t, guest, "guest-in")
	if guest.State(t).Moderator {
		t.Error("the guest is a moderator")
	}
	alice.Await(t, `Object.keys(meet.occupants).length === 2`, within)

	d.revokes(t, w, b, alice)
	hand.Await(t, `location.pathname !== "/lobby" || !document.getElementById("rooms")`, within)
	w.picture(t, hand, "phone-ended")
	guest.Await(t, `meet.status === "joined" && Object.keys(meet.occupants).length === 1`, within)
	if log := d.Usher.Log(); strings.Contains(log, "eyJ") {
		t.Error("usher's log tells a token")
	}
}

// admits is the moderator on a phone, who follows the message's link and lets in the one who waits. It returns the
// page.
func (d *door) admits(t *testing.T, w *way, b *driver.Browser, link string) *driver.Page {
	t.Helper()
	p := b.Tab(t)
	p.As(t, phone)
	p.Go(t, link)
	w.picture(t, p, "phone-enter")
	p.Follow(t, "main button[type=submit]")
	p.Await(t, `location.pathname === "/lobby" && document.querySelectorAll("button[value=admit]").length === 1`, within)
	p.Picture(t, "console-phone")
	w.picture(t, p, "phone-lobby")
	p.Follow(t, "button[value=admit]")
	p.Await(t, `document.querySelectorAll("button[value=admit]").length === 0`, within)
	w.picture(t, p, "phone-admitted")
	if complaints := p.Complaints(t); len(complaints) > 0 {
		t.Errorf("the browser complains: %v", complaints)
	}
	return p
}

// revokes is the operator, who ends the moderator's session, and wants the moderator to be out at once.
func (d *door) revokes(t *testing.T, w *way, b *driver.Browser, moderator *driver.Page) {
	t.Helper()
	p := b.Tab(t)
	p.As(t, desk)
	p.Go(t, world.LinkIn(t, d.Usher.Run(t, "console")))
	w.picture(t, p, "operator-enter")
	p.Follow(t, "main button[type=submit]")
	w.picture(t, p, "operator-overview")
	p.Follow(t, `header nav a[href="/sessions"]`)
	p.Type(t, "#q", "Алиса")
	p.Follow(t, "main form[role=search] button")
	w.picture(t, p, "operator-sessions")
	if status := p.Follow(t, `main a[href^="/sessions/revoke?by=account"]`); status != http.StatusOK {
		t.Fatalf("the preview has the status %d", status)
	}
	p.As(t, driver.View{Width: desk.Width, Height: 360})
	p.Picture(t, "console-revoke")
	p.As(t, desk)
	w.picture(t, p, "operator-preview")
	begun := time.Now()
	p.Follow(t, "main button.danger")
	moderator.Await(t, `meet.status !== "joined"`, within)
	took := time.Since(begun)
	t.Logf("the moderator was out %s after the button was pressed", took.Round(time.Millisecond))
	if took > atOnce {
		t.Errorf("the moderator was out after %s only", took)
	}
	w.picture(t, p, "operator-revoked")
	w.picture(t, moderator, "moderator-out")
	if complaints := p.Complaints(t); len(complaints) > 0 {
		t.Errorf("the browser complains: %v", complaints)
	}
}
