package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

var errNotString = errors.New("not a string")

// texts calls f for each text of a claim that is a string or an array of
// strings, and tells whether the claim is there.
func (a *attempt) texts(name string, f func(text []byte)) (there bool, refusal *Refusal) {
	n := a.claims.get(name)
	if n == nil {
		return false, nil
	}
	element := func(n *node) error {
		if n.kind != '"' || len(n.text) == 0 {
			return errNotString
		}
		f(n.text)
		return nil
	}
	err := errNotString
	if n.kind != '[' {
		err = element(n)
	} else if n.end > n.at+1 {
		err = a.claims.elements(n, element)
	}
	if err != nil {
		return true, Refuse(ReasonBadClaims, "%s is not a string with something in it, or an array of such", name)
	}
	return true, nil
}

func checkAudience(a *attempt) *Refusal {
	wanted := a.issuer.Audience
	good := slices.Contains(wanted, "*")
	there, refusal := a.texts("aud", func(text []byte) {
		good = good || slices.ContainsFunc(wanted, func(s string) bool { return s == string(text) })
	})
	switch {
	case refusal != nil || len(wanted) == 0:
		return refusal
	case !there:
		return Refuse(ReasonAudienceMismatch, "the token has no aud; the issuer wants one of %s", strings.Join(wanted, ", "))
	case !good:
		return Refuse(ReasonAudienceMismatch, "aud %s is none of %s", a.quoted("aud"), strings.Join(wanted, ", "))
	}
	return nil
}

// quoted writes the texts of a claim for an operator.
func (a *attempt) quoted(name string) string {
	var list []string
	_, _ = a.texts(name, func(text []byte) { list = append(list, string(text)) })
	return fmt.Sprintf("%q", clip(strings.Join(list, ", ")))
}

func describeAudience(a *attempt) string {
	if len(a.issuer.Audience) == 0 {
		return "any (the issuer lists none)"
	}
	return "one of " + strings.Join(a.issuer.Audience, ", ")
}

func checkSubject(a *attempt) *Refusal {
	sub := a.claims.get("sub")
	if sub != nil && (sub.kind != '"' || len(sub.text) == 0) {
		return Refuse(ReasonBadClaims, "sub is not a string with something in it")
	}
	if sub != nil {
		a.id.Subject = string(sub.text)
	}
	switch mode := a.host.Subject; {
	case mode == SubjectAny:
		return nil
	case sub == nil:
		return Refuse(ReasonSubjectMismatch, "the token has no sub; set tokens.subject: any to go without")
	case mode == SubjectTenant, a.id.Subject == "*", lowerASCII(a.id.Subject) == a.host.name:
		return nil
	}
	return Refuse(ReasonSubjectMismatch, "sub %q is not %s or \"*\"", clip(a.id.Subject), a.host.name)
}

func describeSubject(a *attempt) string {
	if a.id.Subject == "" {
		return "none, and none is required"
	}
	return fmt.Sprintf("%q", clip(a.id.Subject))
}

func checkRoom(a *attempt) *Refusal {
	var rooms []string
	there, refusal := a.texts("room", func(text []byte) { rooms = append(rooms, string(text)) })
	if refusal != nil {
		return refusal
	}
	if !there && a.issuer.RequireRoom {
		return Refuse(ReasonRoomMissing, "the token has no room, and the issuer has require_room")
	}
	a.id.Rooms = rooms
	a.id.RoomRegex = a.flag("context", "room", "regex")
	return nil
}

// flag reports whether a claim says yes. Anything else is no, as is nothing.
func (a *attempt) flag(path ...string) bool { return a.choice(path...) == Yes }

// choice reads a claim that may be true, false, or one of the two as a text.
func (a *attempt) choice(path ...string) Choice {
	n := a.claims.get(path...)
	if n == nil {
		return Unsaid
	}
	switch yes, said := truth(n); {
	case yes:
		return Yes
	case said:
		return No
	}
	return Unsaid
}

func describeRoom(a *attempt) string {
	if a.id.Rooms == nil {
		return "none, and none is required"
	}
	return a.quoted("room")
}
