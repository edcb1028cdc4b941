package auth

import (
	"strings"

	"usher/auth/claim"
	"usher/auth/localpart"
	"usher/internal/strictjson"
	"usher/internal/text"
)

// checkAccount finds who the user becomes (docs/tokens.md, "Who is it?").
// A token that names no user leaves the account empty; authenticated logins
// then get a random one each, but for those that resume a stream. A random one
// has no prefix: no token can be made for it beforehand, and it is nobody's
// when the login is over.
func checkAccount(a *attempt) *Refusal {
	if a.relay {
		relayAccount(a)
		return nil
	}
	for _, path := range a.accountPaths() {
		switch name, refusal := accountClaim(a, path); {
		case refusal != nil:
			return refusal
		case name != "":
			return takeAccount(a, path, name)
		}
	}
	return nil
}

// accountPaths are where a token may name its user.
func (a *attempt) accountPaths() []claim.Path {
	if a.issuer != nil && a.issuer.Own {
		return a.host.ownAccount
	}
	return a.host.Account
}

// OwnAccount is where usher's own tokens name their user.
func OwnAccount() []claim.Path { return []claim.Path{{"context", "user", "id"}} }

// accountClaim returns what a claim names, or nothing if it is absent, null or
// an empty text. A number counts as its decimal text: many applications write
// the row of their database.
func accountClaim(a *attempt, path claim.Path) (string, *Refusal) {
	switch n := a.claim(path); {
	case n == nil:
		return "", nil
	case n.Kind == '"':
		return string(n.Text), nil
	case n.Kind == '0':
		if text, ok := strictjson.Decimal(n.Text); ok {
			return text, nil
		}
		return "", Refuse(ReasonAccountNotAllowed, "claim %s is a number of over %d digits; "+
			"have the application write a text there", path, strictjson.MaxDigits)
	default:
		return "", Refuse(ReasonAccountNotAllowed, "claim %s is %s; "+
			"have the application write a text or a number there, or name another claim in tokens.account",
			path, n.Words())
	}
}

// takeAccount makes the account of a name. Some accounts are no token's to
// give: the service accounts, which may do everything in every room, and those
// of other issuers.
func takeAccount(a *attempt, path claim.Path, name string) *Refusal {
	account, err := localpart.Of(a.issuer.AccountPrefix, name, a.host.UnicodeAccounts)
	if err != nil {
		return Refuse(ReasonAccountNotAllowed, "claim %s cannot be an account: %v; "+
			"have the application write another name there, or name another claim in tokens.account", path, err)
	}
	if a.host.services[account] {
		return Refuse(ReasonAccountNotAllowed, "claim %s makes the account %q, which is one of service_accounts: "+
			"no token may name it; have the application name another, or take it out of service_accounts",
			path, text.Name(account+"@"+a.host.name))
	}
	if prefix, owner := a.host.prefixes.Owner(account); prefix != "" && prefix != a.issuer.AccountPrefix {
		return Refuse(ReasonAccountNotAllowed, "claim %s makes the account %q; "+
			"those that begin with %q are of issuer %q (its account_prefix); have issuer %q name another, or "+
			"give it an account_prefix of its own",
			path, text.Name(account), prefix, text.Name(owner), text.Name(a.issuer.id))
	}
	a.id.Account, a.id.AccountClaim = account, name
	return nil
}

// accountInTheWay says why no claim of tokens.account can be found, where a text stands instead of an object.
func accountInTheWay(a *attempt) string {
	for _, path := range a.accountPaths() {
		if text := path.InTheWay(&a.claims); text != "" {
			return " (" + text + ")"
		}
	}
	return ""
}

func describeAccount(a *attempt) string {
	if a.relay {
		return describeRelayAccount(a)
	}
	if a.id.Account == "" {
		return "the token names none" + accountInTheWay(a) + "; a random one for each login"
	}
	return a.id.Account
}

// checkClientName compares what the client calls itself with the account.
// Prosody hands names over escaped at most doors, but as the client typed
// them at the Dovecot door, so both spellings of the one account are good.
func checkClientName(a *attempt) *Refusal {
	if refusal := bindTicket(a); refusal != nil {
		return refusal
	}
	if a.id.Account == "" {
		return checkNameless(a)
	}
	if a.Name != "" && !localpart.Is(a.Name, a.id.Account, a.host.UnicodeAccounts) {
		return Refuse(ReasonAccountMismatch, "the client calls itself %q, the token is for %q; "+
			"have the client log in by that name, or look at the claims of tokens.account",
			text.Name(a.Name), text.Name(a.id.Account))
	}
	if a.Authzid != "" && !localpart.IsJID(a.Authzid, a.id.Account, a.host.name, a.host.UnicodeAccounts) {
		return Refuse(ReasonAccountMismatch, "the client wants to act as %q (its authzid), the token is for %q; "+
			"have the client send none, or that",
			text.Name(a.Authzid), text.Name(a.id.Account+"@"+a.host.name))
	}
	return nil
}

// bindTicket gives the login the ticket's account: the one that the token
// names, or the random one that was drawn for the ticket.
func bindTicket(a *attempt) *Refusal {
	switch {
	case a.ticket == nil:
	case a.id.Account == "":
		a.id.Account, a.id.Random = a.ticket.Account, true
	case a.id.Account != a.ticket.Account: // the configuration has changed since
		return Refuse(ReasonUnknownTicket, "the ticket is for %q, and with the present tokens.account its token "+
			"names %q; have the client get a new ticket",
			text.Name(a.ticket.Account), text.Name(a.id.Account))
	}
	return nil
}

// checkNameless is for a token that names no account. The client's name is
// then ignored where the door can tell it another.
func checkNameless(a *attempt) *Refusal {
	if a.Authzid != "" {
		return Refuse(ReasonAccountMismatch, "the client wants to act as %q (its authzid), and the token names "+
			"no account; have the client send none, or the application write one of the claims %s "+
			"(tokens.account)",
			text.Name(a.Authzid), a.host.accountClaims())
	}
	if a.NameRequired {
		return Refuse(ReasonAccountMismatch, "the token has none of the claims %s (tokens.account), and at this "+
			"door the client must know its account; have the application write one, or use a ticket or the "+
			"Dovecot door",
			a.host.accountClaims())
	}
	return nil
}

func (h *hostRules) accountClaims() string {
	names := make([]string, len(h.Account))
	for i, path := range h.Account {
		names[i] = path.String()
	}
	return "[" + strings.Join(names, ", ") + "]"
}

func describeName(a *attempt) string {
	if a.Name == "" && a.Authzid == "" {
		return "the client gives none"
	}
	if a.id.Account == "" {
		return "ignored, the token names no account"
	}
	return "the client calls itself by its account"
}
