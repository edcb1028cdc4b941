package auth

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"usher/auth/claim"
	"usher/auth/inner"
	"usher/auth/keys"
	"usher/auth/ticket"
	"usher/internal/strictjson"
	"usher/internal/text"
)

// An attempt is one login on its way through the checks, and the memory that
// it needs on the way.
type attempt struct {
	login
	claims     strictjson.Document // the payload; aliases buf
	headerJSON strictjson.Document
	buf        []byte // the token's text, then its decoded parts
	keyBuf     [keys.MaxTried]*keys.Key
	onPanic    func() // sets panicked; made once, as a closure is memory too
}

// A login is what the checks find out, each for those after it.
type login struct {
	Credentials
	rules  *rules
	ticket *ticket.Record // if one was given; Token is then what it was made from
	now    time.Time

	host       *hostRules
	parts      segments
	header     *header
	issuer     *issuerRules
	candidates []*keys.Key
	key        *keys.Key // the one that made the signature
	span       span
	user, room *strictjson.Node // context.user and context.room, or nil
	wrongUnit  string           // a claim that may be in milliseconds
	had        uint64           // the moderators' claims that are there, by bitOf
	sessions   Sessions
	id         Identity
	panicked   bool
	failed     string // the check that refused it; empty: none of the list

	judge ClaimsJudged // of a token that is for no login

	relay bool        // the login is at a relay host, whose Prosody is given an inner token
	form  *inner.Form // of a verified token there
	over  *Refusal    // the token is over, and may yet resume a stream there
}

// reset forgets the login, and keeps the memory for the next.
func (a *attempt) reset() {
	a.claims.Reset()
	a.headerJSON.Reset()
	a.login, a.keyBuf, a.buf = login{}, [keys.MaxTried]*keys.Key{}, a.buf[:0]
}

var attempts = sync.Pool{New: func() any {
	a := new(attempt)
	a.onPanic = func() { a.panicked = true }
	return a
}}

// authenticate runs the list until a check fails.
func (a *attempt) authenticate() *Refusal {
	for i := range checkList {
		if r := checkList[i].run(a); r != nil {
			a.failed = checkList[i].name
			return r
		}
	}
	return nil
}

// authenticateCached runs what has to be asked each time.
func (a *attempt) authenticateCached() *Refusal {
	for i := range checkList {
		if !checkList[i].again {
			continue
		}
		if r := checkList[i].run(a); r != nil {
			a.failed = checkList[i].name
			return r
		}
	}
	return nil
}

// decode returns the bytes of a segment, which last as long as the login:
// buf only grows, and what it grew out of is not written again.
func (a *attempt) decode(segment []byte, name string) ([]byte, *Refusal) {
	start := len(a.buf)
	buf, refusal := decodeSegment(a.buf, segment, name)
	if refusal != nil {
		return nil, refusal
	}
	a.buf = buf
	return buf[start:], nil
}

// claim returns what stands at a path, or nil. Most paths are of context.user,
// which checkContext has found.
func (a *attempt) claim(path claim.Path) *strictjson.Node {
	if len(path) == 3 && path[0] == "context" && path[1] == "user" {
		return a.claims.Member(a.user, path[2])
	}
	return a.claims.Get(path...)
}

// choice reads a member that may be true, false, or one of the two as a text.
// Anything else says nothing.
func (a *attempt) choice(object *strictjson.Node, name string) Choice {
	n := a.claims.Member(object, name)
	if n == nil {
		return Unsaid
	}
	switch yes, said := claim.Truth(n); {
	case yes:
		return Yes
	case said:
		return No
	}
	return Unsaid
}

var errNotText = errors.New("not a text")

// texts calls f for each text of a claim that is a text or a list of texts, and
// tells whether the claim is there. Numbers count as their decimal text if they
// may.
func (a *attempt) texts(name string, numbers bool, f func(text []byte)) (there bool, refusal *Refusal) {
	n := a.claims.Get(name)
	if n == nil {
		return false, nil
	}
	element := func(n *strictjson.Node) error {
		switch {
		case n.Kind == '"' && len(n.Text) > 0:
			f(n.Text)
			return nil
		case numbers && n.Kind == '0':
			if text, ok := strictjson.Decimal(n.Text); ok {
				f([]byte(text))
				return nil
			}
		}
		return errNotText
	}
	err := errNotText
	if n.Kind != '[' {
		err = element(n)
	} else if !n.Empty() {
		err = a.claims.Elements(n, element)
	}
	if err != nil {
		return true, Refuse(ReasonBadClaims, "%s is %s; "+
			"have the application write a text with something in it, or a list of such", name, n.Words())
	}
	return true, nil
}

// quoted writes the texts of a claim for an operator.
func (a *attempt) quoted(name string) string {
	var list []string
	_, _ = a.texts(name, true, func(text []byte) { list = append(list, string(text)) })
	return fmt.Sprintf("%q", text.Name(strings.Join(list, ", ")))
}

// A span is when a token is good, in the token's own words.
type span struct {
	expires   time.Time // zero if there is no exp
	notBefore time.Time // zero if there is no nbf
	issued    time.Time // zero if there is no iat
}

// mostSeconds is exact in a float64, and safe for time.Unix: far beyond any
// time that is meant, and 98753496345768 (the original how-to's exp) is below.
const mostSeconds = 1 << 53

// instant turns a NumericDate (RFC 7519 section 2) into a time. A number
// beyond every calendar is as far away as time.Time can compare.
func instant(seconds float64) time.Time {
	seconds = min(max(seconds, -mostSeconds), mostSeconds)
	whole := int64(seconds)
	return time.Unix(whole, int64((seconds-float64(whole))*1e9))
}

// lastRecorded is the last time that a session's record can hold: its JSON has
// four digits for the year, in whatever zone, and the leeway comes on top.
var lastRecorded = time.Date(9999, time.December, 30, 0, 0, 0, 0, time.UTC)

// recorded is when a token is over as a session's record has it. One that is
// meant for thousands of years, as by an exp in milliseconds, ends with the last.
func recorded(expires time.Time) time.Time {
	if expires.After(lastRecorded) {
		return lastRecorded
	}
	return expires
}

// dateClaim returns a NumericDate (RFC 7519 section 2) in seconds since 1970.
func (a *attempt) dateClaim(name string) (seconds float64, there bool, refusal *Refusal) {
	n := a.claims.Get(name)
	if n == nil {
		return 0, false, nil
	}
	if n.Kind != '0' {
		return 0, true, Refuse(ReasonBadClaims, "%s is %s; "+
			"have the application write the number of seconds since 1970 there", name, n.Words())
	}
	seconds, err := strictjson.Float(n.Text)
	if err != nil || math.Abs(seconds) > mostSeconds {
		return 0, true, Refuse(ReasonBadClaims, "%s is %s, which is no time%s; "+
			"have the application write the number of seconds since 1970 there", name, n.Words(), inUnits(seconds))
	}
	if unitOf(seconds) != "" {
		a.wrongUnit = name
	}
	return seconds, true, nil
}
