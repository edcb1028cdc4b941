package relayauth

// Rights know what an account may still do that logged in with a token.
type Rights interface {
	// Rights reports what the login of an account of a domain with a token gives now.
	// With counts false it has ended, or what it gave was taken back.
	Rights(domain, account, tokenPrint string) (moderator, counts bool)
}

// rightsOf is what the login's session has: by its token, unless that was taken
// back. A new token counts from its login on.
func (s *Logins) rightsOf(l *Login) (moderator, features bool) {
	account := l.ID.Account
	if account == "" {
		account = l.Resumes
	}
	if l.ID.Anonymous || account == "" || l.ID.Account == "" && !l.known() {
		return l.form.Moderator(), true
	}
	return s.rightsNow(l, account)
}

// rightsNow is what the session of an account has by the login's token.
func (s *Logins) rightsNow(l *Login, account string) (moderator, features bool) {
	moderator, counts := s.rights.Rights(l.ID.AccountDomain(), account, l.ID.TokenPrint)
	if l.OnlyResumes { // nothing was taken back, and without features the role in the room would give those denied
		return counts && moderator, true
	}
	return counts && moderator && l.form.Moderator(), counts
}

// Outdated reports whether a recorded login has other rights now than its stream was
// given: its session has ended, or its key is gone.
func (s *Logins) Outdated(l *Login) bool { return s.printOf(l) != l.given }

// printOf is a print of the rights that a recorded login has now.
func (s *Logins) printOf(l *Login) string {
	if l.form == nil || l.ID.Anonymous {
		return ""
	}
	now := l.address
	now.Moderator, now.Features = s.rightsNow(l, l.ID.Account)
	return l.form.Rights(now)
}
