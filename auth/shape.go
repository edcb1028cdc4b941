package auth

import (
	"bytes"
	"encoding/base64"
)

// segments are the three parts of a token in compact form (RFC 7515 section
// 7.1), still encoded, and the text that is signed.
type segments struct {
	header, payload, signature []byte
	signed                     []byte // header "." payload
}

// split cuts a token at its dots. It looks at nothing else: a text of any
// length with the wrong number of dots is refused at the cost of finding them.
func split(token []byte) (segments, *Refusal) {
	first, last := bytes.IndexByte(token, '.'), bytes.LastIndexByte(token, '.')
	if first < 0 || first == last || bytes.IndexByte(token[first+1:last], '.') >= 0 {
		return segments{}, Refuse(ReasonMalformed, "a token has three parts with dots between, this has %d; have the client send the whole token and nothing else", 1+bytes.Count(token, []byte(".")))
	}
	// Go's decoder skips line breaks, which would give one token many texts.
	if bytes.IndexByte(token, '\n') >= 0 || bytes.IndexByte(token, '\r') >= 0 {
		return segments{}, Refuse(ReasonMalformed, "there is a line break in the token; have the client send it in one line")
	}
	return segments{token[:first], token[first+1 : last], token[last+1:], token[:last]}, nil
}

// strictBase64 refuses padding, other alphabets, and unused bits that are not
// zero, so that each segment has one spelling.
var strictBase64 = base64.RawURLEncoding.Strict()

// decodeSegment appends the bytes of a segment to buf.
func decodeSegment(buf, segment []byte, name string) ([]byte, *Refusal) {
	if len(segment) == 0 {
		return buf, Refuse(ReasonMalformed, "the %s is empty; have the client send the whole token, and the application sign it", name)
	}
	buf, err := strictBase64.AppendDecode(buf, segment)
	if err != nil {
		return buf, Refuse(ReasonMalformed, "the %s is not canonical base64url without padding; have the client send the token as it was made, and the application encode it so (RFC 7515 section 2)", name)
	}
	return buf, nil
}
