package world

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher/auth/authtest"
	"usher/e2e/browser/focus"
	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/internal/prosodyconf"
)

// The further hosts of a world with a relay.
const (
	LobbyHost = "lobby.meet.example.com" // Jitsi's lobby rooms
	FocusHost = "focus.meet.example.com" // where clients ask for conferences
	AppID     = "jitsi-app"              // Prosody's app_id: iss and aud of inner tokens
	// innerSecret signs inner tokens where that is by HS256.
	innerSecret = "f3c1a0d95b7e48612d7c9e0fa4b3861577e2c4d90b1a3f58"
)

// Relay makes the world that of a Jitsi: Prosody's host keeps authentication = "token", of our stand-in or of the real
// module, jicofo makes the rooms, and usher is in front of it as a relay.
type Relay struct {
	HS256       bool   // inner tokens are signed with a secret; else RS256
	Lines       string // further lines of the section relay, such as "early_guests: join", with commas between them
	Prosody     string // further lines of Jitsi's virtual host, in Lua
	Host        string // further modules of Jitsi's virtual host, quoted and with a comma behind each
	Modules     string // further modules of the rooms, quoted and with a comma behind each
	Without     string // what is left out: muc_hide_all, muc_rate_limit, muc_breakout_rooms, token_verification, allowlist
	NoComponent bool   // usher is no component
	Anyone      bool   // everybody may make rooms: restrict_room_creation = false
	Keys        string // Prosody's lines of app_secret, if they are not those that usher wants
	Guests      string // how guests log in; empty: anonymous. Shipped is jitsi-anonymous, by which they may resume
	Tenants     bool   // rooms of tenants have addresses of their own, by mod_muc_domain_mapper
}

// relayConfig is usher's configuration, as Config has it.
func (w *World) relayConfig(o Options, component string) string {
	u, r := w.Usher, o.Relay
	var b strings.Builder
	fmt.Fprintf(&b, "listen:\n  dovecot: %s\n  http: %s\n  gateway: %s\n  metrics: %s\n  admin: %s\n",
		u.Path("auth.sock"), u.HTTP, u.Gateway, u.Path("metrics.sock"), u.Path("admin.sock"))
	b.WriteString(o.Listen)
	fmt.Fprintf(&b, "state: sqlite:%s\nhttp_secret_file: http.secret\n", u.Path("usher.db"))
	if o.Debug {
		b.WriteString("log: {level: debug}\n")
	}
	upstream := "127.0.0.1:1" // not known yet
	if w.Prosody != nil {
		upstream = w.Prosody.HTTP()
	}
	gateway := cmp.Or(o.Gateway, `origins: ["https://`+Meet+`"]`)
	fmt.Fprintf(&b, "gateway: {upstream: \"http://%s\", %s}\n", upstream, gateway)
	if !r.NoComponent {
		fmt.Fprintf(&b, "component: {jid: %s, address: %q, secret_file: component.secret}\n", UsherJID, component)
	}
	fmt.Fprintf(&b, "hosts:\n  %s:\n    muc: [%s]\n    breakout: [%s]\n    lobby_domain: %s\n    guests: [%s]\n"+
		"    service_accounts: [focus@%s, recorder@%s]\n",
		Meet, Conference, Breakout, LobbyHost, Guests, Services, Services)
	fmt.Fprintf(&b, "    issuers:\n      %s:\n        secret_files: [my-app.secret, old.secret]\n"+
		"        audience: [%s]\n%s", authtest.Issuer, authtest.Audience, o.Issuers)
	lines := "app_id: " + AppID + ", key_file: inner.pem"
	if r.HS256 {
		lines = "app_id: " + AppID + ", secret_file: inner.secret"
	}
	if r.Lines != "" {
		lines += ", " + r.Lines
	}
	fmt.Fprintf(&b, "    relay: {%s}\n", lines)
	o.Issuers = ""
	o.rest(&b)
	return b.String()
}

// innerKey makes what signs inner tokens, and returns what Prosody verifies them with: the lines of app_secret.
func (w *World) innerKey(r *Relay) string {
	if r.HS256 {
		w.Usher.Write("inner.secret", innerSecret)
		return "app_secret = " + prosodyconf.Quote(innerSecret) + "\n"
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		w.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		w.t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Usher.Write("inner.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	return "signature_algorithm = \"RS256\"\napp_secret = " + prosodyconf.Quote(string(block)) + "\n"
}

// relayHosts are those of a shipped Jitsi, as far as usher has to do with them.
func (w *World) relayHosts(o Options) []prosody.Host {
	r := o.Relay
	admins := `admins = { "focus@` + Services + `"`
	if !r.NoComponent && !o.NoRights {
		admins += `, "` + UsherJID + `"`
	}
	room := "storage = \"memory\"\ncomponent_admins_as_room_owners = true\nmuc_room_locking = false\nmuc_room_default_public_jids = true\n" +
		fmt.Sprintf("restrict_room_creation = %t\n", !r.Anyone) + admins + " }\n"
	modules := "modules_enabled = { " + r.with("muc_hide_all") + r.with("muc_rate_limit") + r.Modules
	mapper := ""
	if r.Tenants {
		mapper = `"muc_domain_mapper", `
	}
	key := w.innerKey(r)
	meet := "authentication = \"token\"\napp_id = \"" + AppID + "\"\n" + cmp.Or(r.Keys, key) +
		"main_muc = \"" + Conference + "\"\nlobby_muc = \"" + LobbyHost + "\"\n" +
		"breakout_rooms_muc = \"" + Breakout + "\"\n" +
		"modules_enabled = { " + mapper + r.Host + r.with("muc_breakout_rooms") +
		"\"muc_lobby_rooms\", \"filter_iq_jibri\", \"presence_identity\" }\n" + admins + " }\n"
	hosts := []prosody.Host{
		{Name: Meet, Lines: meet + r.Prosody},
		{Name: Guests, Lines: "authentication = " + prosodyconf.Quote(cmp.Or(r.Guests, "anonymous")) +
			"\nmodules_enabled = { " + mapper + "}\n"},
		{Name: Services, Lines: "authentication = \"internal_plain\"\n",
			Accounts: map[string]string{"focus": "secret", "recorder": "secret"}},
		{Name: Conference, Component: "muc", Lines: modules + r.with("token_verification") +
			"\"jitsi_permissions\" }\n" + r.allowlist() + room + o.MUC},
		{Name: Breakout, Component: "muc", Lines: modules + "}\n" + room},
		{Name: LobbyHost, Component: "muc", Lines: "modules_enabled = { " + r.with("muc_hide_all") + "}\n" + room},
		{Name: FocusHost, Component: "component", Lines: "component_secret = \"focus\"\n"},
	}
	if !r.NoComponent {
		hosts = append(hosts, prosody.Host{Name: UsherJID, Component: "component",
			Lines: "component_secret = \"" + daemon.ComponentSecret + "\"\n"})
	}
	return append(hosts, o.More...)
}

// allowlist are the lines of whom Jitsi's verification lets join without a token.
func (r *Relay) allowlist() string {
	if r.with("allowlist") == "" {
		return ""
	}
	return "token_verification_allowlist = { \"" + Guests + "\", \"" + Services + "\" }\n"
}

// with is a module for a list of modules, unless it is left out.
func (r *Relay) with(module string) string {
	if slices.Contains(strings.Fields(r.Without), module) {
		return ""
	}
	return prosodyconf.Quote(module) + ", "
}

// startJicofo starts what answers for conferences; its user makes the rooms, and stays in them.
func (w *World) startJicofo() {
	w.t.Helper()
	user := w.Focus(w.t)
	begin := func(room string) error {
		if _, err := user.Self(room); err == nil {
			return nil
		}
		_, err := user.Join(Within(w.t), room, "focus")
		return err
	}
	config := focus.Config{Addr: w.Prosody.Component(), Host: FocusHost, Secret: "focus", Begin: begin}
	f, err := focus.Start(Within(w.t), config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = f.Close() })
	w.Jicofo, w.leader = f, user
}

// Begin has jicofo make a room, as it does when somebody asks for the conference.
func (w *World) Begin(room string) {
	w.t.Helper()
	if _, err := w.leader.Join(Within(w.t), room, "focus"); err != nil {
		w.t.Fatalf("jicofo joining %s: %v", room, err)
	}
}

// Abandon has jicofo leave a room, which ends with its last occupant.
func (w *World) Abandon(room string) { w.leader.Leaves(room) }

// Meets does what Jitsi's client does to come into a room: it asks for the conference, and joins once that is ready.
// It returns the role and the affiliation of the first presence.
func (p *Person) Meets(room string) string {
	p.t.Helper()
	if err := p.Confers(room); err != nil {
		p.t.Fatalf("%s asking for %s: %v\n%s", p.Bare(), room, err, p.w.Usher.Log())
	}
	return p.Joins(room)
}

// Confers asks for a conference. The error is a [*client.StanzaError] where that is refused.
func (p *Person) Confers(room string) error {
	ready, err := p.Conference(Within(p.t), FocusHost, room, p.Token)
	if err == nil && !ready {
		err = fmt.Errorf("%s is not ready", room)
	}
	return err
}

// A Link is how somebody comes through the gateway.
type Link struct {
	Host   string // Meet, unless it is another
	Token  string
	Room   string // of the address
	Tenant string // likewise
	Resume string // the stream to take up: in the address, and in the stream
	BOSH   bool   // else by WebSocket
}

// Follow opens a link at the gateway, and fails the test if that leads to no login.
func (w *World) Follow(t testing.TB, l Link) *Person {
	t.Helper()
	p, err := w.Try(t, l)
	if err != nil {
		t.Fatalf("following a link: %v\n%s", err, w.Usher.Log())
	}
	return p
}

// Try is Follow of a link that may lead nowhere. The error is a [*client.Refused] where the login is refused.
func (w *World) Try(t testing.TB, l Link) (*Person, error) {
	t.Helper()
	login := client.Login{Mechanism: "ANONYMOUS", Resume: l.Resume, Via: l.via(w.Usher.Gateway)}
	return w.dialed(t, l, login)
}

// Straight opens a link at Prosody itself, past usher.
func (w *World) Straight(t testing.TB, l Link) (*Person, error) {
	t.Helper()
	return w.At(t, w.Prosody.HTTP(), l)
}

// At opens a link at an address that leads to Prosody without usher.
func (w *World) At(t testing.TB, address string, l Link) (*Person, error) {
	t.Helper()
	login := client.Login{Mechanism: "ANONYMOUS", Resume: l.Resume, Via: l.via(address)}
	return w.dialed(t, l, login)
}

func (w *World) dialed(t testing.TB, l Link, login client.Login) (*Person, error) {
	t.Helper()
	s, err := client.Dial(Within(t), login.At("", cmp.Or(l.Host, Meet)))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = s.Close() })
	p := w.Person(t, s)
	p.Token = l.Token
	return p, nil
}
