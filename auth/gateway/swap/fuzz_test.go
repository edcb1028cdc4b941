package swap_test

import (
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
	"usher/auth/gateway/swap"
)

// FuzzWrap holds: whatever is refused comes back as it went, on its stream; and with
// any byte of its id changed it does not.
func FuzzWrap(f *testing.F) {
	f.Add(byte(7), byte(1), "r@c.meet.example/n", "id", "u@h/r", uint16(9), byte(1))
	f.Add(byte(255), byte(2), "", "", "", uint16(0), byte(0x80))
	f.Add(byte(0), byte(3), "<&\"'>\t\n", "%00\u2028", "a@b/c/d", uint16(500), byte('.'))
	f.Fuzz(func(t *testing.T, code, kind byte, to, id, jid string, at uint16, change byte) {
		k := swap.Kind(kind%3 + 1)
		r := swap.Refused{Code: swap.Code(code), Kind: k, To: to, ID: id}
		ping, ok := key().Wrap(host, jid, r)
		if ok != (len(to)+len(id) <= swap.MostRefused) {
			t.Fatalf("to and id of %d bytes: %v", len(to)+len(id), ok)
		}
		if !ok {
			return
		}
		e := read(t, string(ping))
		ours := e.Attribute("id")
		answer, ok := key().Unwrap(host, jid, answerWith(t, ours))
		if want := r.Answer(jid); !ok || string(answer) != string(want) {
			t.Fatalf("%+v came back as %s, %v; want %s", r, answer, ok, want)
		}
		if _, err := stanza.Parse(answer); err != nil {
			t.Fatalf("the answer %s cannot be read: %v", answer, err)
		}
		changed := []byte(ours)
		changed[int(at)%len(changed)] ^= change
		if string(changed) == ours || strings.ContainsAny(string(changed), "<>&\"\x00") {
			return
		}
		if e, err := stanza.Parse([]byte(pongOf(string(changed)))); err == nil {
			if got, ok := key().Unwrap(host, jid, e); ok {
				t.Fatalf("%q instead of %q is %s", changed, ours, got)
			}
		}
	})
}

func pongOf(id string) string {
	return `<iq xmlns="jabber:client" type="result" from="` + host + `" id="` + id + `"/>`
}

func answerWith(t *testing.T, id string) stanza.Element { return read(t, pongOf(id)) }

// FuzzUnwrap holds: what somebody else made is never swapped, and nothing panics.
func FuzzUnwrap(f *testing.F) {
	f.Add([]byte(pongOf("ushr.AAAA.AAAA")))
	f.Add([]byte(pongOf("ushr.AgEBcjE.AAAAAAAAAAAAAAAAAAAAAA")))
	f.Fuzz(func(t *testing.T, document []byte) {
		e, err := stanza.Parse(document)
		if err != nil {
			return
		}
		if answer, ok := key().Unwrap(host, full, e); ok {
			t.Fatalf("%q is swapped for %q", document, answer)
		}
		if r, answered := swap.Refuse(e, swap.NotAllowed); answered {
			if _, err := stanza.Parse(r.Answer(full)); err != nil {
				t.Fatalf("%q is answered %q: %v", document, r.Answer(full), err)
			}
		}
	})
}
