package config

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth/gateway"
	"usher/internal/config/configtest"
)

// relayed begins a configuration with a gateway whose host h has what is put behind it.
const relayed = "listen: {gateway: '127.0.0.1:8281'}\nhosts:\n  h: {issuers: {a: {secret_files: [my-app.secret]}}, "

// badRelays are rows about relays.
var badRelays = []badConfig{
	{relayed + "relay: {}}", `3:61: error: the relay has no app_id — add app_id: what stands after app_id in Prosody's configuration
3:61: error: the relay has no key — add key_file: a private key that openssl genrsa -out inner.pem 2048 makes`},
	{relayed + "relay: {app_id: x, key_file: inner.pem, secret_file: inner.secret}}",
		`3:107: error: the relay has both key_file and secret_file — keep key_file, whose public half Prosody has`},
	{relayed + "relay: {app_id: x, key_file: rsa.pem}}", `3:83: warning: the key file "rsa.pem" is open to every user of this machine — chmod 640 rsa.pem
3:83: error: the key file "rsa.pem": the file holds a public key — name the private one, whose public half Prosody has`},
	{relayed + "relay: {app_id: x, key_file: my-app.secret}}", `3:83: error: the key file "my-app.secret": the file holds no PEM private key — make one: openssl genrsa -out inner.pem 2048`},
	{relayed + "relay: {app_id: x, key_file: none.pem}}", `3:83: error: the key file "none.pem" cannot be read: no such file or directory — create it, or correct the name`},
	{relayed + "relay: {app_id: x, secret_file: weak.secret}}", `3:86: error: the secret file "weak.secret": the secret has 5 bytes, and 32 are the least — make a new one: openssl rand -hex 32`},
	{relayed + "relay: {app_id: x, secret_file: open.secret}}", `3:86: warning: the secret file "open.secret" is open to every user of this machine — chmod 640 open.secret`},
	{relayed + "relay: {app_id: x, secret_file: my-app.secret}}", `3:86: error: the key of "my-app.secret" is also that of issuer "a" of the host "h": its application could make inner tokens — make a new one for the relay, and put what is Prosody's half of it there`},
	{relayed + "relay: {app_id: x, key_file: inner.pem}}\n  i: {issuers: {b: {public_key_files: [inner.pub], algorithms: [RS256]}}}", `3:83: error: the key of "inner.pem" is also that of issuer "b" of the host "i": its application could make inner tokens — make a new one for the relay, and put what is Prosody's half of it there`},
	{relayed + "relay: {app_id: x, key_file: inner.pem}}\n  i: {issuers: {b: {secret_files: [other.secret]}}, relay: {app_id: x, key_file: inner-2.pem}}", `4:82: error: the key of "inner-2.pem" is also that of the relay of the host "h": an inner token of one would be good at the other — make one for each host`},
	{relayed + "relay: {app_id: x, key_file: inner.pem, ttl: 1s, early_guests: maybe, upstream: 'http://a/b', jicofo: here}}", `3:99: error: ttl is 1s: logins would come too late — write at least 10s
3:117: error: early_guests: unknown value "maybe" — use one of: wait, join
3:134: error: upstream: "http://a/b" has a path — leave out what follows the port: /xmpp-websocket and /http-bind are added
3:156: error: jicofo: "here" is no address of a web server — write jicofo's HTTP server, such as http://127.0.0.1:8888`},
	{relayed + "relay: {app_id: x, key_file: inner.pem, allow_empty_token: true}}", `3:113: warning: allow_empty_token has no effect: without guests_start: true no login without a token is let in — add guests_start: true to the host, or remove it`},
	{relayed + "relay: {app_id: x, key_file: inner.pem, ttl: 11m}}", `3:99: error: ttl is 11m, too long — write at most 10m`},
	{relayed + "context: {name: name}, features: {recording: r}}", `3:63: warning: context has no effect: the host has no relay — add relay, or remove it
3:87: warning: features has no effect: the host has no relay — add relay, or remove it`},
	{relayed + "relay: {app_id: x, key_file: inner.pem}, context: {role: role, moderator: m, 'a b': x, name: 'a..b', email: a=b}, features: {'a b': x, recording: 'x='}}", `3:105: error: context: "role" cannot be set: usher decides that itself — see moderation.moderators and lobby
3:117: error: context: "moderator" cannot be set: usher decides that itself — see moderation.moderators and lobby
3:131: error: context: "a b" cannot be set: it is no name — write a member of Jitsi's context.user, such as name, email, avatar or id
3:147: error: context.name: "a..b" is no claim path: it has an empty name — write names with dots between, such as profile.name, and those with dots in quotes
3:162: error: context.email: "a=b" is no claim path: it has an equals sign outside quotes — write names with dots between, such as profile.name, and those with dots in quotes
3:179: error: features: "a b" cannot be set: it is no name — write a feature of Jitsi's, such as recording, livestreaming, transcription or outbound-call
3:200: error: features.recording: "x=" is no claim: there is nothing after the equals sign — write a claim, and after = the value if it is not true: realm_access.roles=recorder`},
	{"hosts:\n  h: {issuers: {a: {secret_files: [my-app.secret]}}, relay: {app_id: x, key_file: inner.pem}}",
		`2:61: warning: relay: nobody can log in, as there is no listen.gateway — name listen.gateway, such as 127.0.0.1:8281`},
	{"listen: {gateway: '127.0.0.1:8281', extauth: /run/usher/x.sock}\nhosts:\n  h: {issuers: {a: {secret_files: [my-app.secret]}}, relay: {app_id: x, key_file: inner.pem}}",
		`1:46: warning: extauth: every host has a relay, so this door refuses every login (relay_host) — remove it`},
	{"listen: {gateway: '127.0.0.1:8281', dovecot: /run/usher/x.sock}\nhosts:\n  h: {issuers: {a: {secret_files: [my-app.secret]}}, relay: {app_id: x, key_file: inner.pem}}",
		`1:46: warning: dovecot: every host has a relay, so this door refuses every login (relay_host) — remove it`},
	{strings.Replace(relayed, "}}", ", account_prefix: a-}}", 1) + "tokens: {account_charset: unicode}, relay: {app_id: x, key_file: inner.pem}}", `3:68: warning: account_prefix has no effect: at a host with a relay Prosody names the accounts, at random — remove it; tenants and rooms bind an issuer
3:100: warning: account_charset has no effect: at a host with a relay Prosody names the accounts, at random — remove it; tenants and rooms bind an issuer`},
	{strings.Replace(relayed, "}}", "}, b: {secret_files: [other.secret], account_prefix: b-}}", 1) + "relay: {app_id: x, key_file: inner.pem}}", `3:16: warning: the host "h" has 2 issuers and none is bound: each can name any tenant and room of it — give each issuer tenants or rooms, unless all of them are one application's
3:103: warning: account_prefix has no effect: at a host with a relay Prosody names the accounts, at random — remove it; tenants and rooms bind an issuer`},
	{relayed + "muc: [c.h], guests: [g.h], relay: {app_id: x, key_file: inner.pem}}\n  i: {issuers: {b: {secret_files: [other.secret]}}, muc: [c.i], guests: [g.h]}\ncomponent: {jid: usher.h, secret_file: inner.secret}", `4:3: error: the guest host "g.h" is under host "h" and under "i" — give each host with a relay guest hosts of its own
4:58: warning: muc: without listen.http Prosody cannot ask who may join a room — set listen.http and http_secret_file, and see usher prosody`},
	{relayed + "muc: [c.h], guests: [i], relay: {app_id: x, key_file: inner.pem}}\n  i: {issuers: {b: {secret_files: [other.secret]}}}\ncomponent: {jid: usher.h, secret_file: inner.secret}",
		`3:3: error: the host "i" is a guest host of "h", and has rules of its own — name the anonymous hosts only, and take them out of hosts`},
}

// TestRelayConfig: what stands in the file is what the verifier and the gateway are given.
func TestRelayConfig(t *testing.T) {
	dir := configtest.KeyFolder(t)
	c, problems := Load(configtest.PutFile(t, dir, "usher.yaml", `listen: {gateway: "127.0.0.1:8281"}
component: {jid: usher.meet.example.com, secret_file: other.secret}
hosts:
  meet.example.com:
    muc: [conference.meet.example.com]
    guests: [guest.meet.example.com]
    guests_start: true
    service_accounts: [focus@auth.meet.example.com]
    relay: {app_id: app, audience: jitsi, key_file: inner.pem, ttl: 90s, domain_verification: false, allow_empty_token: true,
      upstream: "http://127.0.0.1:5281", early_guests: join, jicofo: "http://127.0.0.1:8888"}
    context: {name: profile.name, id: sub}
    features: {recording: "roles=recorder"}
    issuers: {a: {secret_files: [my-app.secret]}}
    moderation: {on_expiry: demote}
    lobby: {enforce: gate, whitelist: [rec@recorder.meet.example.com]}
`, 0o640))
	if c == nil || len(problems) > 0 {
		t.Fatal(configtest.Printed(problems, dir))
	}
	r := c.Auth.Hosts["meet.example.com"].Relay
	if r == nil || r.Issuer != "app" || r.Audience != "jitsi" || r.TTL != 90*time.Second || r.DomainVerification || !r.GuestsStart || !r.AllowEmptyToken ||
		r.KeepRights || len(r.Context) != 2 || r.Features[0].Test.Value != "recorder" || r.Key.Algorithm() != "RS256" {
		t.Errorf("the relay is %+v", r)
	}
	if !c.Rooms[0].Relay || !c.Rooms[0].GuestsStart {
		t.Errorf("the rooms: %+v", c.Rooms[0])
	}
	upstream, jicofo := &url.URL{Scheme: "http", Host: "127.0.0.1:5281"}, &url.URL{Scheme: "http", Host: "127.0.0.1:8888"}
	main := gateway.HostSettings{Kind: gateway.Relayed, Upstream: upstream, Jicofo: jicofo}
	guests := main
	guests.Kind, guests.Main = gateway.Guests, "meet.example.com"
	passwords := gateway.HostSettings{Kind: gateway.Passwords, Upstream: upstream}
	if want := map[string]gateway.HostSettings{"meet.example.com": main, "guest.meet.example.com": guests,
		"auth.meet.example.com": passwords, "recorder.meet.example.com": passwords}; !reflect.DeepEqual(c.Gateway.Hosts, want) {
		t.Errorf("the gateway's hosts are %+v, want %+v", c.Gateway.Hosts, want)
	}
	if !slices.ContainsFunc(c.Paths, func(p string) bool { return p == dir+"/inner.pem" }) {
		t.Errorf("the key is not watched: %v", c.Paths)
	}
	if c.Listen.Dovecot != (Address{}) {
		t.Errorf("a door that no host has a use for is at %v", c.Listen.Dovecot)
	}
}

// TestDovecotBesideRelay: a plain host beside one with a relay has its door, and so has who names it.
func TestDovecotBesideRelay(t *testing.T) {
	dir := configtest.KeyFolder(t)
	const relay = "  h: {issuers: {a: {secret_files: [my-app.secret]}}, relay: {app_id: x, key_file: inner.pem}}\n"
	for text, want := range map[string]string{
		"listen: {gateway: '127.0.0.1:8281'}\nhosts:\n" + relay:                       "",
		"hosts:\n" + relay + "listen: {gateway: '127.0.0.1:8281'}\n":                  "",
		"listen: {gateway: '127.0.0.1:8281', dovecot: /run/x.sock}\nhosts:\n" + relay: "/run/x.sock",
		"hosts:\n" + relay + "  i: {issuers: {b: {secret_files: [other.secret]}}}\n":  "/run/usher/auth.sock",
		"hosts:\n  i: {issuers: {b: {secret_files: [other.secret]}}}\n":               "/run/usher/auth.sock",
	} {
		c, problems := Load(configtest.PutFile(t, dir, "usher.yaml", text, 0o640))
		if c == nil || c.Listen.Dovecot.Name != want {
			t.Errorf("%s\n%v, want %q\n%s", text, c.Listen.Dovecot, want, configtest.Printed(problems, dir))
		}
	}
}
