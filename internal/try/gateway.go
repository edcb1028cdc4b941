package try

import (
	"context"
	"errors"
	"slices"
	"strings"

	"usher/internal/admin"
	"usher/internal/try/client"
)

// An attempt is a login through the page, of which three hops tell.
type attempt struct {
	open, login error
	offers      bool // ANONYMOUS is offered, which is how a browser logs in
}

// pageAttempt logs in as a browser does whose address has the token.
func (t *entry) pageAttempt(ctx context.Context) (a attempt) {
	t.acts()
	t.features, a.open = t.stream.Open(ctx)
	a.offers = slices.Contains(t.features.Mechanisms, "ANONYMOUS")
	if a.open == nil && a.offers {
		a.login = t.bind(ctx, client.Anonymous())
	}
	return a
}

// Texts of the gateway's own, which no Prosody has.
const (
	gatewayHost    = "There is no such server here."
	gatewayProsody = "The server cannot be reached. Try again in a minute."
)

// gateway logs in, and asks the daemon whether that came through it.
func (t *entry) gateway(ctx context.Context) result {
	t.attempt = t.pageAttempt(ctx)
	a := t.attempt
	if of, ok := errors.AsType[*client.StreamError](a.open); ok &&
		(of.Text == gatewayHost || of.Text == gatewayProsody) {
		return passed("usher answers for Prosody")
	}
	if d, found := t.decided(ctx, func(d *decision) bool { return d.login() && d.Door == "gateway" }); found {
		return passed("usher's gateway has the login (%s)", d.LoginID)
	}
	if why := t.unsure(); why != "" {
		return unknown(why)
	}
	if a.open != nil || !a.offers {
		return result{} // too early for the daemon to have noticed
	}
	if t.relay() && a.login != nil { // which usher notes only once Prosody has let it in
		if r := t.relayed(ctx); r.state != "" {
			return r
		}
	}
	return t.past()
}

// relayed tells whether a login that Prosody refused came to it by usher.
func (t *entry) relayed(ctx context.Context) result {
	if t.refuses {
		return unknown("Prosody takes no inner tokens of usher's: see key")
	}
	var now admin.Status
	err := t.ask(ctx, "GET", "/status", &now)
	if err == nil && now.Connections["gateway"].Entered > t.status.Connections["gateway"].Entered {
		return passed("usher's gateway had a connection meanwhile")
	}
	return result{}
}

// past says that the web server leads past usher, and where.
func (t *entry) past() result {
	lines := find(nginxFiles(t.Folders.Nginx), upstreamPattern(t.upstream()))
	where := ""
	if len(lines) > 0 {
		where = ": " + lines[0].String() + " has " + quoted(lines[0].text)
	}
	to := t.Config.Listen.Gateway.Name
	return failed("have the web server lead to listen.gateway, "+to+", instead of "+t.upstream()+where,
		"the web server goes past usher, straight to Prosody: usher has not seen this login")
}

// upstreamPattern finds an address in nginx's files, under the names that this machine has for itself as well.
func upstreamPattern(address string) string {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return word(address)
	}
	return `(` + word(address[:i]) + `|localhost|127\.0\.0\.1|\[::1\])` + word(address[i:]) + `\b`
}
