package component

import (
	"encoding/xml"
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
)

// TestTellAlone: what is for one client alone says so to Prosody (XEP-0280, XEP-0334), and the gateway reads of it what the
// component meant.
func TestTellAlone(t *testing.T) {
	yes := &struct{}{}
	const body = "\"Bob\" <waits> & more:\nhttps://console.example.com/enter#x"
	m := message{From: "usher.h", To: "a@h/r", Type: "chat", Body: body, Notice: &notice{"r'oom@c", "n<"},
		alone: alone{NoCopy: yes, NoStore: yes, Private: yes}}
	out, err := xml.Marshal(m)
	for _, want := range []string{`<no-copy xmlns="urn:xmpp:hints">`, `<no-store xmlns="urn:xmpp:hints">`, `<private xmlns="urn:xmpp:carbons:2">`} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("no %s in %s: %v", want, out, err)
		}
	}
	e, err := stanza.Parse(out)
	if n, ok := e.Notice(); err != nil || !ok || n != (stanza.Notice{Room: "r'oom@c", Nick: "n<", Text: body}) {
		t.Errorf("%+v: %v", n, err)
	}
	usual, err := xml.Marshal(message{To: "a@h", Type: "chat", Body: body})
	if err != nil || strings.Contains(string(usual), "hints") || strings.Contains(string(usual), "notice") {
		t.Errorf("%s: %v", usual, err)
	}
}
