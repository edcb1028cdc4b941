package daemon

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"usher/auth/httpauth"
	"usher/auth/signin"
	"usher/internal/admin"
	"usher/internal/config"
	"usher/internal/console"
	"usher/internal/console/access"
	"usher/internal/console/layout"
	"usher/internal/console/lobbypage"
	"usher/internal/console/pages"
	"usher/internal/console/plot"
	"usher/internal/console/tokens"
	"usher/internal/daemon/endpoints"
	"usher/internal/httpd"
	"usher/internal/panics"
	"usher/metrics"
	"usher/moderation/sessions"
)

// consolePart is the console. Without listen.console it is nil, and does nothing.
type consolePart struct {
	state   *access.State
	tokens  *tokens.Verifier
	api     *admin.Client
	handler http.Handler // of the API; it is set before anything asks
	server  *console.Server
	pages   *pages.Pages
	ring    *plot.Ring
	address net.Addr
	now     func() time.Time

	origin  atomic.Pointer[string] // what links begin with; empty: browsers reach it nowhere
	invites atomic.Bool            // moderators are sent links: console.url is set
}

// newConsole returns what lets people into the console, if there is one. All of the console has the one clock.
func newConsole(c *config.Config, s *sessions.Sessions, m *metrics.Metrics, p *panics.Reporter, now func() time.Time) (
	_ *consolePart, err error,
) {
	if c.Listen.Console.Name == "" {
		return nil, nil
	}
	counted := func() metrics.Totals { return m.Totals(signin.Door, httpauth.DoorTicket) }
	part := &consolePart{state: access.New(access.Options{Now: now, Lives: s.Counts}), ring: plot.NewRing(counted, now),
		now: now}
	part.api = admin.Within(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part.handler.ServeHTTP(w, r)
	}), p)
	part.tokens, err = tokens.New(s, now, p)
	return part, err
}

// open makes the server of the pages, which nothing is in force of.
func (p *consolePart) open(e *endpoints.Endpoints, rooms *roomParts) (err error) {
	if p == nil {
		return nil
	}
	p.address = e.Bound["console"].Addr()
	frame := layout.New(nil, p.now)
	p.pages = pages.New(pages.Options{API: p.api, Layout: frame, Log: rooms.log, Now: p.now})
	moderators := lobbypage.New(lobbypage.Options{Layout: frame, Rooms: rooms.commands, Log: rooms.log,
		Now: p.now})
	p.server, err = console.New(console.Options{State: p.state, Tokens: p.tokens, Look: pages.NewLook(frame, rooms.log),
		Routes: slices.Concat(p.pages.Routes(), moderators.Routes()), Log: rooms.log, Audit: rooms.audit.Record})
	return err
}

// prepare builds what a configuration changes. The commit puts it in force.
func (p *consolePart) prepare(c *config.Config) (commit func(), err error) {
	if p == nil {
		return func() {}, nil
	}
	var admins []tokens.Admin
	for _, a := range c.Console.Admins {
		admins = append(admins, tokens.Admin(a))
	}
	rules, err := p.tokens.Prepare(c.Auth, admins)
	if err != nil {
		return nil, err
	}
	settings, err := p.server.Prepare(console.Settings{URL: c.Console.URL, Hosts: c.Console.Hosts,
		Proxies: c.Gateway.Proxies, Address: p.address, SignIn: c.Login.ConsoleAddress()})
	if err != nil {
		return nil, err
	}
	return func() {
		rules.Commit()
		settings.Commit()
		origin := c.Console.Origin(p.address)
		p.origin.Store(&origin)
		p.invites.Store(c.Console.URL != "")
	}, nil
}

// tasks are those of the console.
func (p *consolePart) tasks(d *daemon) []task {
	if p == nil {
		return nil
	}
	p.handler = d.adminHandler()
	return []task{
		d.serveHTTP("console", &httpd.Server{Handler: p.server, HeaderBytes: httpd.HeaderBytes}),
		{"console keys", p.tokens.Run},
		{"console pages", p.pages.Run},
		{"console plots", p.ring.Run},
	}
}

// history is nil without a console: then nothing is counted for it.
func (p *consolePart) history() admin.Historian {
	if p == nil {
		return nil
	}
	return p.ring
}

// forCommands is nil without a console.
func (p *consolePart) forCommands() admin.Console {
	if p == nil {
		return nil
	}
	return p
}

// Link makes a link for an operator.
func (p *consolePart) Link(_ context.Context, uid *uint32, user string) admin.ConsoleLink {
	origin := *p.origin.Load()
	if origin == "" {
		return admin.ConsoleLink{}
	}
	secret, until := p.state.OperatorLink(uid, user)
	return admin.ConsoleLink{URL: origin + console.EnterPath + "#" + secret, Until: until, Local: !p.invites.Load()}
}

// invite makes a link for a moderator; none where the address that browsers reach is not known, and an empty one where
// too many wait to be used.
func (p *consolePart) invite(m access.Moderator) (link string, page bool) {
	if p == nil || !p.invites.Load() {
		return "", false
	}
	secret, _ := p.state.ModeratorLink(m)
	if secret == "" {
		return "", true
	}
	return *p.origin.Load() + console.EnterPath + "#" + secret, true
}

// moderatorLink is the [notify.Link] of the console, bound to the session of the account's token.
func (p *roomParts) moderatorLink(account, room string) (link string, page bool) {
	s, ok := p.sessions.Proof(account)
	if !ok {
		return "", false
	}
	return p.console.invite(access.Moderator{Account: account, Host: s.Host, Session: s.ID, Room: room,
		Display: s.DisplayName})
}
