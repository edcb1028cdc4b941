package auth

import (
	"crypto/rand"
	"iter"
	"strings"
)

// checkAccount finds who the user becomes (claims.md, "Who the user becomes").
// A token that names nobody leaves the account empty; authenticated logins
// then get a random one each, but for those that resume a stream.
func checkAccount(a *attempt) *Refusal {
	for _, path := range a.host.Account {
		n := a.claims.get(path...)
		if n == nil {
			continue
		}
		if n.kind != '"' {
			return Refuse(ReasonAccountNotAllowed, "claim %s is not a string", path)
		}
		account, err := localpart(string(n.text), a.host.UnicodeAccounts)
		if err != nil {
			return Refuse(ReasonAccountNotAllowed, "claim %s cannot be an account: %v", path, err)
		}
		a.id.Account = account
		return nil
	}
	return nil
}

func describeAccount(a *attempt) string {
	if a.id.Account == "" {
		return "the token names none; a random one for each login"
	}
	return a.id.Account
}

// checkClientName compares what the client calls itself with the account.
// Prosody hands names over escaped at most doors, but as the client typed
// them at the Dovecot door, so both spellings of the one account are good.
func checkClientName(a *attempt) *Refusal {
	if refusal := a.bindTicket(); refusal != nil {
		return refusal
	}
	if a.id.Account == "" {
		return a.checkNameless()
	}
	if a.Name != "" && !a.isAccount(a.Name) {
		return Refuse(ReasonAccountMismatch, "the client calls itself %q, the token is for %q", clip(a.Name), clip(a.id.Account))
	}
	if a.Authzid != "" && !a.isAccount(strings.TrimSuffix(a.Authzid, "@"+a.host.name)) {
		return Refuse(ReasonAccountMismatch, "the client wants to act as %q, the token is for %q", clip(a.Authzid), clip(a.id.Account))
	}
	return nil
}

// bindTicket gives the login the ticket's account: the one that the token
// names, or the random one that was drawn for the ticket.
func (a *attempt) bindTicket() *Refusal {
	switch {
	case a.ticket == nil:
	case a.id.Account == "":
		a.id.Account, a.id.Random = a.ticket.account, true
	case a.id.Account != a.ticket.account: // the configuration has changed since
		return Refuse(ReasonUnknownTicket, "the ticket is for %q, its token now names %q", clip(a.ticket.account), clip(a.id.Account))
	}
	return nil
}

// checkNameless is for a token that names no account. The client's name is
// then ignored where the door can tell it another.
func (a *attempt) checkNameless() *Refusal {
	if a.Authzid != "" {
		return Refuse(ReasonAccountMismatch, "the client wants to act as %q, the token names no account", clip(a.Authzid))
	}
	if a.NameRequired {
		return Refuse(ReasonAccountMismatch, "the token names no account, and at this door the client must know it; use a ticket or the Dovecot door")
	}
	return nil
}

func (a *attempt) isAccount(name string) bool {
	for account := range spellings(name, a.host.UnicodeAccounts) {
		if account == a.id.Account {
			return true
		}
	}
	return false
}

// spellings yields the accounts that a name may mean: it may be escaped by
// XEP-0106 already, or not.
func spellings(name string, unicode bool) iter.Seq[string] {
	return func(yield func(string) bool) {
		if escaped, err := Nodeprep(name); err == nil && !yield(escaped) {
			return
		}
		if plain, err := localpart(name, unicode); err == nil {
			yield(plain)
		}
	}
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

// randomAccount returns a localpart that nobody can guess.
func randomAccount() string { return strings.ToLower(rand.Text()) }
