package auth

import (
	"bytes"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"usher/auth/keys"
	"usher/internal/jid"
	"usher/internal/strictjson"
	"usher/internal/text"
)

// segments are the three parts of a token in compact form (RFC 7515 section
// 7.1), still encoded, and the text that is signed.
type segments struct {
	header, payload, signature []byte
	signed                     keys.Input // header "." payload
}

// split cuts a token at its dots. It looks at nothing else: a text of any
// length with the wrong number of dots is refused at the cost of finding them.
func split(token []byte) (segments, *Refusal) {
	first, last := bytes.IndexByte(token, '.'), bytes.LastIndexByte(token, '.')
	if first < 0 || first == last || bytes.IndexByte(token[first+1:last], '.') >= 0 {
		return segments{}, Refuse(ReasonMalformed, "a token has three parts with dots between, this has %d; "+
			"have the client send the whole token and nothing else", 1+bytes.Count(token, []byte(".")))
	}
	// Go's decoder skips line breaks, which would give one token many texts.
	if bytes.IndexByte(token, '\n') >= 0 || bytes.IndexByte(token, '\r') >= 0 {
		return segments{}, Refuse(ReasonMalformed, "there is a line break in the token; "+
			"have the client send it in one line")
	}
	return segments{token[:first], token[first+1 : last], token[last+1:], keys.NewInput(token[:last+1])}, nil
}

// strictBase64 refuses padding, other alphabets, and unused bits that are not
// zero, so that each segment has one spelling.
var strictBase64 = base64.RawURLEncoding.Strict()

// decodeSegment appends the bytes of a segment to buf.
func decodeSegment(buf, segment []byte, name string) ([]byte, *Refusal) {
	if len(segment) == 0 {
		return buf, Refuse(ReasonMalformed, "the %s is empty; "+
			"have the client send the whole token, and the application sign it", name)
	}
	buf, err := strictBase64.AppendDecode(buf, segment)
	if err != nil {
		return buf, Refuse(ReasonMalformed, "the %s is not canonical base64url without padding; "+
			"have the client send the token as it was made, and the application encode it so (RFC 7515 section 2)",
			name)
	}
	return buf, nil
}

// A header is a JOSE header that was found acceptable (RFC 7515 section 4).
type header struct {
	alg *keys.Algorithm
	kid string // or empty
	typ string // or empty
}

// forbiddenMembers are refused wherever they stand: each would change what
// the signed bytes mean. Embedded or linked keys (jwk, jku, x5c, x5u) are not
// among them because nothing looks at them.
var forbiddenMembers = []string{"crit", "b64", "zip", "cty"}

// parseHeader reads the decoded header of a token.
func parseHeader(doc *strictjson.Document, raw []byte) (*header, *Refusal) {
	if err := doc.Read(raw); err != nil {
		return nil, Refuse(ReasonBadHeader, "the header is not strict JSON: %v; "+
			"have the application write one object in UTF-8, each member once (RFC 8259)", err)
	}
	for _, name := range forbiddenMembers {
		if doc.Get(name) != nil {
			return nil, Refuse(ReasonBadHeader, "the header has %q, which is never accepted; "+
				"have the application leave it out", name)
		}
	}
	alg, kid, typ := doc.Get("alg"), doc.Get("kid"), doc.Get("typ")
	if alg == nil || alg.Kind != '"' {
		return nil, Refuse(ReasonBadHeader, "the header has no alg that is a text; "+
			"have the application write what it signs with, such as HS256")
	}
	h := &header{alg: keys.AlgorithmNamed(string(alg.Text))}
	if h.alg == nil {
		return nil, Refuse(ReasonAlgorithmNotAllowed, "alg %q is not supported; "+
			"have the application sign with one of %s", text.Name(alg.Text), strings.Join(keys.Algorithms(), ", "))
	}
	var refusal *Refusal
	if h.kid, refusal = headerText(kid, "kid"); refusal != nil {
		return nil, refusal
	}
	if h.typ, refusal = headerText(typ, "typ"); refusal != nil {
		return nil, refusal
	}
	return h, nil
}

// headerText reads an optional member of the header.
func headerText(n *strictjson.Node, name string) (string, *Refusal) {
	switch {
	case n == nil:
		return "", nil
	case n.Kind != '"':
		return "", Refuse(ReasonBadHeader, "the header's %s is %s; have the application write a text", name, n.Words())
	case len(n.Text) == 0 || len(n.Text) > keys.MaxKeyID:
		return "", Refuse(ReasonBadHeader, "the header's %s has %d bytes; "+
			"have the application write 1 to %d, or leave it out", name, len(n.Text), keys.MaxKeyID)
	case bytes.ContainsFunc(n.Text, unicode.IsControl):
		return "", Refuse(ReasonBadHeader, "the header's %s has a control character; "+
			"have the application leave it out", name)
	}
	return string(n.Text), nil
}

// typeAllowed compares media types as RFC 7515 section 4.1.9 does, without
// regard to case.
func typeAllowed(typ string, allowed []string) bool {
	return typ == "" || slices.Contains(allowed, typ) || slices.ContainsFunc(allowed, func(a string) bool {
		return jid.LowerASCII(a) == jid.LowerASCII(typ)
	})
}

// headerCache keeps the headers of tokens that were verified: an issuer's
// tokens share a few. Only a good signature puts one in, so that strangers
// cannot fill it. The map is replaced, never written.
type headerCache struct {
	headers atomic.Pointer[map[string]*header] // by encoded segment
	writing sync.Mutex
}

const maxHeaders = 256

func (c *headerCache) get(segment []byte) *header {
	if m := c.headers.Load(); m != nil {
		return (*m)[string(segment)]
	}
	return nil
}

func (c *headerCache) put(segment []byte, h *header) {
	if c.get(segment) != nil {
		return
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	next := map[string]*header{string(segment): h}
	if m := c.headers.Load(); m != nil && len(*m) < maxHeaders {
		maps.Copy(next, *m)
	}
	c.headers.Store(&next)
}
