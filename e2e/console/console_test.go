package console

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/e2e/browser/axe"
	"usher/e2e/browser/driver"
)

// within is enough for what happens at once on a busy machine.
const within = driver.Patience

// TestConsole is all that an operator sees and does, in one world.
func TestConsole(t *testing.T) {
	axe.Require(t)
	d := newDesk(t, options())
	t.Run("empty", d.empty)
	d.gather(t)
	t.Run("pictures", d.pictures)
	d.extremes(t)
	t.Run("door", d.door)
	t.Run("referrer", d.referrer)
	t.Run("pages", d.pages)
	t.Run("links", d.links)
	t.Run("live", d.live)
	t.Run("tours", func(t *testing.T) {
		t.Run("mouse", func(t *testing.T) {
			p := d.enter(t)
			(&tour{desk: d, hands: mouse{d, p}, p: p, name: "mouse", person: "user7"}).all(t)
		})
		t.Run("keyboard", func(t *testing.T) {
			p := d.enter(t)
			(&tour{desk: d, hands: keyboard{d, p}, p: p, name: "keyboard", person: "user8"}).all(t)
		})
		t.Run("scriptless", d.scriptless)
	})
	d.tell(t)
	for _, control := range d.controls.unused() {
		t.Errorf("no step uses %s", control)
	}
}

// scriptless is the tour of a browser that runs no script, whose link must be pasted.
func (d *desk) scriptless(t *testing.T) {
	p := d.browser.Tab(t)
	p.Scripts(t, false)
	p.Go(t, d.Console+"/enter")
	m := mouse{d, p}
	m.write(t, "#code", d.link(t))
	m.follow(t, "main button[type=submit]")
	d.at(t, p, "/")
	(&tour{desk: d, hands: m, p: p, name: "scriptless", person: "user9"}).all(t)
}

// door: the page behind a link changes nothing and takes the secret out of the address; the button lets in, once.
func (d *desk) door(t *testing.T) {
	link := d.link(t)
	_, secret, _ := strings.Cut(link, "#")
	p := d.browser.Tab(t)
	p.Go(t, link)
	if at := driver.Eval[string](t, p, "location.href"); strings.Contains(at, secret) {
		t.Errorf("the address still has the secret: %s", at)
	}
	p.Go(t, d.Console+"/")
	d.at(t, p, "/enter") // a look has let nobody in
	p = d.browser.Tab(t)
	d.enterAt(t, p, link)
	if cookie := driver.Eval[string](t, p, "document.cookie"); cookie != "" {
		t.Errorf("a script reads the cookie %s", cookie)
	}
	stranger := d.browser.Tab(t) // a link is good for a minute, and a look may take as long
	stranger.Go(t, link)
	d.look(t, stranger, "enter")
	d.weigh(t, stranger, "enter")
	again := d.browser.Tab(t)
	again.Go(t, link)
	if status := again.Follow(t, "main button[type=submit]"); status != http.StatusForbidden {
		t.Errorf("the link is good again: %d", status)
	}
	again.Complaints(t) // of that status
	d.look(t, again, "enter-refused")
	if p.Go(t, d.Console+"/nothing-here") != http.StatusNotFound {
		t.Error("there is a page that is none")
	}
	p.Complaints(t)
	d.look(t, p, "not-found")
	mouse{d, p}.follow(t, `main a[href="/"]`) // of who has entered
	d.at(t, p, "/")
}

// empty is what a console shows on the first day.
func (d *desk) empty(t *testing.T) {
	p := d.enter(t)
	for path, name := range listed() {
		p.Go(t, d.Console+path)
		d.look(t, p, "empty-"+name)
	}
}

// listed are the pages of the navigation, by path.
func listed() map[string]string {
	return map[string]string{"/": "overview", "/refusals": "refusals", "/explain": "explain", "/sessions": "sessions",
		"/waiting": "lobby", "/whitelist": "whitelist", "/audit": "audit"}
}

// pictures are those of docs/console.md; make pictures puts them there.
func (d *desk) pictures(t *testing.T) {
	p := d.enter(t)
	p.As(t, driver.View{Width: 1100, Height: 720})
	for name, path := range map[string]string{"overview": "/", "refusals": "/refusals?reason=audience_mismatch"} {
		p.Go(t, d.Console+path)
		p.Do(t, `document.querySelectorAll("details.item").forEach((e, i) => { e.open = i < 1; })`)
		p.Await(t, `(document.getElementById("live-state") || {textContent: "none"}).textContent !== ""`, within)
		p.Do(t, `document.querySelectorAll("#ready code").forEach((e) => { e.textContent = "/etc/usher/usher.yaml"; })`)
		p.Picture(t, "console-"+name)
	}
}

// addresses are all pages that a GET leads to, by what they are called.
func addresses() map[string]string {
	all := map[string]string{"revoked": "/sessions/revoked", "revoke": "/sessions/revoke", "import": "/whitelist/import",
		"sessions-found": "/sessions?q=user1", "decisions": "/refusals?all=true", "whitelist-none": "/whitelist?q=nobody",
		"revoke-long": "/sessions/revoke?by=account&of=" + long + "@meet.example.com"}
	for path, name := range listed() {
		all[name] = path
	}
	return all
}

// pages looks at every page there is, with many people of many names on it.
func (d *desk) pages(t *testing.T) {
	p := d.enter(t)
	for name, path := range addresses() {
		t.Run(name, func(t *testing.T) {
			d.opened(t, p, path)
			d.look(t, p, name)
			d.weigh(t, p, name)
		})
	}
}

// opened is a page with what is folded on it opened, but not all of a long list.
func (d *desk) opened(t *testing.T, p *driver.Page, path string) *driver.Page {
	t.Helper()
	if status := p.Go(t, d.Console+path); status != http.StatusOK {
		t.Fatalf("%s has the status %d", path, status)
	}
	p.Do(t, `document.querySelectorAll("details").forEach((e, i) => { e.open = i < 2; })`)
	return p
}

// links follows every link of every page, and of those that they lead to.
func (d *desk) links(t *testing.T) {
	p := d.enter(t)
	queue := slices.Collect(maps.Values(addresses()))
	for seen := map[string]bool{}; len(queue) > 0; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		for name, i := range links(t, d.opened(t, p, queue[0])) {
			if d.controls.used[name] || strings.Contains(name, "/whitelist/export") { // that is a file
				continue
			}
			d.controls.used[name] = true
			d.opened(t, p, queue[0])
			p.Do(t, fmt.Sprintf(`((c) => c.controls()[%d].setAttribute("data-next", ""))(%s)`, i, controlsScript))
			if strings.HasSuffix(name, "#") {
				p.Click(t, "[data-next]")
				continue
			}
			if status := p.Follow(t, "[data-next]"); status != http.StatusOK {
				t.Errorf("%s: %s leads to a page with the status %d", queue[0], name, status)
			}
			queue = append(queue, driver.Eval[string](t, p, "location.pathname"))
		}
	}
	d.quiet(t, p, "links")
}

// live: a refusal is on the page a moment later, and it is no other page; and so is who waits.
func (d *desk) live(t *testing.T) {
	p := d.enter(t)
	p.Go(t, d.Console+"/refusals")
	p.Do(t, `window.same = true`)
	p.Await(t, `document.getElementById("live-state").textContent !== ""`, within)
	first := driver.Eval[string](t, p, `document.querySelector("details.item").id`)
	begun := time.Now()
	d.refuse(t, 1)
	p.Await(t, fmt.Sprintf(`window.same && document.querySelector("details.item").id !== %q`, first), within)
	t.Logf("a refusal was on the page after %s", time.Since(begun).Round(time.Millisecond))
	d.look(t, p, "refusals-live")
	m := mouse{d, p}
	m.push(t, "#live-pause")
	paused := driver.Eval[string](t, p, `document.querySelector("details.item").id`)
	d.refuse(t, 1)
	time.Sleep(300 * time.Millisecond)
	if now := driver.Eval[string](t, p, `document.querySelector("details.item").id`); now != paused {
		t.Error("a page that is paused changes")
	}
	m.push(t, "#live-pause")
	p.Await(t, fmt.Sprintf(`window.same && document.querySelector("details.item").id !== %q`, paused), within)
	for _, path := range []string{"/", "/audit"} {
		p.Go(t, d.Console+path)
		p.Await(t, `document.getElementById("live-state").textContent !== ""`, within)
		m.push(t, "#live-pause")
	}
	p.Go(t, d.Console+"/waiting")
	p.Await(t, `document.getElementById("live-state").textContent !== ""`, within) // which moves the button
	m.push(t, "#live-pause")
	m.push(t, "#live-pause")
	p.Do(t, `window.same = true`)
	p.Await(t, `document.getElementById("live-state").textContent !== ""`, within)
	guest := d.Guest(t)
	d.knock(t, guest, "standup", "Spät Kommender")
	p.Await(t, `window.same && document.body.innerText.includes("Spät Kommender")`, within)
	d.Usher.Run(t, "lobby", "deny", "standup", guest.Bare())
	p.Await(t, `window.same && !document.body.innerText.includes("Spät Kommender")`, within)
	d.pressed(t, p)
}

// pressed: a button that is being pressed stays where it is while the page changes, also in Safari, which gives it no
// focus.
func (d *desk) pressed(t *testing.T, p *driver.Page) {
	t.Helper()
	first := d.Guest(t)
	d.knock(t, first, "standup", "Frühe Klopfende")
	p.Await(t, `document.body.innerText.includes("Frühe Klopfende")`, within)
	p.Do(t, `addEventListener("mousedown", (e) => e.preventDefault())`)
	row := driver.Eval[string](t, p,
		`[...document.querySelectorAll("#waiters tr")].find((e) => e.innerText.includes("Frühe Klopfende")).id`)
	p.FollowSlowly(t, "#"+row+" button[value=false]", func() {
		d.knock(t, first, "standup", "Frühe Klopfende") // its row says how often
		d.knock(t, d.Guest(t), "standup", "Noch Spätere")
		p.Await(t, `document.body.innerText.includes("Noch Spätere")`, within)
	})
	says(t, p, first.Bare())
}
