package loginsection

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/auth/signin"
	"usher/auth/signin/oidc"
	"usher/internal/config/hostsection"
	"usher/internal/config/section"
	"usher/internal/config/source"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/moderation"
)

const (
	minTTL = time.Minute
	maxTTL = 24 * time.Hour
	// longEnough is the shortest life of a token at a host that takes something from people when theirs is over: no
	// page of Jitsi's renews a token without the person.
	longEnough = time.Hour
)

// HostSettings describes the keys of a host.
func HostSettings() section.Section {
	return section.Section{
		Path: "login.hosts.HOST",
		Text: "HOST is one of `hosts`. Its `moderation.moderators`, `features` and `context` are read in the " +
			"provider's ID token; without `context` a person's name, verified address and picture are `name`, " +
			"`email` and `picture`.",
		Settings: slices.Concat(providerSettings(), tokenSettings()),
	}
}

func providerSettings() []section.Setting {
	return []section.Setting{
		{Key: "issuer", Kind: "an https address", Needed: true, Example: "https://id.example.com/realms/main",
			Text: "The provider, letter by letter as it calls itself (`issuer` in its " +
				"`/.well-known/openid-configuration`). http is taken to this machine only, unless `insecure_http` is " +
				"true."},
		{Key: "client_id", Kind: "a text", Needed: true, Example: "meet",
			Text: "What usher is called at the provider, where its redirect address is " +
				"`https://meet.example.com/login/callback/HOST`. No host may take tokens of the provider with it as " +
				"`audience`: an ID token opens no meeting."},
		{Key: "client_secret_file", Kind: "a file of one line", Unset: "a public client, with PKCE alone",
			Example: "/etc/usher/login-client.secret", Text: "The secret that the provider gave usher."},
		{Key: "scopes", Kind: "a list of words, with openid", Default: "[openid, profile, email]",
			Example: "[openid, profile, email, groups]", Text: "What is asked of the provider."},
		{Key: "ca_file", Kind: "a PEM file", Default: "\"\"", Example: "/etc/usher/ca.pem",
			Text: "The CA of the provider, if it is your own. It is believed instead of the system's."},
		{Key: "insecure_http", Kind: "true or false", Default: "false", Example: "true",
			Text: "`true` takes http to other machines, for the provider and for `pages`, in a network of your own: " +
				"who is on the way there can sign in as anybody."},
		{Key: "url", Kind: "an origin", Unset: "that of the first of `pages`", Example: "https://meet.example.com",
			Text: "Where browsers reach `/login`, if that is not where the page is."},
		{Key: "pages", Kind: "a list of addresses", Unset: "`https://HOST`", Example: "[\"https://meet.example.com\"]",
			Text: "The addresses of Jitsi's page, without the room: nobody is sent back to anything else. The first " +
				"one counts where a request does not say `page=`."},
	}
}

func tokenSettings() []section.Setting {
	return []section.Setting{
		{Key: "tenants", Kind: "a list of tenants, or `[\"*\"]`", Unset: "`[HOST]`", Example: "[acme]",
			Text: "For the rooms of which tenants people get a token, as `sub` names them; the host's own name is " +
				"for rooms without a tenant. Others than that want `tokens.subject: tenant`."},
		{Key: "rooms", Kind: "a list of patterns of rooms", Default: "[]", Example: "[\"team-*\"]",
			Text: "For which rooms: names, in which `*` stands for any text. `[]` is every room."},
		{Key: "who", Kind: "a list of claims, each with `=` and a value or without", Default: "[]",
			Example: "[\"realm_access.roles=staff\"]",
			Text: "Who gets a token: whose ID token has one of these claims, written as in `moderators`. `[]` is " +
				"everybody whom the provider signs in. `email=` holds only for an address that the provider has " +
				"verified."},
		{Key: "ttl", Kind: "a duration, 1m to 24h", Default: "15m", Example: "1h",
			Text: "How long a token is good: for one login, and for those that follow it without another sign-in. " +
				"Where `on_expiry` is `demote` or `remove` it has to be 1h or more, as Jitsi's page does not renew " +
				"tokens by itself."},
		{Key: "app_schemes", Kind: "a mapping of `mobile` and `desktop` to a scheme", Default: "{}",
			Example: "{mobile: org.jitsi.meet, desktop: jitsi-meet}",
			Text: "The own links of Jitsi's apps, which then open by a click. Any app of a device can claim such a " +
				"scheme, and would get the token; without it apps are opened by the https links that they are " +
				"registered for."},
	}
}

// A hostReader collects what is said of one host's sign-in.
type hostReader struct {
	*source.Reader
	key                          strictyaml.Item
	config                       signin.HostSettings
	complete                     bool
	issuer, id, secret, ca       strictyaml.Item
	url                          strictyaml.Item
	insecure, tenants, ttl, page strictyaml.Value
}

func newHost(r *source.Reader, key strictyaml.Item) *hostReader {
	return &hostReader{Reader: r, key: key, config: signin.HostSettings{
		TTL: signin.DefaultTTL, Provider: oidc.Config{Scopes: signin.DefaultScopes},
	}}
}

func (h *hostReader) read(v strictyaml.Value) {
	var pages []strictyaml.Item
	h.complete = v.Object(HostSettings().Fields(section.Readers{
		"issuer":             value.Text(&h.issuer),
		"client_id":          value.Text(&h.id),
		"client_secret_file": value.Text(&h.secret),
		"scopes":             func(v strictyaml.Value) { h.config.Provider.Scopes = readScopes(v) },
		"ca_file":            value.Text(&h.ca),
		"insecure_http": func(v strictyaml.Value) {
			h.insecure = v
			v.Bool(&h.config.Provider.InsecureHTTP)
		},
		"url":         value.Text(&h.url),
		"pages":       func(v strictyaml.Value) { h.page, pages = v, v.SomeList() },
		"tenants":     func(v strictyaml.Value) { h.tenants, h.config.Tenants = v, tenants(v) },
		"rooms":       func(v strictyaml.Value) { h.config.Rooms = rooms(v) },
		"who":         func(v strictyaml.Value) { h.config.Who = value.ClaimTests(v, "realm_access.roles=staff") },
		"ttl":         h.readTTL,
		"app_schemes": func(v strictyaml.Value) { h.config.Schemes = readSchemes(v) },
	})...)
	h.readProvider()
	h.readPages(pages)
}

// readProvider judges what is said of the provider.
func (h *hostReader) readProvider() {
	p := &h.config.Provider
	if h.issuer.Text == "" {
		h.missing("add issuer: what the provider calls itself in its /.well-known/openid-configuration", "issuer")
	} else if !value.HasPlaceholder(h.issuer, "issuer", "the provider has a name there") {
		if value.EveryTenants(h.issuer.Text) {
			h.issuer.Problem("write the tenant's own id in its place",
				"issuer: %q signs people of every tenant in, and its ID tokens are of others", text.Clip(h.issuer.Text))
		} else if err := oidc.CheckIssuer(h.issuer.Text, p.InsecureHTTP); err != nil {
			value.Refuse(h.issuer.Value, "write an https address (http only to this machine)", err, "issuer: %s")
		}
	}
	switch h.id.Text {
	case "":
		h.missing("add client_id: what the provider calls usher", "client_id")
	case "*":
		h.id.Problem("write what the provider calls usher", `client_id: "*" would take ID tokens for anybody`)
	}
	p.Issuer, p.ClientID = h.issuer.Text, h.id.Text
	p.Secret = h.readSecret()
	if h.ca.Text != "" {
		content, _ := h.CA(h.ca)
		p.CA = string(content)
	}
}

func (h *hostReader) missing(mend, what string) {
	if h.complete {
		h.key.Problem(mend, "login of %q has no %s", text.Clip(h.key.Text), what)
	}
}

func (h *hostReader) readSecret() string {
	if h.secret.Text == "" {
		return ""
	}
	secret, _ := h.Line(h.secret, "client secret file", "write the provider's secret into it, and nothing else")
	return secret
}

// readScopes reads what is asked of the provider. Without openid it gives no ID token.
func readScopes(v strictyaml.Value) string {
	list := strictyaml.Texts(v.SomeList())
	if len(list) > 0 && !slices.Contains(list, "openid") {
		v.Problem("add openid", "scopes: without openid the provider gives no ID token")
	}
	for _, s := range list {
		if strings.ContainsAny(s, " \"\\") {
			v.Problem("write each as a word of its own", "scopes: %q is no scope", text.Clip(s))
		}
	}
	return strings.Join(list, " ")
}

// readPages reads where people may be sent back to, and where the door is.
func (h *hostReader) readPages(items []strictyaml.Item) {
	for _, it := range items {
		if page := h.address(it, true); page != "" && !slices.Contains(h.config.Pages, page) {
			h.config.Pages = append(h.config.Pages, page)
		}
	}
	if h.page.IsZero() {
		h.config.Pages = []string{"https://" + h.key.Text}
	}
	if h.url.Text != "" {
		h.config.URL = h.address(h.url, false)
	} else if len(h.config.Pages) > 0 {
		if u, err := url.Parse(h.config.Pages[0]); err == nil { // else HOST is no host, which is reported
			h.config.URL = u.Scheme + "://" + u.Host
		}
	}
}

const mendPage = "write it as the browser's address bar has it, without the room: https://meet.example.com"

// address reads the address of a web page, as browsers write it, without a slash at its end.
func (h *hostReader) address(it strictyaml.Item, path bool) string {
	u, err := url.Parse(it.Text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.ContainsAny(it.Text, "?#*\\ "):
		it.Problem(mendPage, "%s: %q is no address of a page", it.Name(), text.Clip(it.Text))
		return ""
	case strings.Contains(u.Path, "//") || strings.Contains(u.Path, "/.") || u.RawPath != "":
		it.Problem(mendPage, "%s: %q has a path that browsers write otherwise", it.Name(), text.Clip(it.Text))
		return ""
	case !path && strings.Trim(u.Path, "/") != "":
		it.Problem("leave out what follows the host and its port", "%s: %q has a path", it.Name(), text.Clip(it.Text))
		return ""
	}
	u.Scheme = strings.ToLower(u.Scheme)
	https := u.Scheme == "https"
	if !https && (u.Scheme != "http" || !value.Loopback(u.Hostname()) && !h.config.Provider.InsecureHTTP) {
		it.Problem("use https; http is for this machine, or wants insecure_http: true",
			"%s: to %q tokens would cross the network in plain text", it.Name(), text.Clip(it.Text))
		return ""
	}
	u.Host = strings.ToLower(u.Host)
	return value.Origin(u) + strings.TrimSuffix(u.Path, "/")
}

func (h *hostReader) readTTL(v strictyaml.Value) {
	h.ttl = v
	v.Duration(&h.config.TTL, maxTTL)
	if h.config.TTL < minTTL {
		v.Problem("write at least 1m", "ttl is %s: people would come too late", text.Clip(v.Raw()))
	}
}

// tenants reads whose rooms people get tokens for. "*" stands for all, alone.
func tenants(v strictyaml.Value) []string {
	if list := v.List(); len(list) == 1 && list[0].Text == "*" {
		return []string{"*"}
	}
	list := value.Tenants(v)
	if v.IsEmpty() {
		v.Problem(`name some, or leave it out for rooms without a tenant, or write ["*"] for all`, "tenants is empty")
	}
	return list
}

// rooms reads patterns of rooms. Which component has the room is not known yet when somebody signs in.
func rooms(v strictyaml.Value) []string {
	for _, it := range v.List() {
		if strings.Contains(it.Text, "@") {
			it.Problem("leave out the @ and what follows it", "rooms: %q is for one component", text.Clip(it.Text))
		}
	}
	return value.RoomPatterns(v)
}

var scheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]{1,63}$`)

// readSchemes reads the schemes of apps. One that browsers open themselves is no app's.
func readSchemes(v strictyaml.Value) map[string]string {
	schemes := map[string]string{}
	for _, e := range v.Entries() {
		if e.Key.Text != signin.AppMobile && e.Key.Text != signin.AppDesktop {
			e.Key.Problem("write mobile or desktop", "app_schemes: %q is no kind of app", text.Clip(e.Key.Text))
			continue
		}
		s, ok := e.Value.Named("app_schemes." + e.Key.Text).Word()
		switch {
		case !ok:
		case !scheme.MatchString(s) || signin.IsBrowsers(s):
			e.Value.Problem("write the app's own, such as org.jitsi.meet", "app_schemes: %q is no scheme of an app",
				text.Clip(s))
		default:
			schemes[e.Key.Text] = s
		}
	}
	return schemes
}

// apart refuses a provider whose ID tokens some host takes as they are: they were made for no meeting, name no room,
// and nothing of the sign-in bounds them.
func (h *hostReader) apart(hosts []*hostsection.Host) {
	for _, host := range hosts {
		i, has := host.Auth.Issuers[h.issuer.Text]
		if !has || h.id.Text == "" {
			continue
		}
		whose := fmt.Sprintf("issuer %q of the host %q", text.Clip(h.issuer.Text), text.Clip(host.Key.Text))
		switch {
		case len(i.Audience) == 0 || slices.Contains(i.Audience, "*"):
			h.id.Problem("set audience: there, to what the provider's access tokens have and its ID tokens have not",
				"client_id: the %s takes tokens for any audience, so an ID token would open meetings", whose)
		case slices.Contains(i.Audience, h.id.Text):
			h.id.Problem("take that issuer out, or have the provider write another audience into access tokens, and "+
				"write that one there", "client_id: %q is an audience of the %s, so an ID token would open meetings",
				text.Clip(h.id.Text), whose)
		}
	}
}

// finish judges what the host itself says besides.
func (h *hostReader) finish(host *hostsection.Host) {
	c := &h.config
	if c.Tenants == nil {
		c.Tenants = []string{host.Key.Text}
	}
	if host.Auth.Subject != auth.SubjectTenant && !slices.Equal(c.Tenants, []string{host.Key.Text}) {
		h.tenants.Problem("set tokens.subject: tenant at the host, or leave tenants out",
			"tenants: with tokens.subject: %s a token for a room opens it in every tenant", host.Auth.Subject)
	}
	at := h.ttl
	if at.IsZero() {
		at = h.key.Value
	}
	if e := host.Rooms.OnExpiry; e != moderation.ExpiryKeep && c.TTL < longEnough {
		at.Problem("write ttl: 1h or more, or on_expiry: keep",
			"login: the host's on_expiry is %s, and tokens of the sign-in are good for %s: people would lose in the "+
				"middle of a meeting what they have, as the page does not renew tokens by itself",
			e, text.Duration(c.TTL))
	}
	if most := host.Auth.MaxLifetime; most > 0 && c.TTL > most {
		at.Problem("write ttl: "+text.Duration(most)+" or less, or raise tokens.max_lifetime",
			"login: tokens of the sign-in are good for %s, and the host's tokens.max_lifetime is %s",
			text.Duration(c.TTL), text.Duration(most))
	}
	if c.Provider.InsecureHTTP && !h.insecure.IsZero() {
		h.insecure.Warn("use https, unless the network to the provider is your own",
			"insecure_http: who is on the way to the provider can sign in as anybody")
	}
	c.Leeway, c.Moderators = host.Auth.Leeway, host.Auth.Moderators
	if host.Auth.Relay != nil {
		c.Context, c.Features = host.Auth.Relay.Context, host.Auth.Relay.Features
	}
}
