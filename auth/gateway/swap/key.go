package swap

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"usher/auth/gateway/stanza"
)

// A Key authenticates ids. It is made once and lies in the state.
type Key [32]byte

// MostRefused bounds the refused stanza's to and id together, in bytes: they go to
// Prosody and back in one id.
const MostRefused = 1 << 10

// Prefix begins every id.
const Prefix = "ushr."

const (
	macSize = 16           // in bytes; as many as a guess would need
	label   = "usher swap" // what else the key might be used for has another
)

// Wrap returns the ping that goes on to Prosody in the place of a refused stanza, on
// the stream of a JID of a host. The resource counts for nothing: nobody knows it on a
// stream that was resumed. If ok is false the stanza is too long to be
// refused: the stream has to end.
func (k *Key) Wrap(host, jid string, r Refused) (ping []byte, ok bool) {
	if len(r.To)+len(r.ID) > MostRefused {
		return nil, false
	}
	var b strings.Builder
	b.WriteString(`<iq xmlns="` + stanza.NamespaceClient + `" type="get"`)
	writeAttribute(&b, "to", host)
	writeAttribute(&b, "id", k.sign(host, jid, r))
	b.WriteString(`><ping xmlns="urn:xmpp:ping"/></iq>`)
	return []byte(b.String()), true
}

// Unwrap returns the client's answer if an element of Prosody is the answer of its
// host to a ping of ours on this stream. Rooms and other clients send results and
// errors, too: only what comes from the host counts.
func (k *Key) Unwrap(host, jid string, e stanza.Element) (answer []byte, ok bool) {
	of := e.Attribute("type")
	if !e.Is(stanza.NamespaceClient, "iq") || of != "result" && of != "error" || e.Attribute("from") != host {
		return nil, false
	}
	to := cmp.Or(e.Attribute("to"), jid)
	if bareOf(to) != bareOf(jid) {
		return nil, false
	}
	r, ok := k.open(host, jid, e.Attribute("id"))
	if !ok {
		return nil, false
	}
	return r.Answer(to), true
}

// sign writes an id: what was refused, and the proof that it was refused here.
func (k *Key) sign(host, jid string, r Refused) string {
	payload := []byte{byte(r.Code), byte(r.Kind)}
	payload = binary.AppendUvarint(payload, uint64(len(r.To)))
	payload = append(append(payload, r.To...), r.ID...)
	signed := Prefix + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(k.mac(host, jid, signed))
}

// open reads an id. What is not authentic is not read any further.
func (k *Key) open(host, jid, id string) (Refused, bool) {
	payload, isOurs := strings.CutPrefix(id, Prefix)
	if !isOurs {
		return Refused{}, false
	}
	payload, proof, found := strings.Cut(payload, ".")
	mac, err := base64.RawURLEncoding.Strict().DecodeString(proof)
	if !found || err != nil || !hmac.Equal(mac, k.mac(host, jid, Prefix+payload)) {
		return Refused{}, false
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil {
		return Refused{}, false
	}
	return parse(text)
}

// parse is the reverse of what sign writes.
func parse(text []byte) (Refused, bool) {
	if len(text) < 2 {
		return Refused{}, false
	}
	r := Refused{Code: Code(text[0]), Kind: Kind(text[1])}
	length, n := binary.Uvarint(text[2:])
	if kinds[r.Kind] == "" || n <= 0 || length > uint64(len(text)-2-n) {
		return Refused{}, false
	}
	rest := string(text[2+n:])
	r.To, r.ID = rest[:length], rest[length:]
	return r, true
}

func bareOf(jid string) string {
	bare, _, _ := strings.Cut(jid, "/")
	return bare
}

// mac authenticates what was signed for one stream. Each part is written with its
// length, so that none can be read as part of another.
func (k *Key) mac(host, jid, signed string) []byte {
	h := hmac.New(sha256.New, k[:])
	for _, part := range []string{label, host, bareOf(jid), signed} {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)[:macSize]
}
