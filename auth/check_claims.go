package auth

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/internal/jid"
	"usher/internal/text"

	"usher/internal/strictjson"

	"usher/auth/claim"
)

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
		return true, Refuse(ReasonBadClaims, "%s is %s; have the application write a text with something in it, or a list of such", name, n.Words())
	}
	return true, nil
}

func checkAudience(a *attempt) *Refusal {
	wanted := a.issuer.Audience
	good := slices.Contains(wanted, "*")
	there, refusal := a.texts("aud", false, func(text []byte) {
		good = good || slices.ContainsFunc(wanted, func(s string) bool { return s == string(text) })
	})
	switch {
	case refusal != nil || len(wanted) == 0:
		return refusal
	case !there:
		return Refuse(ReasonAudienceMismatch, "the token has no aud; have the application write one of %s, or set audience: [] for issuer %q", listOf(wanted), text.Name(a.issuer.id))
	case !good:
		near := ""
		_, _ = a.texts("aud", false, func(text []byte) { near = cmp.Or(near, nearMiss(string(text), wanted)) })
		return Refuse(ReasonAudienceMismatch, "aud %s is none of %s%s; add it to audience of issuer %q, or have the application write one of them",
			a.quoted("aud"), listOf(wanted), near, text.Name(a.issuer.id))
	}
	return nil
}

// quoted writes the texts of a claim for an operator.
func (a *attempt) quoted(name string) string {
	var list []string
	_, _ = a.texts(name, true, func(text []byte) { list = append(list, string(text)) })
	return fmt.Sprintf("%q", text.Name(strings.Join(list, ", ")))
}

func describeAudience(a *attempt) string {
	if len(a.issuer.Audience) == 0 {
		return "any (the issuer lists none)"
	}
	return "one of " + listOf(a.issuer.Audience)
}

func checkSubject(a *attempt) *Refusal {
	sub := a.claims.Get("sub")
	if sub != nil && (sub.Kind != '"' || len(sub.Text) == 0) {
		return Refuse(ReasonBadClaims, "sub is %s; have the application write a text with something in it", sub.Words())
	}
	if sub != nil {
		a.id.Subject = string(sub.Text)
	}
	switch mode := a.host.Subject; {
	case mode == SubjectAny:
		return nil
	case sub == nil:
		return Refuse(ReasonSubjectMismatch, "the token has no sub, and tokens.subject is %s; have the application write one, or set tokens.subject: any", cmp.Or(mode, SubjectDomain))
	case mode == SubjectTenant, a.id.Subject == "*", jid.LowerASCII(a.id.Subject) == a.host.name:
		return nil
	}
	return Refuse(ReasonSubjectMismatch, "sub is %q, and with tokens.subject: domain it must be %s or *; have the application write that, or set tokens.subject: %s",
		text.Name(a.id.Subject), a.host.name, a.subjectHint())
}

// subjectHint tells a public host's name, which docker's tokens have where
// Prosody's own is meet.jitsi, from a tenant.
func (a *attempt) subjectHint() string {
	if strings.Contains(a.id.Subject, ".") {
		return "any, as where Prosody's host (meet.jitsi in docker) is not the public one"
	}
	return "tenant, where sub is the tenant of the rooms, or any"
}

func describeSubject(a *attempt) string {
	if a.id.Subject == "" {
		return "none, and none is required"
	}
	return fmt.Sprintf("%q", text.Name(a.id.Subject))
}

// checkContext refuses JSON in quotes where Jitsi's objects belong, as some
// libraries write what they are handed as a text: nothing in it would count, not
// that the user waits in the lobby either. It also finds those objects for the
// checks behind it.
func checkContext(a *attempt) *Refusal {
	context := a.claims.Get("context")
	a.user, a.room = a.claims.Member(context, "user"), a.claims.Member(context, "room")
	name := "context"
	switch {
	case isQuotedJSON(context):
	case isQuotedJSON(a.user):
		name = "context.user"
	case isQuotedJSON(a.room):
		name = "context.room"
	default:
		return nil
	}
	return Refuse(ReasonBadClaims, "%s is JSON in quotes, a text instead of an object; have the application hand the object itself to its library", name)
}

// claim returns what stands at a path, or nil. Most paths are of context.user,
// which checkContext has found.
func (a *attempt) claim(path claim.Path) *strictjson.Node {
	if len(path) == 3 && path[0] == "context" && path[1] == "user" {
		return a.claims.Member(a.user, path[2])
	}
	return a.claims.Get(path...)
}

func isQuotedJSON(n *strictjson.Node) bool {
	return n != nil && n.Kind == '"' && bytes.HasPrefix(bytes.TrimSpace(n.Text), []byte("{"))
}

func describeContext(a *attempt) string {
	if n := a.claims.Get("context"); n != nil {
		return n.Words()
	}
	return "none"
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
