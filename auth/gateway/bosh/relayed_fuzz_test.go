package bosh

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/swap"
	"usher/auth/relayauth"
)

// boundTo makes a session whose account is known, without a network.
func boundTo(t testing.TB) *relayed {
	t.Helper()
	streams := relay.NewStreams(relay.Options{Logins: &logins{}, Rooms: rooms{&logins{}}, Swap: &swap.Key{7}})
	r := &relayed{session: &session{}}
	r.stream = streams.New(relay.Client{Login: &relayauth.Login{}, Host: gatewaytest.Host, Connection: r})
	for _, step := range []struct{ sends, hears string }{{gatewaytest.Anonymous, gatewaytest.Success}, {bind, bindResult}} {
		for i, s := range []string{step.sends, step.hears} {
			e, err := stanza.Parse([]byte(s))
			if err != nil {
				t.Fatal(err)
			}
			v := r.stream.FromProsody
			if i == 0 {
				v = r.stream.FromClient
			}
			if v := v(t.Context(), e); v.End != nil {
				t.Fatalf("%s: %+v", s, v.End)
			}
		}
	}
	if !r.stream.Bound() {
		t.Fatal("the account is not known")
	}
	return r
}

// FuzzRelayedBody holds: of any body as many elements go on as there are in it, each as it
// was or in the place of a refused one; and nothing goes on that joins a closed room. A
// body that another reader would read in another way does not go on.
func FuzzRelayedBody(f *testing.F) {
	for _, content := range []string{
		message, joining(openRoom) + joining(closedRoom), joining("a@b") + message + `<iq type="get" id="1" to="x"><q xmlns="q"/></iq>`,
		`<p:presence xmlns:p="jabber:client" to='` + closedRoom + `'><x xmlns="http://jabber.org/protocol/muc"/></p:presence>`,
		`<presence to="` + closedRoom + `" type="unavailable"/> text <message type="error"/>`,
		`<iq xmlns="jabber:client" type="set" id="c"><conference xmlns="http://jitsi.org/protocol/focus" token="x"/></iq>`,
		`<presence to="` + closedRoom + `"><!-- --></presence>`, `</body><presence to="` + closedRoom + `"/>`, `<presence><presence/></presence>`,
	} {
		f.Add([]byte(gatewaytest.Body(5, content)))
	}
	f.Add([]byte(`<b:body xmlns:b="http://jabber.org/protocol/httpbind" xmlns:m="http://jabber.org/protocol/muc"><b:presence to="` + closedRoom +
		`"><m:x/></b:presence></b:body>`))
	r := boundTo(f)
	f.Fuzz(func(t *testing.T, document []byte) {
		before := bytes.Clone(document)
		goesOn, end := r.judgeElements(t.Context(), document, false)
		if !bytes.Equal(before, document) {
			t.Fatal("the document itself was changed")
		}
		if end != nil {
			if goesOn != nil {
				t.Fatalf("%q ends the session, and goes on", document)
			}
			return
		}
		was, err := stanza.ParseBody(document)
		is, err2 := stanza.ParseBody(goesOn)
		if err != nil || err2 != nil || len(was.Children) != len(is.Children) {
			t.Fatalf("%q becomes %q (%v, %v)", document, goesOn, err, err2)
		}
		for i, e := range is.Children {
			same := bytes.Equal(was.Children[i].Outer(), e.Outer())
			if ours := bytes.HasPrefix(e.Outer(), []byte(`<iq xmlns="jabber:client" type=`)); !same && !ours && e.Name.Local != "iq" {
				t.Fatalf("%q becomes %q", was.Children[i].Outer(), e.Outer())
			}
		}
		if room := joined(t, goesOn); room != "" {
			t.Fatalf("%q joins %q", goesOn, room)
		}
	})
}

// joined finds a presence in a body that joins a room which is not open. It reads the body
// in its own way.
func joined(t *testing.T, document []byte) string {
	t.Helper()
	var body struct {
		Presences []struct {
			XMLName xml.Name
			To      string     `xml:"to,attr"`
			Type    string     `xml:"type,attr"`
			Attr    []xml.Attr `xml:",any,attr"`
			X       []struct{} `xml:"http://jabber.org/protocol/muc x"`
		} `xml:"presence"`
	}
	if err := xml.Unmarshal(document, &body); err != nil {
		t.Fatalf("%q: %v", document, err)
	}
	for _, p := range body.Presences {
		prefixed := false // encoding/xml takes a:to for to
		for _, a := range p.Attr {
			prefixed = prefixed || a.Name.Space != "" && a.Name.Space != "xmlns"
		}
		if p.To != "" && p.Type == "" && len(p.X) > 0 && !prefixed && !strings.HasPrefix(p.To, "open@") {
			return p.To
		}
	}
	return ""
}
