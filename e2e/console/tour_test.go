package console

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/e2e/browser/driver"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// A tour is an operator's way through all that the pages can do, by some hands.
type tour struct {
	*desk
	hands
	p      *driver.Page
	name   string // of the hands, without spaces
	person string // who is revoked, whitelisted and so on
}

// all goes the whole way.
func (o *tour) all(t *testing.T) {
	t.Helper()
	for _, part := range []struct {
		name string
		take func(*testing.T)
	}{
		{"sessions", o.sessions}, {"lobby", o.lobby}, {"whitelist", o.whitelist}, {"import", o.importing},
		{"explain", o.explain}, {"refusals", o.refusals}, {"overview", o.overview}, {"audit", o.audit}, {"leave", o.leave},
	} {
		if !t.Run(part.name, part.take) {
			o.p.ScreenshotIn(t, o.kept, "failed-"+o.name+"-"+part.name)
			return
		}
		o.quiet(t, o.p, o.name+", "+part.name)
	}
}

// to goes to a page by the navigation.
func (o *tour) to(t *testing.T, path string) {
	t.Helper()
	if status := o.follow(t, fmt.Sprintf("header nav a[href=%q]", path)); status != http.StatusOK {
		t.Fatalf("%s has the status %d", path, status)
	}
	o.at(t, o.p, path)
	if got := driver.Eval[string](t, o.p, `(document.querySelector("nav [aria-current=page]") || {}).pathname`); got != path {
		t.Errorf("the navigation says that %s is here, not %s", got, path)
	}
}

// search looks for something in a list that there is one of.
func (o *tour) search(t *testing.T, text string) {
	t.Helper()
	o.write(t, "main form[role=search] #q", text)
	o.follow(t, "main form[role=search] button")
	rows(t, o.p, "main table.list tbody tr", 1)
}

func (o *tour) sessions(t *testing.T) {
	o.to(t, "/sessions")
	o.search(t, o.person)
	o.follow(t, `main a[href^="/sessions/revoke?by=account"]`)
	o.at(t, o.p, "/sessions/revoke")
	says(t, o.p, "What will happen", "1 session ends", o.person)
	rows(t, o.p, "main form[method=post]", 1)
	o.follow(t, "main button.danger")
	o.at(t, o.p, "/sessions")
	says(t, o.p, "evoked")
	o.follow(t, `main a[href="/sessions/revoked"]`)
	o.search(t, o.person)
	o.follow(t, `main a[href^="/sessions/allow"]`)
	says(t, o.p, o.person)
	o.follow(t, "main form[method=post] button")
	o.at(t, o.p, "/sessions/revoked")
	o.search(t, o.person+"-nobody") // one row, which says that there is none
	o.follow(t, `main form[role=search] a`)
	o.follow(t, `main a[href="/sessions"]`)
	o.follow(t, `main a[href="/sessions/revoke"]`)
	o.write(t, "#of", "nobody@"+world.Meet)
	if status := o.follow(t, "main form button[type=submit]"); status != http.StatusUnprocessableEntity {
		t.Errorf("nobody can be revoked: %d", status)
	}
	o.p.Complaints(t) // of that status
	says(t, o.p, "There is no session of this account")
	o.set(t, "#by", "user")
	o.write(t, "#of", o.person)
	o.write(t, "#host", world.Meet)
	o.write(t, "#issuer", authtest.Issuer)
	o.follow(t, "main form button[type=submit]")
	says(t, o.p, "What will happen", o.person)
	o.follow(t, `main a[href="/sessions"]`)
	o.at(t, o.p, "/sessions")
}

func (o *tour) lobby(t *testing.T) {
	let, out := "Gast Ümit "+o.name, "Гость "+o.name
	in, not := o.Guest(t), o.Guest(t)
	o.knock(t, in, "standup", let)
	o.knock(t, not, "standup", out)
	o.to(t, "/waiting")
	says(t, o.p, let, out)
	o.decide(t, in, "true")
	in.IsInvited(world.Room("standup"))
	in.Joins(world.Room("standup"))
	o.decide(t, not, "false")
	not.IsRefusedAnyhow(world.Room("standup"))
}

// decide admits or denies somebody, who is off the list then.
func (o *tour) decide(t *testing.T, guest *world.Person, admit string) {
	t.Helper()
	var id string
	for _, k := range o.knocks(t) {
		if k.JID == guest.Bare() {
			id = k.ID
		}
	}
	row := fmt.Sprintf(`main form[action="/waiting"]:has(input[value=%q])`, id)
	o.follow(t, fmt.Sprintf("%s button[value=%q]", row, admit))
	o.at(t, o.p, "/waiting")
	says(t, o.p, guest.Bare()) // whom the notice names
	rows(t, o.p, row, 0)
}

func (o *tour) whitelist(t *testing.T) {
	who := "gast-" + o.name + "@" + world.Guests
	o.to(t, "/whitelist")
	o.write(t, "#who", who)
	o.write(t, "main section #room", "board-*")
	o.write(t, "#note", "Besuch, визит, زيارة")
	o.set(t, "#by", "jid")
	o.set(t, "#ends", "until")
	o.set(t, "#until", time.Now().AddDate(0, 0, 2).Format("2006-01-02T15:04"))
	o.follow(t, `main section form button[type=submit]`)
	o.at(t, o.p, "/whitelist")
	o.search(t, who)
	says(t, o.p, "board-*", "Besuch, визит, زيارة")
	o.follow(t, `main a[href^="/whitelist/remove"]`)
	says(t, o.p, who)
	o.follow(t, "main form[method=post] button")
	o.at(t, o.p, "/whitelist")
	if list := o.Usher.Run(t, "lobby", "list"); strings.Contains(list, who) {
		t.Errorf("it is still on the list:\n%s", list)
	}
}

func (o *tour) importing(t *testing.T) {
	first, second := "liste-"+o.name+"@"+world.Meet, "datei-"+o.name+"@"+world.Meet
	o.to(t, "/whitelist")
	o.controls.use(t, o.p, `main a[href="/whitelist/export"]`)
	exported := driver.Eval[string](t, o.p, `fetch("/whitelist/export").then((r) => r.text())`)
	if want := o.Usher.Run(t, "lobby", "export"); exported != want {
		t.Errorf("the export is\n%s, not\n%s", exported, want)
	}
	o.follow(t, `main a[href="/whitelist/import"]`)
	o.write(t, "#list", first+" # from a list\nroom= without an account")
	o.follow(t, "main form button[type=submit]")
	o.p.Complaints(t) // of the status
	says(t, o.p, "Nothing was changed", "line 2")
	o.write(t, "#list", first+" # from a list")
	o.follow(t, "main form button[type=submit]")
	o.at(t, o.p, "/whitelist")
	o.follow(t, `main a[href="/whitelist/import"]`)
	file := filepath.Join(t.TempDir(), "whitelist.txt")
	if err := os.WriteFile(file, []byte(exported+first+"\n"+second+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.controls.use(t, o.p, "#file")
	o.p.Choose(t, "#file", file)
	o.tick(t, "#replace")
	o.follow(t, "main form button[type=submit]")
	o.follow(t, "main form[method=post] button") // it asks first
	o.at(t, o.p, "/whitelist")
	list := o.Usher.Run(t, "lobby", "list")
	for _, who := range []string{first, second} {
		if !strings.Contains(list, who) {
			t.Errorf("%s is not on the list:\n%s", who, list)
		}
		o.Usher.Run(t, "lobby", "remove", who)
	}
}

func (o *tour) explain(t *testing.T) {
	token := tokens.Sign(t, world.Meet, tokens.Claims(german, "standup", nil))
	late := tokens.Sign(t, world.Meet, tokens.Claims(german, "standup", map[string]any{"exp": 1}))
	o.to(t, "/explain")
	o.write(t, "#token", token)
	o.write(t, "main #room", "standup")
	o.write(t, "#host", world.Meet)
	o.write(t, "#user", german)
	o.follow(t, "main form button[type=submit]")
	o.at(t, o.p, "/explain")
	says(t, o.p, "signature")
	o.write(t, "#token", "https://"+world.Meet+"/standup?jwt="+late)
	o.follow(t, "main form button[type=submit]")
	says(t, o.p, "expired")
	for _, told := range []string{driver.Eval[string](t, o.p, "document.documentElement.outerHTML"), o.Usher.Log()} {
		for _, secret := range []string{token, late} {
			if payload := strings.Split(secret, ".")[1]; strings.Contains(told, payload) {
				t.Error("a page or the log tells a token")
			}
		}
	}
}

func (o *tour) refusals(t *testing.T) {
	o.to(t, "/refusals")
	o.push(t, "main details.item summary")
	o.p.Await(t, `document.querySelector("details.item[open]")`, within)
	o.write(t, "#account", german)
	o.write(t, "main #room", "standup")
	o.set(t, "#reason", "expired")
	o.set(t, "#door", "ticket")
	o.set(t, "#since", "1h")
	o.follow(t, "main form[role=search] button")
	o.at(t, o.p, "/refusals")
	says(t, o.p, "No such refusal is kept") // no token that was refused names a room
	o.follow(t, `main form[role=search] a`)
	o.write(t, "#login", "22222222")
	o.follow(t, "main form[role=search] button")
	o.follow(t, `main form[role=search] a`)
	o.tick(t, "#all")
	o.follow(t, "main form[role=search] button")
	rows(t, o.p, "#all:checked", 1)
	o.follow(t, `main form[role=search] a`)
}

func (o *tour) overview(t *testing.T) {
	o.to(t, "/")
	says(t, o.p, "Ready", "The last hour", world.Meet, "my-app", "Listeners")
	o.push(t, "main details summary")
	o.p.Await(t, `document.querySelector("main details[open]")`, within)
	o.follow(t, `main form[action="/reload"] button`)
	o.at(t, o.p, "/")
}

func (o *tour) audit(t *testing.T) {
	o.to(t, "/audit")
	says(t, o.p, "console", "lobby admit", "lobby deny", "sessions revoke", "reload")
	o.write(t, "main #q", "revoke")
	o.follow(t, "main form[role=search] button")
	says(t, o.p, "sessions revoke")
	o.follow(t, `main form[role=search] a`)
}

func (o *tour) leave(t *testing.T) {
	o.follow(t, "header form button")
	o.at(t, o.p, "/enter")
	o.p.Go(t, o.Console+"/sessions")
	o.at(t, o.p, "/enter")
}
