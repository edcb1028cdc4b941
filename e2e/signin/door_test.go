package signin

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"usher/e2e/browser/driver"
	"usher/e2e/browser/page"
	"usher/e2e/nginx"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/prosody"
	"usher/e2e/provider"
	"usher/e2e/world"
)

// origin is that of the page, of the door and of the gateway.
const origin = "https://" + world.Meet

// consoleOrigin is that of the console behind nginx, as deploy/nginx-console.conf has it.
const consoleOrigin = "https://console.example.com"

// callback is where the provider sends people back to.
const callback = origin + "/login/callback/" + world.Meet

// A door is a site whose people sign in at a provider by usher.
type door struct {
	*world.World
	provider *provider.Provider
	nginx    *nginx.Server

	mu       sync.Mutex
	visitors int
}

// An option changes what is the same in most tests.
type option struct {
	provider   provider.Config // besides clients and users
	skew       int             // of the provider's tokens
	audience   []string        // of them, besides
	public     bool            // usher has no secret there
	moderators string          // claims; the role "moderator" unless given
	login      string          // further settings of the host's login, in braces, with commas before each
	host       string          // further lines of usher's host, and further hosts
	both       bool            // other.example.com signs people in there, too
	plain      bool            // there is no relay: a Prosody without Jitsi
	console    string          // address of the console, which lets in whom the provider makes usher-admin
	behind     bool            // the console is behind nginx, at consoleOrigin
}

// open starts one.
func open(t *testing.T, v prosody.Version, o option) *door {
	t.Helper()
	nginxtest.Require(t)
	d := &door{}
	o.provider.Users = people()
	secret := "a secret of the client's"
	if o.public {
		secret = ""
	}
	o.provider.Clients = []provider.Client{{ID: "meet", Secret: secret, PostLogout: []string{signedOut}, Skew: o.skew,
		Redirects: []string{callback, "https://other.example.com/login/callback/other.example.com"}, Audience: o.audience}}
	d.provider = provider.Start(t, o.provider)
	settings := func(host string) string {
		line := fmt.Sprintf("    %s: {issuer: %q, ca_file: %s, client_id: meet", host, d.provider.Issuer, d.provider.CAFile)
		if secret != "" {
			line += ", client_secret_file: " + secretFile(t, secret)
		}
		return line
	}
	login := "login:\n  secret_files: [" + secretFile(t, strings.Repeat("0123456789abcdef", 4)) + "]\n  hosts:\n" +
		settings(world.Meet) + o.login + "}\n"
	if o.both {
		login += settings(other) + "}\n"
	}
	listen := ""
	if o.console != "" {
		listen = "  console: " + o.console + "\n"
		url := "http://" + o.console
		if o.behind {
			url = consoleOrigin
		}
		login += "console: {url: \"" + url + "\", admins: [{host: " + world.Meet + ", issuer: usher-login, " +
			"claim: realm_access.roles=usher-admin, audience: usher-console}]}\n"
	}
	relay, gateway := &world.Relay{}, ""
	if o.plain {
		relay, gateway = nil, `origins: ["`+origin+`"]`
	}
	d.World = world.New(t, v, world.Options{
		Relay:      relay,
		Gateway:    gateway,
		Listen:     listen,
		Moderation: "moderators: [" + cmp.Or(o.moderators, `"realm_access.roles=moderator"`) + "]",
		Host:       o.host,
		Sections:   login,
	})
	front := nginx.Config{Shape: "debian", Gateway: d.Usher.Gateway, More: nginxLines(t) + visitors}
	if o.behind {
		front.Console = o.console
	}
	d.nginx = nginxtest.With(t, front, page.Site{Jitsi: true, TokenAuthURL: tokenAuthURL(t)})
	return d
}

// visitors has nginx believe the tests' visitors, who all come from this machine, that they come from elsewhere.
const visitors = "set_real_ip_from 127.0.0.0/8;\nreal_ip_header X-Visitor;\n"

// signedOut is where the provider sends people back to who have signed out.
const signedOut = origin + "/login/logout?done&host=" + world.Meet

func secretFile(t *testing.T, secret string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// browser starts a Chromium for the site.
func (d *door) browser(t *testing.T) *driver.Browser {
	t.Helper()
	driver.RequireJitsi(t)
	return driver.Start(t, map[string]string{world.Meet: d.nginx.TLS(), "console.example.com": d.nginx.TLS()})
}

// nginxLines are those of the guide.
func nginxLines(t *testing.T) string {
	t.Helper()
	return fenced(t, "The web server", "nginx")
}

// tokenAuthURL is what the guide writes into config.js.
func tokenAuthURL(t *testing.T) string {
	t.Helper()
	_, text, found := strings.Cut(fenced(t, "Jitsi's page", "js"), "tokenAuthUrl = '")
	text, _, ends := strings.Cut(text, "'")
	if !found || !ends {
		t.Fatal("the guide has no tokenAuthUrl")
	}
	return text
}
