package parsed

import (
	"context"
	"strings"

	"usher/auth/gateway/filter"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
	"usher/auth/relayauth"
)

const (
	host  = "meet.example.com"
	inner = "inner.to.ken"
	focus = "http://jitsi.org/protocol/focus"
)

// A gateway judges what one client says after its login, as it does in front of a Prosody.
type gateway struct {
	stream *relay.Stream
	asked  []string // of the rooms
}

// logins know one account.
type logins struct{ relay.Logins }

func (logins) InnerToken(context.Context, *relayauth.Login) (string, error)   { return inner, nil }
func (logins) StillGood(context.Context, *relayauth.Login) error              { return nil }
func (logins) Outdated(*relayauth.Login) bool                                 { return false }
func (logins) Record(context.Context, *relayauth.Login, string, string) error { return nil }

// rooms note what they are asked. What names an "a" is allowed.
type rooms struct {
	relay.Rooms
	gateway *gateway
}

func (r rooms) answer(what, to string) relay.JoinAnswer {
	r.gateway.asked = append(r.gateway.asked, what+" "+to)
	return relay.JoinAnswer{Allowed: strings.Contains(to, "a@"), Reason: "unknown_room"}
}

func (r rooms) Join(_ context.Context, q relay.JoinRequest) relay.JoinAnswer {
	return r.answer("join", q.To)
}

func (r rooms) Conference(_ context.Context, q relay.JoinRequest) relay.JoinAnswer {
	return r.answer("about", q.To)
}

func newGateway() *gateway {
	g := new(gateway)
	all := relay.NewStreams(relay.Options{Logins: logins{}, Rooms: rooms{gateway: g}})
	g.stream = all.New(relay.Client{Login: new(relayauth.Login), Host: host, EarlyGuests: true})
	for i, said := range []string{
		stanza.AuthAnonymous, `<success xmlns="` + stanza.NamespaceSASL + `"/>`,
		`<iq xmlns="jabber:client" type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`,
		`<iq xmlns="jabber:client" type="result" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><jid>u@` + host +
			`/r</jid></bind></iq>`,
	} {
		e, err := stanza.Parse([]byte(said))
		if err != nil {
			panic(err)
		}
		if by := g.stream.FromClient; i%2 == 0 {
			by(context.Background(), e)
		} else {
			g.stream.FromProsody(context.Background(), e)
		}
	}
	return g
}

// opens reports whether a text begins a stream.
func opens(text []byte) bool {
	e, err := stanza.Parse(text)
	return err == nil && new(filter.Stream).Position(e) == filter.Framed
}

// A judged element is what the gateway has read, and what goes on of it.
type judged struct {
	shown   string // empty: it has too many elements to be shown
	asked   []string
	verdict relay.Verdict
}

func (g *gateway) judge(e stanza.Element, by Way) judged {
	g.asked = nil
	v := g.stream.FromClient(context.Background(), e)
	shown, _ := Show(e, by)
	if by == WebSocket && e.Is(stanza.NamespaceFraming, "close") {
		shown = "closed" // Prosody must end the stream, as the gateway believes
	}
	return judged{shown, g.asked, v}
}

// frame judges a message of WebSocket; ok is false if the stream ends.
func (g *gateway) frame(text []byte) (goesOn []byte, list []judged, ok bool) {
	e, err := stanza.Parse(text)
	if err != nil {
		return nil, nil, false
	}
	one := g.judge(e, WebSocket)
	switch {
	case one.verdict.End != nil, one.verdict.Answer != nil:
		return nil, nil, false
	case one.verdict.Replace != nil:
		return one.verdict.Replace, []judged{one}, true
	}
	return text, []judged{one}, true
}

// body judges one of BOSH.
func (g *gateway) body(text []byte) (goesOn []byte, list []judged, ok bool) {
	tag, err := stanza.ParseBodyTag(text)
	if err != nil || tag.Attribute("sid") != "s" || tag.Attribute("rid") != "2" {
		return nil, nil, false
	}
	body, err := stanza.ParseBody(text)
	if err != nil {
		return nil, nil, false
	}
	with := map[int][]byte{}
	for i, e := range body.Children {
		one := g.judge(e, BOSH)
		if one.verdict.End != nil || one.verdict.Answer != nil {
			return nil, nil, false
		}
		if one.verdict.Replace != nil {
			with[i] = one.verdict.Replace
		}
		list = append(list, one)
	}
	return body.Rewrite(with), list, true
}
