package auth

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"usher/internal/jid"
	"usher/internal/strictjson"
	"usher/internal/text"
)

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
		return Refuse(ReasonAudienceMismatch, "the token has no aud; "+
			"have the application write one of %s, or set audience: [] for issuer %q",
			listOf(wanted), text.Name(a.issuer.id))
	case !good:
		near := ""
		_, _ = a.texts("aud", false, func(text []byte) { near = cmp.Or(near, nearMiss(string(text), wanted)) })
		return Refuse(ReasonAudienceMismatch, "aud %s is none of %s%s; "+
			"add it to audience of issuer %q, or have the application write one of them",
			a.quoted("aud"), listOf(wanted), near, text.Name(a.issuer.id))
	}
	return nil
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
	switch {
	case sub == nil:
	case string(sub.Text) == a.host.name: // as most are
		a.id.Subject = a.host.name
	default:
		a.id.Subject = string(sub.Text)
	}
	switch mode := a.host.Subject; {
	case mode == SubjectAny:
		return nil
	case sub == nil:
		return Refuse(ReasonSubjectMismatch, "the token has no sub, and tokens.subject is %s; "+
			"have the application write one, or set tokens.subject: any", cmp.Or(mode, SubjectDomain))
	case mode == SubjectTenant, a.id.Subject == "*", jid.LowerASCII(a.id.Subject) == a.host.name:
		return nil
	}
	return Refuse(ReasonSubjectMismatch, "sub is %q, and with tokens.subject: domain it must be %s or *; "+
		"have the application write that, or set tokens.subject: %s",
		text.Name(a.id.Subject), a.host.name, subjectHint(a))
}

// subjectHint tells a public host's name, which docker's tokens have where
// Prosody's own is meet.jitsi, from a tenant.
func subjectHint(a *attempt) string {
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
	return Refuse(ReasonBadClaims, "%s is JSON in quotes, a text instead of an object; "+
		"have the application hand the object itself to its library", name)
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
