package console

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"usher/internal/listen"
)

// A refusal is why a request is not answered, for people.
type refusal struct {
	status int
	text   string
}

// The refusals of the checks.
var (
	wrongHost = &refusal{http.StatusMisdirectedRequest, "The console has another name: the Host header is none of " +
		"console.hosts, nor that of console.url. Open it by its own address, or add this one to console.hosts."}
	plainHTTP = &refusal{http.StatusForbidden, "The console wants https. Over plain http it answers 127.0.0.1, [::1] " +
		"and localhost only. A web server in front has to send X-Forwarded-Proto."}
	otherOrigin = &refusal{http.StatusForbidden, "This was sent by another web page, so nothing was done."}
	wrongMethod = &refusal{http.StatusMethodNotAllowed, "This address is not asked in this way."}
	noPage      = &refusal{http.StatusNotFound, "There is no such page."}
	notYours    = &refusal{http.StatusForbidden, "This page is not for you."}
	nobody      = &refusal{http.StatusUnauthorized, "Your session has ended, so nothing was done."}
	tooLarge    = &refusal{http.StatusRequestEntityTooLarge, "This is too large, so nothing was done."}
	noForm      = &refusal{http.StatusBadRequest, "The form could not be read, so nothing was done."}
	tooMany     = &refusal{http.StatusServiceUnavailable, "Too many pages of the console are open, or asked " +
		"for at once. Close some of them."}
)

// Settings say how the console is reached. A reload may change them.
type Settings struct {
	URL     string         // the origin that browsers see, such as https://console.example.com; empty: not known
	Hosts   []string       // what the Host header may be besides that of URL, the address itself, and loopback
	Proxies []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto count; those of a Unix socket do
	SignIn  string         // the address of a page that brings back a token; empty: there is none
	Address net.Addr       // where it listens
}

// settings are [Settings] made ready, and immutable.
type settings struct {
	Settings
	hosts  map[string]bool
	origin http.CrossOriginProtection
}

// Prepared are settings that are not in force yet.
type Prepared struct {
	server   *Server
	settings *settings
}

// Commit puts them in force.
func (p *Prepared) Commit() { p.server.settings.Store(p.settings) }

// Prepare makes settings ready. It fails if URL is no origin. What is in force stays.
func (s *Server) Prepare(c Settings) (*Prepared, error) {
	next := &settings{Settings: c, hosts: map[string]bool{}}
	for _, h := range c.Hosts {
		next.hosts[strings.ToLower(h)] = true
	}
	if c.Address != nil && c.Address.Network() != "unix" {
		next.hosts[c.Address.String()] = true // a web server that rewrites Host writes that
	}
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil {
			return nil, err
		}
		if err := next.origin.AddTrustedOrigin(c.URL); err != nil {
			return nil, err
		}
		next.hosts[strings.ToLower(u.Host)] = true
	}
	return &Prepared{s, next}, nil
}

// An arrival is how a request came here.
type arrival struct {
	secure bool         // by https
	client netip.Addr   // of the browser; the zero value: not known
	from   netip.Prefix // the same, or the network that counts as one; the zero value: it may be anybody's
}

type arrivalKey struct{}

func arrivalOf(r *http.Request) arrival {
	at, _ := r.Context().Value(arrivalKey{}).(arrival)
	return at
}

// arrivalOf finds out how a request came here, and refuses one that a browser sent for somebody else's name, or that
// others could have read.
func (c *settings) arrivalOf(r *http.Request) (at arrival, why *refusal) {
	if c == nil {
		return at, wrongHost
	}
	host := strings.ToLower(r.Host)
	local := loopback(host)
	if !local && !c.hosts[host] {
		return at, wrongHost // DNS rebinding: a web page whose name was made to point here
	}
	client, forwarded, proto := c.clientOf(r)
	at.secure, at.client = strings.EqualFold(proto, "https"), client
	if client.IsValid() && !client.IsLoopback() { // behind a tunnel, or a web server that names nobody, are many
		at.from = listen.NetworkOf(client)
	}
	if !at.secure && (!local || byServer(r) && !(forwarded && client.IsLoopback())) {
		return at, plainHTTP
	}
	return at, nil
}

// byServer reports whether a web server hands a request on: then a Host header of this machine may be the server's, and
// the browser elsewhere.
func byServer(r *http.Request) bool {
	names := []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Server", "X-Real-Ip",
		"Forwarded", "Via"}
	return slices.ContainsFunc(names, func(name string) bool { return len(r.Header[name]) > 0 })
}

// loopback reports whether a Host header is this machine, at whatever port: a tunnel has one of its own.
func loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	ip, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// clientOf is the address of the browser, whether a web server says so, and the scheme that it says. The last address
// that is no web server's counts: what stands before it is the browser's own word.
func (c *settings) clientOf(r *http.Request) (client netip.Addr, forwarded bool, proto string) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	client = peer.Addr().Unmap().WithZone("")
	if err == nil && !c.trusts(client) {
		return client, false, ""
	}
	if list := r.Header.Values("X-Forwarded-Proto"); len(list) == 1 {
		proto = list[0]
	}
	values := r.Header.Values("X-Forwarded-For")
	hops := strings.Split(strings.Join(values, ","), ",")
	for i := len(hops) - 1; i >= 0 && len(values) > 0; i-- {
		hop, ok := hopOf(strings.TrimSpace(hops[i]))
		if !ok {
			return netip.Addr{}, true, proto
		}
		if client = hop; !c.trusts(client) {
			break
		}
	}
	return client, len(values) > 0, proto
}

// hopOf reads an address; some web servers write the port behind it.
func hopOf(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		var p netip.AddrPort
		p, err = netip.ParseAddrPort(s)
		a = p.Addr()
	}
	return a.Unmap().WithZone(""), err == nil
}

func (c *settings) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(c.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// sameOrigin refuses what another web page sends, but for a link to follow: a page of the same site, such as that of
// the meetings, gets a session's cookie sent along.
func (c *settings) sameOrigin(r *http.Request) *refusal {
	if c.origin.Check(r) != nil {
		return otherOrigin
	}
	site, mode, to := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	own := site == "" || site == "same-origin" || site == "none"
	if !own && (mode != "navigate" || to != "document") {
		return otherOrigin
	}
	return nil
}

// secure sets what every answer says, errors too. Under no-referrer a form would have the Origin null, by which a browser
// without Sec-Fetch-Site (Safari before 16.4) cannot be told from another page's; same-origin tells nobody else anything.
func secure(h http.Header) {
	for name, value := range map[string]string{
		"Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
			"object-src 'none'",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
		"Referrer-Policy":              "same-origin",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"X-Robots-Tag":                 "noindex",
	} {
		h.Set(name, value)
	}
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, why *refusal) {
	if why == tooMany {
		w.Header().Set("Retry-After", "10")
	}
	s.Look.Error(w, r, why.status, why.text)
}
