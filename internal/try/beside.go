package try

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"usher/auth"
	"usher/auth/gateway"
	"usher/internal/try/client"
)

// beside is another login from the same place, with what is known by now, and nothing of what the first one did. The
// function that is returned ends it.
func (t *visit) beside() (v *visit, end func()) {
	p := *t.person
	w := &witness{person: &p, status: t.status, refuses: t.refuses}
	v = &visit{entry: &entry{link: &link{witness: w, target: t.target}}}
	return v, func() {
		switch {
		case v.stream != nil:
			_ = v.stream.Close()
		case v.conn != nil:
			_ = v.conn.Close()
		}
	}
}

// reach connects to the page's web server as the first login did.
func (t *link) reach(ctx context.Context) result {
	if r := t.connect(ctx); r.state != Passed {
		return r
	}
	if r := t.pageTLS(ctx); r.state == Failed {
		return r
	}
	return passed("")
}

// bosh logs in by the other way of Jitsi's page, which a web server may lead elsewhere than the first.
func (t *visit) bosh(ctx context.Context) result {
	if t.Target.URL == nil || !strings.HasSuffix(t.Target.URL.Path, gateway.WebSocketPath) {
		return result{}
	}
	v, end := t.beside()
	defer end()
	if r := v.reach(ctx); r.state == Failed {
		return r
	}
	u := *t.Target.URL
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, gateway.WebSocketPath)+gateway.BOSHPath, ""
	v.stream = client.BOSH(v.conn, v.handshake(u), t.Host)
	a := v.pageAttempt(ctx)
	if status, ok := errors.AsType[*client.StatusError](a.open); ok {
		return t.badBOSH(*status, u.Path)
	}
	return v.boshLogin(ctx, a, u.Path)
}

// badBOSH says what stands behind a web server's answer. Without BOSH people come by the WebSocket alone, which is no
// fault.
func (t *link) badBOSH(e client.StatusError, path string) result {
	where := in(find(nginxFiles(t.Folders.Nginx), `location\s.*http-bind`))
	switch e.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return passed("none: the web server has no %s (it answers %d), so people come by the WebSocket alone", path, e.Status)
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return failed("have it lead to listen.gateway, "+t.Config.Listen.Gateway.Name+where,
			"the web server answers %d at %s: it does not reach what stands behind it", e.Status, path)
	}
	return failed("have it pass requests on as deploy/nginx-meet.conf does"+where,
		"the web server answers %d %s at %s", e.Status, http.StatusText(e.Status), path)
}

// boshLogin says what became of a login by BOSH, and whether it came through usher.
func (t *visit) boshLogin(ctx context.Context, a attempt, path string) result {
	if d, found := t.decided(ctx, func(d *decision) bool { return d.login() && d.Door == gateway.Door }); found {
		switch {
		case !d.Allowed():
			return failed(d.mend(), "usher refused it: %s", d.why())
		case a.open != nil || a.login != nil:
			return failed("look at Prosody's log (/var/log/prosody/prosody.log)", "usher let it in, Prosody did not: %v",
				errors.Join(a.open, a.login))
		}
		return passed("usher's gateway has the login (%s)", d.LoginID)
	}
	switch why := t.unsure(); {
	case why != "" && a.open == nil && a.login == nil && a.offers:
		return unknown(why)
	case why != "" || a.open != nil:
		return failed("look at the web server's configuration of "+path, "no login by BOSH: %v", errors.Join(a.open, a.login))
	}
	return failed("have the web server lead "+path+" to listen.gateway, "+t.Config.Listen.Gateway.Name+", instead of "+
		t.upstream()+in(find(nginxFiles(t.Folders.Nginx), `location\s.*http-bind`)),
		"BOSH goes past usher, straight to Prosody: usher has not seen this login")
}

// guest comes without a token, as people do whom somebody sends a link, to the anonymous host. It joins the trial's
// room only if that was made for the trial, and nobody has to decide about who knocks.
func (t *visit) guest(ctx context.Context) result {
	guests := t.policy().Guests
	if t.Target.URL == nil || len(guests) == 0 {
		return result{}
	}
	v, end := t.beside()
	defer end()
	v.token, v.known, v.bound, v.address = "", auth.Report{}, "", ""
	if r := v.reach(ctx); r.state == Failed {
		return r
	}
	host := guests[0]
	s, _, err := client.WebSocket(ctx, v.conn, v.handshake(*t.Target.URL), host)
	if err != nil {
		return failed("look at the web server's configuration of "+t.Target.URL.Path+t.location(),
			"no WebSocket without a token: %v", err)
	}
	v.stream = s
	a := v.pageAttempt(ctx)
	if r := v.guestLogin(ctx, a, host); r.state != "" {
		return r
	}
	return v.guestJoin(ctx, t)
}

// guestLogin judges a login without a token by what the configuration says of those; nothing means that a guest is in,
// as it should be.
func (t *visit) guestLogin(ctx context.Context, a attempt, host string) result {
	_, refused := errors.AsType[*client.Refused](a.login)
	_, ended := errors.AsType[*client.StreamError](errors.Join(a.open, a.login))
	in := a.open == nil && a.login == nil && a.offers
	switch {
	case !t.Config.Gateway.Guests && (refused || ended):
		return passed("refused, as gateway.guests is false")
	case !t.Config.Gateway.Guests && in:
		return failed("have the web server lead to listen.gateway, "+t.Config.Listen.Gateway.Name,
			"somebody without a token is let in at %s, though gateway.guests is false", host)
	case in:
		return result{}
	}
	line := "VirtualHost " + quoted(host) + t.Folders.prosodyPlace(`^VirtualHost\s+"`+word(host)+`"`)
	of, ok := errors.AsType[*client.StreamError](a.open)
	if ok && (of.Text == gatewayHost || of.Condition == "host-unknown") {
		return failed("add "+line+" to Prosody's configuration (usher prosody prints it), or correct guests of "+t.ourLine(),
			"there is no host %s", host)
	}
	if a.open == nil && a.login == nil {
		return failed("write authentication = "+quoted("anonymous")+" into "+line+", and restart Prosody",
			"Prosody's host %s lets nobody in without a token", host)
	}
	if d, found := t.decided(ctx, func(d *decision) bool { return d.login() && !d.Allowed() }); found {
		return failed(d.mend(), "usher refused it: %s", d.why())
	}
	return failed("look at Prosody's log; it is "+line, "no login at %s: %v", host, errors.Join(a.open, a.login))
}

// guestJoin joins the room in which the trial is.
func (t *visit) guestJoin(ctx context.Context, of *visit) result {
	switch {
	case of.room == "":
		return passed("as %s", t.bound)
	case !of.occupant.Created || of.Room != "":
		return passed("as %s; it joins only a room that the trial has made", t.bound)
	case t.policy().Lobby != nil:
		return passed("as %s; it joins no room, as moderators would be told that it knocks", t.bound)
	}
	t.address = of.room
	t.name += "-guest" // in the room
	r := t.join(ctx)
	if r.state != Passed {
		return r
	}
	o := t.occupant
	if o.Affiliation != "none" && o.Affiliation != "" {
		return failed("usher token explain --room says who is what; a guest is nothing in a room",
			"as %s into %s, and it is %s", t.bound, t.room, o)
	}
	if left := t.leaveRoom(ctx); left.state == Failed {
		return left
	}
	return passed("as %s into %s: %s", t.bound, of.room, o)
}
