package relayauth

import (
	"context"
	"time"

	"usher/auth"
	"usher/internal/text"
)

// Record records the account that Prosody has bound, a localpart of the domain
// host. The bind result is passed on only after it. The error is always a *auth.Refusal.
func (s *Logins) Record(ctx context.Context, l *Login, host, account string) error {
	start := time.Now()
	d := auth.Decision{ID: l.ID}
	d.ID.Account, d.ID.Random = account, true
	switch {
	case host != l.ID.AccountDomain() || account == "":
		d.Refusal = auth.Refuse(auth.ReasonInternalError, "Prosody bound an account of %q, and the stream is of %q; "+
			"report it", text.Name(host), text.Name(l.ID.AccountDomain()))
	case l.OnlyResumes:
		d.Refusal = s.recordResumed(l, account)
	default:
		if d.Refusal = s.stillGood(l, s.now()); d.Refusal == nil && l.leavesSession() {
			d.Refusal = s.verifier.Record(ctx, d.ID)
		}
	}
	if err := s.verifier.Conclude(ctx, "login allowed", l.credentials(), &d,
		l.took+time.Since(start)); err != nil {
		return err
	}
	l.ID.Account, l.ID.Random = account, true
	if l.given = l.said; !l.known() || l.said == "" {
		l.given = s.printOf(l)
	}
	return nil
}

// recordResumed is for a token that is over: the session is the one that is there.
func (s *Logins) recordResumed(l *Login, account string) *auth.Refusal {
	if account != l.Resumes {
		return auth.Refuse(auth.ReasonExpired, "the token is over, and the stream that it was to resume is gone at "+
			"Prosody; "+
			"have the client bring a new token")
	}
	return s.verifier.Revoked(l.ID)
}

// RememberStream records by which identifier a stream can be resumed, before the client
// learns it; of one that was resumed, that from then on the login's principal, token and
// rights count for it. An identifier over 256 bytes gets no memory, which is no error: the stream
// is then not resumed. The error is always a *auth.Refusal.
func (s *Logins) RememberStream(
	ctx context.Context, l *Login, host, account, resumption string,
) error {
	if host != l.ID.AccountDomain() || account != l.ID.Account || account == "" {
		return auth.Refuse(auth.ReasonInternalError, "a stream is to be remembered of %q, and the login is of %q; "+
			"report it",
			text.Name(account+"@"+host), text.Name(l.ID.JID()))
	}
	if err := s.streams.RememberStream(ctx, l.streamOf(account), resumption); err != nil {
		return auth.StateRefusal(err)
	}
	return nil
}

// MayResume returns the account of the stream of a domain that has this identifier, if
// the login may resume it, and another has not since the login began: NewRights and MayGain
// would not be true any more.
func (s *Logins) MayResume(l *Login, host, resumption string) (account string, ok bool) {
	stream, ok := s.resumable(l, host, resumption)
	changed := stream.TokenPrint != l.stream.TokenPrint || stream.Rights != l.stream.Rights
	if resumption == l.resumption && changed {
		return "", false
	}
	if !ok || l.OnlyResumes && (stream.Account != l.Resumes || resumption != l.resumption) {
		return "", false
	}
	return stream.Account, true
}

// StreamEnded notes that the connection of a stream is gone. With forGood Prosody's
// stream is over, too, and its identifier is forgotten.
func (s *Logins) StreamEnded(host, resumption string, forGood bool) {
	s.streams.EndStream(host, resumption, forGood)
}
