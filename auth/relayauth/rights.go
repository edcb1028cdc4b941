package relayauth

import "usher/auth"

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
		return l.form.Moderator(), l.mayHaveFeatures(l.form.Moderator())
	}
	return s.rightsNow(l, account)
}

// rightsNow is what the session of an account has by the login's token. The session ends
// with its token: with on_expiry: keep nothing is taken back then.
func (s *Logins) rightsNow(l *Login, account string) (moderator, features bool) {
	moderator, counts := s.rights.Rights(l.ID.AccountDomain(), account, l.ID.TokenPrint)
	switch {
	case !counts && s.keepsRights(l):
		moderator, counts = l.form.Moderator(), true
	case l.OnlyResumes: // by another token than the session's, whose form says nothing of the role
		moderator = counts && moderator
	default:
		moderator = counts && moderator && l.form.Moderator()
	}
	counts = counts || !l.form.Moderator() && !l.form.HasFeatures() // there was nothing to take back
	return moderator, counts && l.mayHaveFeatures(moderator)
}

// keepsRights reports whether a login goes on with its rights though its session has
// ended: that was by time alone.
func (s *Logins) keepsRights(l *Login) bool {
	relay := s.hostOf(l.ID.Host).relay
	return relay != nil && relay.KeepRights && auth.Over(l.end, s.now()) &&
		s.verifier.HoldsKey(l.ID.Host, l.ID.Issuer, l.ID.KeyPrint) && s.verifier.Revoked(l.ID) == nil
}

// Outdated reports whether a recorded login has other rights now than its stream was
// given: its session has ended, its key is gone, or the stream that it resumes was demoted
// meanwhile.
func (s *Logins) Outdated(l *Login) bool {
	stream, _ := s.streams.StreamOf(l.ID.AccountDomain(), l.resumption)
	return s.printOf(l) != l.given || stream.Demoted && !l.stream.Demoted && l.form != nil
}

// printOf is a print of the rights that a recorded login has now.
func (s *Logins) printOf(l *Login) string {
	if l.form == nil || l.ID.Anonymous {
		return ""
	}
	now := l.address
	now.Moderator, now.Features = s.rightsNow(l, l.ID.Account)
	return l.form.Rights(now)
}
