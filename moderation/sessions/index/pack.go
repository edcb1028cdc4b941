package index

import (
	"encoding/binary"

	"usher/internal/loginid"
	"usher/moderation"
)

// pack writes the texts of a session into one, with what is seldom asked for: each begins with its length. A text that
// is the account's, as most that name a person are, is not written again. The print is that of the token, where its
// number does not tell it.
func pack(s *moderation.Session, withPrint bool) string {
	b := make([]byte, 0, 512) // on the stack, as most are not longer
	b = binary.AppendVarint(b, s.IssuedAt)
	b = binary.AppendUvarint(b, uint64(len(s.Account)))
	b = append(b, s.Account...)
	b = binary.AppendUvarint(b, uint64(s.LoginID))
	for _, text := range [...]string{s.User, s.TokenID, s.Subject, s.DisplayID, s.DisplayName} {
		b = appendText(b, text, s.Account)
	}
	if withPrint {
		b = appendText(b, s.TokenPrint, s.Account)
	}
	if s.Rooms != nil {
		b = binary.AppendUvarint(b, uint64(len(s.Rooms))+1)
		for _, room := range s.Rooms {
			b = appendText(b, room, s.Account)
		}
	}
	return string(b)
}

// The lengths that are none. Of a text that is written out it is one more than its bytes.
const (
	lengthOfNone    = 0
	lengthOfAccount = 1 // the text is the account's
)

func appendText(b []byte, text, account string) []byte {
	switch text {
	case "":
		return append(b, lengthOfNone)
	case account:
		return append(b, lengthOfAccount)
	}
	return append(binary.AppendUvarint(b, uint64(len(text))+1), text...)
}

// unpack reads what pack wrote. The texts are parts of the one.
func unpack(texts string, s *moderation.Session, withPrint bool) {
	r := reader{rest: texts}
	s.IssuedAt = r.signed()
	s.Account = r.take(r.number())
	s.LoginID = loginid.ID(r.number())
	for _, text := range [...]*string{&s.User, &s.TokenID, &s.Subject, &s.DisplayID, &s.DisplayName} {
		*text = r.text(s.Account)
	}
	if withPrint {
		s.TokenPrint = r.text(s.Account)
	}
	if r.rest == "" {
		return
	}
	s.Rooms = make([]string, r.number()-1)
	for i := range s.Rooms {
		s.Rooms[i] = r.text(s.Account)
	}
}

// unpackIssued returns the token's iat, and what follows it.
func unpackIssued(texts string) (at int64, rest string) {
	r := reader{texts}
	return r.signed(), r.rest
}

func unpackAccount(texts string) string {
	_, rest := unpackIssued(texts)
	r := reader{rest}
	return r.take(r.number())
}

// A reader reads what pack wrote, and nothing else.
type reader struct{ rest string }

func (r *reader) number() (n uint64) {
	for shift := 0; ; shift += 7 {
		b := r.rest[0]
		r.rest = r.rest[1:]
		if n |= uint64(b&0x7f) << shift; b < 0x80 {
			return n
		}
	}
}

// signed is as in package binary.
func (r *reader) signed() int64 {
	n := r.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) take(n uint64) (text string) {
	text, r.rest = r.rest[:n], r.rest[n:]
	return text
}

func (r *reader) text(account string) string {
	switch n := r.number(); n {
	case lengthOfNone:
		return ""
	case lengthOfAccount:
		return account
	default:
		return r.take(n - 1)
	}
}
