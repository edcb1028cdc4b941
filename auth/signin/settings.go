package signin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/auth/claim"
	"usher/auth/inner"
	"usher/auth/keys"
	"usher/auth/signin/oidc"
	"usher/internal/jid"
	"usher/lobby"
)

const (
	// Door is the name of this door in logs and metrics.
	Door = "signin"

	// Issuer is the internal issuer of the tokens that are made here: their iss.
	Issuer = "usher-login"

	// Audience is their aud.
	Audience = "jitsi"

	// AccountPrefix begins the accounts that they name at hosts where tokens name accounts.
	AccountPrefix = "login-"

	// DefaultTTL is how long they are good.
	DefaultTTL = 15 * time.Minute

	// DefaultScopes is what is asked of a provider.
	DefaultScopes = "openid profile email"
)

// Settings are what a reload may change.
type Settings struct {
	Secrets [][]byte // the first signs and seals, all verify and open
	Hosts   map[string]HostSettings
}

// HostSettings are those of one virtual host.
type HostSettings struct {
	Provider oidc.Config

	// URL is where browsers reach this door: the origin of the gateway. Pages are where people may be sent back to:
	// origins, perhaps with a path; the first one is sent to where a request says nothing else.
	URL   string
	Pages []string

	Tenants []string // as sub names them, the host's name for rooms without one; "*" alone: all
	Rooms   []string // patterns, as the lobby has them; nil: all
	Who     []claim.Test
	TTL     time.Duration
	Schemes map[string]string // of the mobile and desktop apps' own links, by kind; an app without one gets https

	// What is made of the ID token, as the host's own settings say it.
	Leeway     time.Duration
	Moderators []claim.Test
	Context    []inner.Source
	Features   []inner.Feature

	// Key signs the tokens. Consoles say who may sign in to usher's console: whoever one of them takes.
	Key      keys.SigningKey
	Consoles []Console
}

// Console is usher's console, where people are let in by tokens of this door.
type Console struct {
	URL      string // without a slash at its end
	Audience string
	Claim    claim.Test // who may
}

// ConsoleAddress is where people begin a sign-in to the console; empty: none may.
func (c Settings) ConsoleAddress() string {
	for _, name := range slices.Sorted(maps.Keys(c.Hosts)) {
		if h := c.Hosts[name]; len(h.Consoles) > 0 {
			return h.URL + consoleLogin(name)
		}
	}
	return ""
}

func consoleLogin(host string) string { return LoginPath + "?console=1&host=" + host }

// ConsoleTTL is how long a token for the console is good.
const ConsoleTTL = 5 * time.Minute

// The kinds of apps that have schemes of their own.
const (
	AppMobile  = "mobile"
	AppDesktop = "desktop"
)

// host is one host's settings made ready.
type host struct {
	HostSettings
	name     string
	provider *oidc.Provider
	rooms    []lobby.Pattern
	seal     sealer
	jar      jar
}

// ready makes a host's settings ready. The provider is added when they are in force.
func ready(name string, s HostSettings, seal sealer) (*host, error) {
	h := &host{HostSettings: s, name: name, seal: seal, jar: jar{strings.HasPrefix(s.URL, "https:")}}
	for _, text := range s.Rooms {
		p, err := lobby.ParsePattern(text)
		if err != nil {
			return nil, fmt.Errorf("host %q: rooms: %w", name, err)
		}
		h.rooms = append(h.rooms, p)
	}
	if h.Moderators == nil {
		h.Moderators = auth.DefaultModerators()
	}
	if err := oidc.CheckIssuer(s.Provider.Issuer, s.Provider.InsecureHTTP); err != nil {
		return nil, fmt.Errorf("host %q: issuer: %w", name, err)
	}
	if s.Provider.ClientID == "*" {
		return nil, fmt.Errorf(`host %q: client_id "*" would take ID tokens for anybody`, name)
	}
	if len(s.Pages) == 0 || s.URL == "" || s.TTL <= 0 {
		return nil, fmt.Errorf("host %q: no page, address or time", name)
	}
	return h, nil
}

// callback is where the provider sends people back to.
func (h *host) callback() string { return h.URL + CallbackPath + h.name }

// page returns one of the host's pages: the one that is named, or without a name the first.
func (h *host) page(named string) (string, bool) {
	if named == "" {
		return h.Pages[0], true
	}
	named = strings.TrimSuffix(named, "/")
	return named, slices.Contains(h.Pages, named)
}

// servesOn reports whether an address that a browser asked may be this host's: its own name, or that of a page or
// of the door.
func (h *host) servesOn(header string) bool {
	name, _, _ := strings.Cut(jid.LowerASCII(header), ":")
	is := func(address string) bool {
		u, err := url.Parse(address)
		return err == nil && (strings.EqualFold(u.Host, header) || u.Port() == "" && u.Hostname() == name)
	}
	return name == h.name || is(h.URL) || slices.ContainsFunc(h.Pages, is)
}

// prefix is what the ids of the provider's people begin with.
func (h *host) prefix() string {
	_, rest, _ := strings.Cut(h.Provider.Issuer, "://")
	return strings.TrimSuffix(rest, "/")
}

// personID is the id of a person of the provider in the tokens that are made here. Letter case tells no persons
// apart elsewhere in usher, and it may at the provider: a sub with capitals has a print of it behind it, and another
// sign before it than those that have none.
func (h *host) personID(sub string) string {
	if jid.LowerASCII(sub) == sub {
		return h.prefix() + ":" + sub
	}
	print := sha256.Sum256([]byte(sub))
	return h.prefix() + "!" + sub + "." + hex.EncodeToString(print[:6])
}

// Check refuses settings with which nobody could sign in.
func (c Settings) Check() error {
	if len(c.Hosts) == 0 {
		return nil
	}
	seal, err := newSealer(c.Secrets)
	errs := []error{err}
	for _, name := range slices.Sorted(maps.Keys(c.Hosts)) {
		_, err := ready(name, c.Hosts[name], seal)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// IsBrowsers reports whether a scheme is one that browsers open themselves, so that it is no app's.
func IsBrowsers(scheme string) bool {
	switch scheme {
	case "http", "https", "ws", "wss", "ftp", "file", "data", "blob", "javascript", "vbscript", "about", "view-source",
		"filesystem", "intent", "chrome", "content", "mailto", "tel", "sms":
		return true
	}
	return false
}
