package try

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"usher/internal/admin"
	"usher/internal/text"
	"usher/internal/try/client"
)

// An attempt is a login through the page, of which three hops tell.
type attempt struct {
	open, login error
	offers      bool // ANONYMOUS is offered, which is how a browser logs in
}

// pageAttempt logs in as a browser does whose address has the token.
func (t *Trial) pageAttempt(ctx context.Context) (a attempt) {
	t.seen.acts()
	t.features, a.open = t.stream.Open(ctx)
	a.offers = slices.Contains(t.features.Mechanisms, "ANONYMOUS")
	if a.open == nil && a.offers {
		a.login = t.bind(ctx, client.Anonymous())
	}
	return a
}

// bind logs in and has an address given.
func (t *Trial) bind(ctx context.Context, l client.Login) error {
	err := t.stream.Login(ctx, l)
	if err == nil {
		_, err = t.stream.Open(ctx)
	}
	if err == nil {
		t.bound, err = t.stream.Bind(ctx)
	}
	return err
}

// Texts of the gateway's own, which no Prosody has.
const (
	gatewayHost    = "There is no such server here."
	gatewayProsody = "The server cannot be reached. Try again in a minute."
)

// gateway logs in, and asks the daemon whether that came through it.
func (t *Trial) gateway(ctx context.Context) result {
	t.seen.attempt = t.pageAttempt(ctx)
	a := t.seen.attempt
	if of, ok := errors.AsType[*client.StreamError](a.open); ok && (of.Text == gatewayHost || of.Text == gatewayProsody) {
		return passed("usher answers for Prosody")
	}
	if d, found := t.decided(ctx, func(d *decision) bool { return d.login() && d.Door == "gateway" }); found {
		return passed("usher's gateway has the login (%s)", d.LoginID)
	}
	if why := t.cannotAsk(); why != "" {
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
func (t *Trial) relayed(ctx context.Context) result {
	if t.seen.refuses {
		return unknown("Prosody takes no inner tokens of usher's: see key")
	}
	var now admin.Status
	err := t.ask(ctx, "GET", "/status", &now)
	if err == nil && now.Connections["gateway"].Entered > t.status.Connections["gateway"].Entered {
		return passed("somebody came to usher's gateway meanwhile")
	}
	return result{}
}

// past says that the web server leads past usher, and where.
func (t *Trial) past() result {
	lines := find(nginxFiles(t.Folders.Nginx), upstreamPattern(t.upstream()))
	where := ""
	if len(lines) > 0 {
		where = ": " + lines[0].String() + " has " + quoted(lines[0].text)
	}
	to := t.Config.Listen.Gateway.Name
	return failed("have the web server lead to listen.gateway, "+to+", instead of "+t.upstream()+where,
		"the web server goes past usher, straight to Prosody: usher has not seen this login")
}

// upstream is where Prosody's web server is, host:port.
func (t *Trial) upstream() string { return t.upstreamURL().Host }

func (t *Trial) upstreamURL() *url.URL {
	if u := t.Config.Gateway.Hosts[t.Host].Upstream; u != nil {
		return u
	}
	if u := t.Config.Gateway.Upstream; u != nil {
		return u
	}
	return &url.URL{Scheme: "http", Host: "127.0.0.1:5280"}
}

// upstreamPattern finds an address in nginx's files, under the names that this machine has for itself as well.
func upstreamPattern(address string) string {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return word(address)
	}
	return `(` + word(address[:i]) + `|localhost|127\.0\.0\.1|\[::1\])` + word(address[i:]) + `\b`
}

// page says how Prosody greeted the browser.
func (t *Trial) page(ctx context.Context) result {
	a := t.seen.attempt
	if of, ok := errors.AsType[*client.StreamError](a.open); ok {
		switch {
		case of.Text == gatewayHost:
			return failed("usher reload", "usher serves no host %s", t.Host)
		case of.Text == gatewayProsody:
			return t.upstreamFault(ctx)
		}
	}
	if a.open != nil {
		return t.notGreeted(a.open)
	}
	if !a.offers {
		return t.notOffered("ANONYMOUS")
	}
	return passed("serves %s", t.Host)
}

// nothingOffered is what Prosody says where a host's authentication module did not load.
const nothingOffered = "No stream features to proceed with"

// notGreeted says why a stream to the host did not begin.
func (t *Trial) notGreeted(err error) result {
	of, ok := errors.AsType[*client.StreamError](err)
	if ok && of.Text == nothingOffered {
		return t.notOffered("a login with a token")
	}
	if ok && of.Condition == "host-unknown" {
		mend := "compare " + t.ourLine() + " with the VirtualHost lines of Prosody's configuration" +
			t.Folders.prosodyPlace(`^VirtualHost\s`) + ", and restart Prosody"
		return failed(mend, "Prosody has no host %s", t.Host)
	}
	return failed("look at Prosody's log (/var/log/prosody/prosody.log)", "no XMPP: %v", err)
}

// notOffered says why a host offers another way to log in than usher's.
func (t *Trial) notOffered(wanted string) result {
	lines := "usher prosody prints the lines of " + t.hostLine() + "; restart Prosody then"
	if len(t.features.Mechanisms) == 0 {
		if r := t.doorFault(); r.state == Failed {
			return r
		}
		return failed(lines, "Prosody's host %s offers no way to log in: its authentication module is not loaded "+
			"(Prosody's log says why), or it wants encryption", t.Host)
	}
	return failed(lines, "Prosody's host %s has another authentication than usher's: it offers %s, not %s", t.Host,
		text.Clip(strings.Join(text.First(t.features.Mechanisms, 6), ", ")), wanted)
}

// pageLogin says what became of the login.
func (t *Trial) pageLogin(ctx context.Context) result {
	if err := t.seen.attempt.login; err != nil {
		return t.refusedLogin(ctx, err)
	}
	return passed("as %s", t.bound)
}

// greet opens the stream at Prosody's port for clients.
func (t *Trial) greet(ctx context.Context) (r result) {
	t.stream = client.Over(t.conn, t.Host)
	f, err := t.stream.Open(ctx)
	if err != nil {
		return t.notGreeted(err)
	}
	t.features = f
	return passed("serves %s", t.Host)
}

// startTLS encrypts the stream, and verifies the certificate of the host. On this machine's own addresses a bad one
// keeps nobody from going on: what clients elsewhere would say is in the report.
func (t *Trial) startTLS(ctx context.Context) result {
	here := t.isHere()
	if t.features.TLS == nil {
		if here {
			return passed("none: Prosody offers no encryption here, and the connection does not leave this machine")
		}
		return failed("give Prosody a certificate of "+t.Host+" (prosodyctl --root cert import "+t.Host+" FOLDER)",
			"Prosody offers no encryption, and the token would cross the network in plain text")
	}
	config := t.tlsConfig(t.Host)
	config.NextProtos = nil
	conn, err := t.stream.StartTLS(ctx, config)
	if err != nil {
		r := badTLS(err, t.Host, server{"Prosody", t.Folders.prosodyPlace(`certificate\s*=`)})
		if here && t.secondStart(ctx) {
			return r.beside()
		}
		return r
	}
	if t.features, err = t.stream.Open(ctx); err != nil {
		return t.notGreeted(err)
	}
	return goodTLS(conn.ConnectionState(), t.Host)
}

// secondStart connects anew, and takes whatever certificate there is: only to an address of this machine.
func (t *Trial) secondStart(ctx context.Context) (there bool) {
	_ = t.conn.Close()
	if t.connect(ctx).state != Passed || t.greet(ctx).state != Passed {
		return false
	}
	config := t.tlsConfig(t.Host)
	config.NextProtos, config.InsecureSkipVerify = nil, true
	if _, err := t.stream.StartTLS(ctx, config); err != nil {
		return false
	}
	var err error
	t.features, err = t.stream.Open(ctx)
	return err == nil
}

// login logs in with the token as the password.
func (t *Trial) login(ctx context.Context) result {
	l, ok := t.loginBy()
	if !ok {
		return t.notOffered("PLAIN or OAUTHBEARER")
	}
	t.seen.acts()
	if err := t.bind(ctx, l); err != nil {
		return t.refusedLogin(ctx, err)
	}
	return passed("as %s, by %s", t.bound, l.Mechanism)
}

func (t *Trial) loginBy() (client.Login, bool) {
	user := t.known.Identity.Account
	switch offers := t.features.Mechanisms; {
	case slices.Contains(offers, "PLAIN") && user != "":
		return client.Plain(user, t.token), true
	case slices.Contains(offers, "OAUTHBEARER"):
		return client.Bearer(t.token), true
	case slices.Contains(offers, "PLAIN"):
		return client.Plain(t.name, t.token), true
	}
	return client.Login{}, false
}

// refusedLogin says who refused a login, and why.
func (t *Trial) refusedLogin(ctx context.Context, err error) result {
	const look = "look at Prosody's log (/var/log/prosody/prosody.log)"
	if d, found := t.decided(ctx, func(d *decision) bool { return d.login() && !d.Allowed() }); found {
		return failed(d.mend(), "usher refused it at the door %s: %s", d.Door, d.why())
	}
	if t.relay() {
		return failed("restart Prosody if app_secret of "+t.hostLine()+" was changed; usher status says whether it takes "+
			"usher's inner tokens", "Prosody refused it, usher did not: %v", err)
	}
	if d, found := t.decided(ctx, func(d *decision) bool { return d.login() && d.Door != "gateway" }); found {
		return failed(look, "usher let it in at the door %s, and Prosody did not: %v", d.Door, err)
	}
	if t.foreign() {
		return t.notOffered("usher's alone")
	}
	if r := t.doorFault(); r.state == Failed {
		return r
	}
	if why := t.cannotAsk(); why != "" {
		return failed("usher status and usher's log say more", "%v", err)
	}
	return failed("usher prosody prints the lines of "+t.hostLine()+"; restart Prosody then: it reads them at its start",
		"Prosody refused it without asking usher: %v", err)
}

// foreign tells whether a host knows passwords, which no token can serve.
func (t *Trial) foreign() bool {
	return slices.ContainsFunc(t.features.Mechanisms, func(m string) bool { return strings.HasPrefix(m, "SCRAM-") })
}
