package try

import (
	"context"
	"errors"
	"slices"
	"strings"

	"usher/internal/text"
	"usher/internal/try/client"
)

// An entry is the login.
type entry struct {
	*link
	attempt  attempt
	unopened error // why Prosody began no stream over a connection that it had encrypted
	denied   bool  // usher refused the login
}

// bind logs in and has an address given.
func (t *entry) bind(ctx context.Context, l client.Login) error {
	err := t.stream.Login(ctx, l)
	_, refused := errors.AsType[*client.Refused](err)
	t.maybeIn = !refused
	if err == nil {
		_, err = t.stream.Open(ctx)
	}
	if err == nil {
		t.bound, err = t.stream.Bind(ctx)
	}
	return err
}

// page says how Prosody greeted the browser.
func (t *entry) page(ctx context.Context) result {
	a := t.attempt
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
func (t *entry) notGreeted(err error) result {
	of, ok := errors.AsType[*client.StreamError](err)
	if ok && of.Text == nothingOffered {
		return t.notOffered("a login with a token")
	}
	if ok && of.Condition == "host-unknown" {
		mend := "compare " + t.ourLine() + " with the VirtualHost lines of Prosody's configuration" +
			t.Folders.prosodyHosts() + ", and restart Prosody, which reads them at its start"
		return failed(mend, "Prosody has no host %s", t.Host)
	}
	return failed("look at Prosody's log (/var/log/prosody/prosody.log)", "no XMPP: %v", err)
}

// notOffered says why a host offers another way to log in than usher's.
func (t *entry) notOffered(wanted string) result {
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
func (t *entry) pageLogin(ctx context.Context) result {
	if err := t.attempt.login; err != nil {
		return t.refusedLogin(ctx, err)
	}
	return passed("as %s", t.bound)
}

// greet opens the stream at Prosody's port for clients.
func (t *entry) greet(ctx context.Context) (r result) {
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
func (t *entry) startTLS(ctx context.Context) result {
	here := t.isHere()
	if t.features.TLS == nil {
		if here {
			return passed("none: Prosody offers no encryption here, and the connection does not leave this machine")
		}
		return failed("give Prosody a certificate of "+t.Host+" ("+t.importing()+")",
			"Prosody offers no encryption, and the token would cross the network in plain text")
	}
	config := t.tlsConfig(t.Host)
	config.NextProtos = nil
	conn, err := t.stream.StartTLS(ctx, config)
	if err != nil {
		r := badTLS(err, t.Host, server{"Prosody", t.Folders.prosodyPlace(`certificate\s*=`),
			" (" + t.importing() + ")"})
		if here && t.secondStart(ctx) {
			return r.beside()
		}
		return r
	}
	t.features, t.unopened = t.stream.Open(ctx)
	return goodTLS(conn.ConnectionState(), t.Host)
}

// importing is the command that gives Prosody a certificate.
func (t *Trial) importing() string {
	return "prosodyctl --root cert import " + t.Host + " FOLDER, with FOLDER as /etc/letsencrypt/live"
}

// secondStart connects anew, and takes whatever certificate there is: only to an address of this machine.
func (t *entry) secondStart(ctx context.Context) (there bool) {
	_ = t.conn.Close()
	if t.connect(ctx).state != Passed || !t.isHere() || t.greet(ctx).state != Passed {
		return false
	}
	config := t.tlsConfig(t.Host)
	config.NextProtos, config.InsecureSkipVerify = nil, true
	if _, err := t.stream.StartTLS(ctx, config); err != nil {
		return false
	}
	t.features, t.unopened = t.stream.Open(ctx)
	return true
}

// login logs in with the token as the password.
func (t *entry) login(ctx context.Context) result {
	if t.unopened != nil {
		return t.notGreeted(t.unopened)
	}
	l, ok := t.loginBy()
	if !ok {
		return t.notOffered("PLAIN or OAUTHBEARER")
	}
	t.acts()
	if err := t.bind(ctx, l); err != nil {
		return t.refusedLogin(ctx, err)
	}
	return passed("as %s, by %s", t.bound, l.Mechanism)
}

func (t *entry) loginBy() (client.Login, bool) {
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
func (t *entry) refusedLogin(ctx context.Context, err error) result {
	const look = "look at Prosody's log (/var/log/prosody/prosody.log)"
	if d, found := t.decided(ctx, func(d *decision) bool { return d.login() && !d.Allowed() }); found {
		t.denied = true
		return failed(d.mend(), "usher refused it at the door %s: %s", d.Door, d.why())
	}
	if t.relay() {
		return failed("restart Prosody if app_secret of "+t.hostLine()+" was changed; usher status says whether it "+
			"takes usher's inner tokens", "Prosody refused it, usher did not: %v", err)
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
	if why := t.unsure(); why != "" {
		return failed("usher status and usher's log say more", "%v", err)
	}
	return failed("usher prosody prints the lines of "+t.hostLine()+"; restart Prosody then: it reads them at its start",
		"Prosody refused it without asking usher: %v", err)
}

// foreign tells whether a host knows passwords, which no token can serve.
func (t *entry) foreign() bool {
	return slices.ContainsFunc(t.features.Mechanisms, func(m string) bool { return strings.HasPrefix(m, "SCRAM-") })
}
