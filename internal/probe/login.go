package probe

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"usher/internal/text"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

// An outcome is what became of one login.
type outcome struct {
	in    bool
	where stage
	said  string // by Prosody, or why there was no answer
}

// A stage is how far a login came.
type stage int

const (
	atServer stage = iota // no answer, or none of BOSH
	atHost                // Prosody does not have the host
	atOffer               // the host offers no ANONYMOUS
	atToken               // the token was refused
)

// A body is one of BOSH (XEP-0124).
type body struct {
	XMLName   xml.Name `xml:"http://jabber.org/protocol/httpbind body"`
	Type      string   `xml:"type,attr"`
	Condition string   `xml:"condition,attr"`
	SID       string   `xml:"sid,attr"`
	Features  struct {
		Mechanisms []string `xml:"urn:ietf:params:xml:ns:xmpp-sasl mechanisms>mechanism"`
	} `xml:"http://etherx.jabber.org/streams features"`
	Success *struct{} `xml:"urn:ietf:params:xml:ns:xmpp-sasl success"`
	Failure *struct {
		Text string `xml:"text"`
	} `xml:"urn:ietf:params:xml:ns:xmpp-sasl failure"`
}

// login tries to log in at the target's host by SASL ANONYMOUS, as browsers do, and ends the session.
func (p *Prober) login(ctx context.Context, t Target, token string) outcome {
	return p.loginAt(ctx, t, t.Host, token)
}

// loginAt is login at a host that has the same page.
func (p *Prober) loginAt(ctx context.Context, t Target, host, token string) outcome {
	rid := rand.Int64N(1 << 40)
	first, err := p.post(ctx, t, token, fmt.Sprintf(`<body rid="%d" to=%q hold="1" wait="2" ver="1.6" `+
		`xml:lang="en" xmpp:version="1.0" xmlns="http://jabber.org/protocol/httpbind" xmlns:xmpp="urn:xmpp:xbosh"/>`,
		rid, host))
	switch {
	case err != nil:
		return outcome{where: atServer, said: err.Error()}
	case first.Type == "terminate" || first.SID == "":
		return outcome{where: atHost, said: first.Condition}
	}
	defer func() { p.end(ctx, t, token, first.SID, rid+1) }() // the next one of its requests
	anonymous := func(s string) bool { return strings.TrimSpace(s) == "ANONYMOUS" }
	if !slices.ContainsFunc(first.Features.Mechanisms, anonymous) {
		return outcome{where: atOffer, said: strings.Join(first.Features.Mechanisms, ", ")}
	}
	children := `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>`
	for range 2 { // the answer may come with the next one
		rid++
		b, err := p.post(ctx, t, token, within(first.SID, rid, children))
		switch {
		case err != nil:
			return outcome{where: atServer, said: err.Error()}
		case b.Success != nil:
			return outcome{in: true}
		case b.Failure != nil:
			return outcome{where: atToken, said: b.Failure.Text}
		}
		children = ""
	}
	return outcome{where: atServer, said: "no answer to the login"}
}

func within(sid string, rid int64, children string) string {
	return fmt.Sprintf(`<body rid="%d" sid="%s" xmlns="http://jabber.org/protocol/httpbind">%s</body>`, rid,
		escaped(sid), children)
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}

// end ends a session, whatever Prosody says to that.
func (p *Prober) end(ctx context.Context, t Target, token, sid string, rid int64) {
	_, _ = p.post(ctx, t, token, fmt.Sprintf(
		`<body rid="%d" sid="%s" type="terminate" xmlns="http://jabber.org/protocol/httpbind"/>`, rid, escaped(sid)))
}

// post sends a body. No error has the address in it, which has the token.
func (p *Prober) post(ctx context.Context, t Target, token, content string) (*body, error) {
	u := *t.Upstream
	u.Path = "/http-bind"
	if token != "" {
		u.RawQuery = "token=" + url.QueryEscape(token)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(content))
	if err != nil {
		return nil, errors.New("the address of Prosody's HTTP server cannot be used")
	}
	r.Host = t.Host
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("User-Agent", "usher") // Jitsi's modules log it beside what they refuse
	answer, err := p.client.Do(r)
	if err != nil {
		return nil, reason(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", answer.StatusCode)
	}
	var b body
	if err := xml.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&b); err != nil {
		return nil, errors.New("the answer is none of BOSH")
	}
	return &b, nil
}

// reason is an error of a request without the addresses in it: one has the token, another a port that is a new one each
// time, so that what is found would never be what was found before.
func reason(err error) error {
	if of, ok := errors.AsType[*url.Error](err); ok {
		err = of.Err
	}
	if of, ok := errors.AsType[*net.OpError](err); ok {
		err = of.Err
	}
	return err
}

// A step is what Prosody says to a token, and the step that is missing then.
type step struct{ said, text, mend string }

// steps are Jitsi's texts, the first that fits counts.
func steps() []step {
	const left = "comment asap_key_server and cache_keys_url out in Prosody's host, and restart Prosody"
	return []step{
		{"Invalid signature", "Prosody has another app_secret",
			"put usher's into Prosody's host (usher prosody prints it), and restart Prosody"},
		{"incorrect alg", "Prosody wants another signature_algorithm",
			`set signature_algorithm = "RS256" beside a public key, "HS256" beside a secret, and restart Prosody`},
		{"Algorithm not supported", "Prosody has a signature_algorithm that is none",
			`set signature_algorithm = "RS256" beside a public key, "HS256" beside a secret, and restart Prosody`},
		{"kid", "Prosody asks a key server instead of its app_secret", left},
		{"public key", "Prosody asks a key server instead of its app_secret", left},
		{"'iss'", "Prosody has another app_id", "correct relay.app_id, or app_id in Prosody's host"},
		{"'aud'", "Prosody wants another audience", "set relay.audience to one of asap_accepted_audiences"},
		{"acceptable by", "Prosody's clock and usher's differ", "set both clocks right (NTP)"},
		{"token required", "Prosody finds no token in the address",
			"load Jitsi's own modules in Prosody's host (plugin_paths), and restart Prosody"},
	}
}

// ofGuests says which step is missing at a host of guests. The stage of the server is none of its own.
func (o outcome) ofGuests(t Target, guests string) Finding {
	f := Finding{Host: t.Host}
	const lines = `authentication = "jitsi-anonymous"`
	switch o.where {
	case atServer:
		return o.finding(t)
	case atHost:
		f.Text = "Prosody has no host " + guests + " for guests (" + text.Name(o.said) + ")"
		f.Mend = "add a VirtualHost of that name with " + lines + " and restart Prosody, or take it out of guests"
	case atOffer:
		f.Text = "Prosody's host " + guests + " has another authentication: it offers [" + text.Clip(o.said) + "]"
		f.Mend = "set " + lines + " in Prosody's host " + guests + ", and restart Prosody"
	default:
		f.Text = "Prosody's host " + guests + " refuses guests: " + text.Clip(o.said)
		f.Mend = "set " + lines + " in Prosody's host " + guests + ", and restart Prosody"
	}
	return f
}

// finding says which step is missing.
func (o outcome) finding(t Target) Finding {
	f := Finding{Host: t.Host}
	switch o.where {
	case atServer:
		f.Text = "Prosody's HTTP server does not answer at " + t.Upstream.Host + ": " + text.Clip(o.said)
		f.Mend = "start Prosody with mod_bosh, or correct gateway.upstream"
	case atHost:
		f.Text = "Prosody does not serve the host over BOSH (" + text.Name(o.said) + ")"
		f.Mend = "compare the name with Prosody's VirtualHost"
	case atOffer:
		f.Text = "Prosody's host has another authentication: it offers [" + text.Clip(o.said) + "]"
		f.Mend = `set authentication = "token" in Prosody's host, and restart Prosody`
		if o.said == "" {
			f.Text = "Prosody's host offers no way to log in"
			f.Mend = "look in Prosody's log whether auth_token was loaded (a Lua package may be missing, such as " +
				"basexx), set consider_bosh_secure and consider_websocket_secure, and restart Prosody"
		}
	default:
		f.Text, f.Mend = "Prosody refuses the inner token: "+text.Clip(o.said), "look at Prosody's log"
		for _, s := range steps() {
			if strings.Contains(o.said, s.said) {
				f.Text, f.Mend = s.text+" ("+text.Clip(o.said)+")", s.mend
				break
			}
		}
	}
	return f
}
