package daemon

import (
	"errors"
	"log/slog"

	"usher/auth"
	"usher/auth/gateway"
	"usher/auth/signin"
	"usher/internal/config"
	"usher/internal/daemon/endpoints"
	"usher/internal/httpd"
	"usher/lobby"
	"usher/moderation"
)

// parts is everything that a configuration changes.
type parts struct {
	level     *slog.LevelVar
	verifier  *auth.Verifier
	rooms     *roomParts
	http      *httpd.Admission // to the HTTP door
	gateway   *gateway.Server
	signIn    *signin.Server
	endpoints *endpoints.Endpoints
}

// preparedParts is a whole configuration, checked and built, of which nothing is in
// force. It may be dropped.
type preparedParts struct {
	parts     *parts
	config    *config.Config
	keys      *auth.Prepared
	policy    *moderation.Policy
	whitelist *lobby.Prepared
	division  *endpoints.Division
	console   func() // commits what is prepared of it
	signIn    *signin.Prepared
}

// prepare does everything that can fail, for every part.
func (p *parts) prepare(c *config.Config) (*preparedParts, error) {
	keys, err := p.verifier.Prepare(c.Auth)
	if err != nil { // the rules for rooms want its keys
		return nil, err
	}
	whitelist, errWhitelist := p.rooms.lobby.Prepare(c.Whitelist)
	policy, errPolicy := moderation.NewPolicy(c.Rooms, keys.HoldsKey)
	division, errDivision := p.endpoints.Divide(c)
	console, errConsole := p.rooms.console.prepare(c)
	signIn, errSignIn := p.signIn.Prepare(c.Login)
	if err := errors.Join(errWhitelist, errPolicy, errDivision, errConsole, c.Gateway.Check(), errSignIn); err != nil {
		return nil, err
	}
	return &preparedParts{p, c, keys, policy, whitelist, division, console, signIn}, nil
}

// commit puts the configuration in force. It takes some microseconds.
func (p *preparedParts) commit() {
	for _, step := range p.steps() {
		step()
	}
}

// steps go from the inside out. Whatever gets past one part meanwhile meets the
// new rules at the next one: joins are decided by the new rules and by the new
// keys before anybody logs in with a new key, and logins before the doors are
// opened wider. The other way round an account could come in that neither
// configuration lets in. The whitelist may come at any time: whom it lets into a
// room it lets in by the rules of its own configuration, too.
func (p *preparedParts) steps() []func() {
	c := p.config
	return []func(){
		func() { p.parts.rooms.sessions.SetPolicy(p.policy) },
		func() { p.parts.rooms.listChanged(p.whitelist.Commit()) },
		func() { p.parts.rooms.configure(c) },
		p.keys.Commit,
		p.signIn.Commit,
		func() { p.parts.configureHTTP(c) },
		func() { p.parts.gateway.Configure(c.Gateway) },
		p.console,
		func() { p.parts.endpoints.Configure(p.division) },
		func() { p.parts.level.Set(c.Log.Level) },
	}
}

// configureHTTP tells the HTTP door who may ask it.
func (p *parts) configureHTTP(c *config.Config) {
	door := p.endpoints.Bound["http"]
	if door == nil {
		return // it has no address, so it answers nobody
	}
	hosts := c.HTTP.HostHeaders(door.Addr())
	p.http.Configure(httpd.AdmissionSettings{Secret: c.HTTP.Secret, Insecure: c.HTTP.Insecure, Hosts: hosts})
}
