package swap_test

import (
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
	"usher/auth/gateway/swap"
)

const (
	host = "meet.example"
	full = "u-1@meet.example/res"
)

func key() *swap.Key { return &swap.Key{1, 2, 3} }

func read(t testing.TB, document string) stanza.Element {
	t.Helper()
	e, err := stanza.Parse([]byte(document))
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return e
}

// pong is Prosody's answer to a ping of ours.
func pong(t testing.TB, ping []byte, of string) string {
	t.Helper()
	e := read(t, string(ping))
	return `<iq xmlns="jabber:client" type="` + of + `" from="` + e.Attribute("to") + `" to="` + full +
		`" id="` + e.Attribute("id") + `"/>`
}

// refuse has a stanza refused, and returns what Prosody and the client get.
func refuse(t *testing.T, document string, c swap.Code) (toProsody, toClient string) {
	t.Helper()
	r, answered := swap.Refuse(read(t, document), c)
	if !answered {
		return string(swap.Silence(host)), ""
	}
	ping, ok := key().Wrap(host, full, r)
	if !ok {
		return "", ""
	}
	answer, ok := key().Unwrap(host, full, read(t, pong(t, ping, "result")))
	if !ok {
		t.Fatalf("the answer to %s is not known again", ping)
	}
	return string(ping), string(answer)
}

const stanzas = ` xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"`

// The answers to what is refused, by what it is.
func TestAnswer(t *testing.T) {
	const link = "Your link is for another room. Look at its address again, or ask for a link to this room."
	const wrong = `<error type="cancel"><not-allowed` + stanzas + `/><text` + stanzas + `>` + link + `</text></error>`
	const answer = ` xmlns="jabber:client" type="error" from="`
	for _, c := range []struct{ in, want string }{
		{`<presence to="r@c.meet.example/n" id="7"><x xmlns="http://jabber.org/protocol/muc"/></presence>`,
			`<presence` + answer + `r@c.meet.example/n" to="` + full + `" id="7">` + wrong + `</presence>`},
		{`<presence to="r@c/n" type="subscribe"/>`,
			`<presence` + answer + `r@c/n" to="` + full + `">` + wrong + `</presence>`},
		{`<iq type="set" to="focus.meet.example" id="a&lt;b"><conference/></iq>`,
			`<iq` + answer + `focus.meet.example" to="` + full + `" id="a&lt;b">` + wrong + `</iq>`},
		{`<iq type="get" id="1"><q/></iq>`,
			`<iq xmlns="jabber:client" type="error" to="` + full + `" id="1">` + wrong + `</iq>`},
		{`<message type="groupchat" to="r@c"><body>x</body></message>`,
			`<message` + answer + `r@c" to="` + full + `">` + wrong + `</message>`},
		{`<iq type="result" to="r@c" id="1"/>`, ""},
		{`<iq type="error" to="r@c" id="1"/>`, ""},
		{`<iq type="odd" to="r@c" id="1"/>`, ""},
		{`<presence type="unavailable" to="r@c/n"/>`, ""},
		{`<presence type="error" to="r@c/n"/>`, ""},
		{`<message type="error" to="r@c/n"/>`, ""},
	} {
		in := strings.Replace(c.in, " ", ` xmlns="jabber:client" `, 1)
		toProsody, toClient := refuse(t, in, swap.RoomMismatch)
		if toClient != c.want {
			t.Errorf("%s: %s, want %s", in, toClient, c.want)
		}
		if e := read(t, toProsody); !e.Is(stanza.NamespaceClient, "iq") || e.Attribute("to") != host {
			t.Errorf("%s: Prosody gets %s", in, toProsody)
		}
	}
	if r, answered := swap.Refuse(read(t, `<iq xmlns="other" type="get" to="a" id="1"/>`), swap.NotAllowed); answered {
		t.Errorf("an element of another namespace is answered as %+v", r)
	}
	if _, answered := swap.Refuse(read(t, `<presence xmlns="`+stanza.NamespaceBOSH+`" to="a"/>`), swap.NotAllowed); !answered {
		t.Error("a presence with the namespace of the body around it is not answered")
	}
}

// What Jitsi's client makes of the answer depends on these.
func TestWhatClientsLookFor(t *testing.T) {
	const join = `<presence xmlns="jabber:client" to="r@c/n"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
	if _, got := refuse(t, join, swap.Expired); !strings.Contains(got, `<error type="cancel"><not-allowed `) ||
		!strings.HasSuffix(got, `<authentication-required xmlns="http://jitsi.org/jitmeet"/></error></presence>`) {
		t.Errorf("expired: %s", got)
	}
	const request = `<iq xmlns="jabber:client" type="set" to="focus.m" id="1"><conference/></iq>`
	if _, got := refuse(t, request, swap.ConferenceNotStarted); !strings.Contains(got,
		`<error type="auth"><not-authorized`+stanzas+`/>`) {
		t.Errorf("an early guest: %s", got)
	}
	for c := range swap.Code(255) {
		_, got := refuse(t, join, c)
		text := c.Text()
		if text == "" || strings.ContainsAny(text, `'"<>&`) || !strings.Contains(got, text) {
			t.Errorf("code %d: %q in %s", c, text, got)
		}
		if c != swap.ConferenceNotStarted && !strings.Contains(got, `<error type="cancel"><not-allowed`+stanzas+`/>`) {
			t.Errorf("code %d: %s, which clients read as something else", c, got)
		}
	}
}

func TestForJoin(t *testing.T) {
	for reason, want := range map[string]swap.Code{
		"room_mismatch": swap.RoomMismatch, "not_started": swap.NotStarted, "session_ended": swap.Expired,
		"internal_error": swap.Undecided, "new one": swap.NotAllowed, "": swap.NotAllowed,
	} {
		if got := swap.ForJoin(reason, false); got != want {
			t.Errorf("%s: %d, want %d", reason, got, want)
		}
		if got := swap.ForJoin(reason, true); got != swap.Expired {
			t.Errorf("%s, and a login helps: %d", reason, got)
		}
	}
}

// The numbers stand in ids that outlive the process.
func TestNumbersStay(t *testing.T) {
	if swap.Undecided != 1 || swap.NotAllowed != 16 || swap.ConferenceNotStarted != 17 ||
		swap.IQ != 1 || swap.Presence != 2 || swap.Message != 3 {
		t.Error("a code or kind has another number than before: add new ones at the end")
	}
}

// An id is of use on one stream, in an answer of the host, and as it is.
func TestOnlyOurs(t *testing.T) {
	r := swap.Refused{Code: swap.RoomMismatch, Kind: swap.Presence, To: "r@c/n", ID: "1"}
	ping, _ := key().Wrap(host, full, r)
	good := pong(t, ping, "result")
	for _, of := range []string{"result", "error"} {
		if _, ok := key().Unwrap(host, full, read(t, pong(t, ping, of))); !ok {
			t.Errorf("%s of the host is not swapped", of)
		}
	}
	if _, ok := key().Unwrap(host, full, read(t, strings.Replace(good, ` to="`+full+`"`, "", 1))); !ok {
		t.Error("an answer without to is not swapped")
	}
	for name, in := range map[string]string{
		"of a room":           strings.Replace(good, `from="`+host, `from="r@c.`+host, 1),
		"of another resource": strings.Replace(good, `from="`+host, `from="`+host+"/x", 1),
		"without from":        strings.Replace(good, ` from="`+host+`"`, "", 1),
		"to another":          strings.Replace(good, `to="u-1@`, `to="u-2@`, 1),
		"get":                 strings.Replace(good, `"result"`, `"get"`, 1),
		"of no type":          strings.Replace(good, ` type="result"`, "", 1),
		"a message":           strings.Replace(good, "<iq", "<message", 1),
		"another namespace":   strings.Replace(good, "jabber:client", "jabber:server", 1),
		"a prefixed id":       strings.Replace(good, ` id=`, ` xmlns:a="a" a:id=`, 1),
		"no id":               strings.Replace(good, ` id=`, ` no=`, 1),
		"another id":          `<iq xmlns="jabber:client" type="result" from="` + host + `" id="ushr.AAAA.AAAA"/>`,
		"cut short":           good[:len(good)-len(`x"/>`)] + `"/>`,
	} {
		if answer, ok := key().Unwrap(host, full, read(t, in)); ok {
			t.Errorf("%s: %s is swapped for %s", name, in, answer)
		}
	}
	e := read(t, good)
	for _, stream := range [][2]string{
		{host, "xu-1@meet.example/res"}, {host, "u-2@meet.example/res"}, {host, "U-1@meet.example/res"}, {host, ""}, {"other.example", full}, {"", full},
	} {
		if _, ok := key().Unwrap(stream[0], stream[1], e); ok {
			t.Errorf("an id is of use on %q", stream)
		}
	}
	if _, ok := (&swap.Key{9}).Unwrap(host, full, e); ok {
		t.Error("an id of another key is of use")
	}
}

// No part of what is signed can be read as part of another.
func TestPartsAreApart(t *testing.T) {
	ping, _ := key().Wrap("a", "bc@x/y", swap.Refused{Code: 1, Kind: swap.IQ, To: "t", ID: "i"})
	id := read(t, string(ping)).Attribute("id")
	in := `<iq xmlns="jabber:client" type="result" from="ab" id="` + id + `"/>`
	if _, ok := key().Unwrap("ab", "c@x/y", read(t, in)); ok {
		t.Error("an id of one host is good on another")
	}
}

func TestTooLong(t *testing.T) {
	r := swap.Refused{Code: swap.NotAllowed, Kind: swap.IQ, To: strings.Repeat("a", swap.MostRefused-1), ID: "1"}
	ping, ok := key().Wrap(host, full, r)
	if !ok || len(ping) > 2<<10 {
		t.Errorf("%d bytes for the longest, %v", len(ping), ok)
	}
	r.ID = "12"
	if ping, ok := key().Wrap(host, full, r); ok || ping != nil {
		t.Error("a longer one is wrapped")
	}
}
