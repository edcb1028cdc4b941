package auth

import (
	"fmt"
	"slices"

	"usher/internal/text"
)

func checkRequest(a *attempt) *Refusal { return a.Problem }

func checkHost(a *attempt) *Refusal {
	a.host = a.rules.host(a.Host)
	switch {
	case a.host == nil:
	case a.ticket != nil && a.ticket.Host != a.host.name:
		return Refuse(ReasonUnknownTicket, "the ticket is for the host %q, the login for %q; "+
			"have the client log in there, or get a ticket for this host", text.Name(a.ticket.Host), a.host.name)
	case a.relay != (a.host.Relay != nil):
		return wrongWay(a)
	default:
		return nil
	}
	if a.Host == "" {
		return Refuse(ReasonUnknownHost, "the request names no host and %d are configured; "+
			"set service_name in Prosody's host (usher prosody prints the line)", len(a.rules.hosts))
	}
	return Refuse(ReasonUnknownHost, "host %q is none of hosts %s%s; "+
		"add it under hosts, or correct the name in Prosody's VirtualHost or service_name",
		text.Name(a.Host), listOf(a.rules.names), nearMiss(a.Host, a.rules.names))
}

// wrongWay refuses a door or a ticket for a host whose Prosody is given inner tokens, and
// the reverse.
func wrongWay(a *attempt) *Refusal {
	if a.relay {
		return Refuse(ReasonRelayHost, "host %q has no relay, and the login came through one; "+
			"have the client connect anew, as the configuration has changed", a.host.name)
	}
	return Refuse(ReasonRelayHost, "host %q has a relay: its logins go through listen.gateway, and its Prosody keeps "+
		"authentication = \"token\"; set that there again, or correct the host here by taking relay out",
		a.host.name)
}

func describeHost(a *attempt) string { return a.host.name }

func checkShape(a *attempt) (refusal *Refusal) {
	if a.Token == "" {
		return Refuse(ReasonTokenRequired, "there is no token; "+
			"have the client send one: as the password, or as jwt= in a link")
	}
	if most := a.rules.maxTokenBytes; len(a.Token) > most {
		return Refuse(ReasonTokenTooLong, "the token has %d bytes, max_token_size is %d; "+
			"have the application write less into its tokens, or raise it", len(a.Token), most)
	}
	if IsTicket(a.Token) { // a login with one never comes here
		return Refuse(ReasonMalformed, "this is a login ticket, and only the daemon that gave it knows its "+
			"token; ask about the token that it was made from")
	}
	a.buf = append(a.buf[:0], a.Token...)
	a.parts, refusal = split(a.buf)
	return refusal
}

func describeShape(a *attempt) string {
	return fmt.Sprintf("three parts, %d bytes of at most %d", len(a.Token), a.rules.maxTokenBytes)
}

func checkHeader(a *attempt) *Refusal {
	if a.header = a.rules.headers.get(a.parts.header); a.header == nil {
		text, refusal := a.decode(a.parts.header, "header")
		if refusal != nil {
			return refusal
		}
		if a.header, refusal = parseHeader(&a.headerJSON, text); refusal != nil {
			return withAlgorithms(a, refusal)
		}
	}
	if !typeAllowed(a.header.typ, a.host.Types) {
		return Refuse(ReasonBadHeader, "the header's typ %q is none of %s; "+
			"add it to tokens.typ, or have the application write JWT", text.Name(a.header.typ), listOf(a.host.Types))
	}
	return nil
}

// withAlgorithms names, in a refusal of an algorithm that is not supported
// (none, or a misspelt one), those of the token's issuer, or of the host's
// issuers if it names none of these.
func withAlgorithms(a *attempt, r *Refusal) *Refusal {
	if r.Reason != ReasonAlgorithmNotAllowed {
		return r
	}
	var names []string
	for _, i := range a.host.issuers {
		names = append(names, i.Algorithms...)
	}
	if checkClaims(a) == nil && checkIssuer(a) == nil {
		names = a.issuer.Algorithms
	}
	alg := a.headerJSON.Get("alg")
	a.issuer = nil // the checks for it come later
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	return Refuse(r.Reason, "alg %q is not supported; "+
		"have the application sign with one of %s (algorithms of its issuer)", text.Name(alg.Text), listOf(names))
}

func describeHeader(a *attempt) string {
	s := "alg " + a.header.alg.String()
	if a.header.kid != "" {
		s += fmt.Sprintf(", kid %q", text.Name(a.header.kid))
	}
	return s
}

func checkClaims(a *attempt) *Refusal {
	text, refusal := a.decode(a.parts.payload, "payload")
	if refusal != nil {
		return refusal
	}
	if err := a.claims.Read(text); err != nil {
		return Refuse(ReasonBadClaims, "the claims are not strict JSON: %v; "+
			"have the application write one object in UTF-8, each member once (RFC 8259)", err)
	}
	return nil
}

func checkIssuer(a *attempt) *Refusal {
	iss := a.claims.Get("iss")
	switch {
	case iss == nil:
		return Refuse(ReasonUnknownIssuer, "the token has no iss; "+
			"have the application write one of the issuers of %s: %s", a.host.name, listOf(a.host.issuerNames))
	case iss.Kind != '"':
		return Refuse(ReasonUnknownIssuer, "iss is %s; "+
			"have the application write a text: one of the issuers of %s, %s",
			iss.Words(), a.host.name, listOf(a.host.issuerNames))
	}
	if a.issuer = a.host.issuers[string(iss.Text)]; a.issuer == nil {
		return Refuse(ReasonUnknownIssuer, "iss %q is none of the issuers of %s %s%s; "+
			"add it under issuers, letter by letter as the token has it, or correct the application",
			text.Name(iss.Text), a.host.name, listOf(a.host.issuerNames),
			nearMiss(string(iss.Text), a.host.issuerNames))
	}
	return nil
}

func describeIssuer(a *attempt) string { return a.issuer.id }

func checkAlgorithm(a *attempt) *Refusal {
	if a.issuer.allowed[a.header.alg] {
		return nil
	}
	return Refuse(ReasonAlgorithmNotAllowed, "alg %s is none of algorithms %s of issuer %q; "+
		"add it there if the application is to sign with it, and its keys",
		a.header.alg, listOf(a.issuer.Algorithms), text.Name(a.issuer.id))
}

func describeAlgorithm(a *attempt) string { return a.header.alg.String() + " is allowed" }
