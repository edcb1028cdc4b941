package relay

import (
	"context"
	"log/slog"
	"strings"

	"usher/auth"
	"usher/auth/gateway/stanza"
	"usher/internal/logattr"
)

const (
	namespaceBind   = "urn:ietf:params:xml:ns:xmpp-bind"
	namespaceSM     = "urn:xmpp:sm:3"
	namespaceOldSM  = "urn:xmpp:sm:2"
	namespaceCSI    = "urn:xmpp:csi:0"
	notYet          = "Please log in first: before the login nothing else is taken."
	notBound        = "Please bind a resource first (jabber:client): until then nothing else is taken."
	conditionPolicy = "policy-violation"
)

func policy(text string) Verdict { return Verdict{End: &End{conditionPolicy, text}} }

// beforeBind lets pass what leads to an account, one step at a time: what came together
// with a step would be Prosody's before it is known who it is.
func (s *Stream) beforeBind(ctx context.Context, e stanza.Element) Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch at := s.phase; {
	case at == opened && e.Anonymous() && e.Step() == stanza.StepAuth:
		return s.authenticateLocked(ctx)
	case at != authenticated:
		return policy(notYet)
	case e.Step() == stanza.StepOpen && !s.restarted && strings.EqualFold(e.Attribute("to"), s.client.Host):
		s.restarted = true
	case isBind(e):
		return s.bindLocked(e)
	case isSM(e, "resume"):
		return s.resumeLocked(e)
	default:
		return policy(notBound)
	}
	return Verdict{}
}

// authenticateLocked judges the login once more: the client may have waited since it began,
// and its token may be over or revoked by now.
func (s *Stream) authenticateLocked(ctx context.Context) Verdict {
	if err := s.streams.Logins.StillGood(ctx, s.client.Login); err != nil {
		s.phase = refused
		condition, reason := "not-allowed", auth.RefusalOf(err).Reason
		if reason.Undecided() {
			condition = "temporary-auth-failure"
		}
		return Verdict{Answer: []byte(stanza.Failure(condition, reason.ClientText())), End: EndFor(err)}
	}
	s.phase = authenticating
	return Verdict{}
}

func isSM(e stanza.Element, name string) bool {
	return e.Is(namespaceSM, name) || e.Is(namespaceOldSM, name)
}

// isBind reports whether an element asks for an account and nothing else (RFC 6120
// section 7.6).
func isBind(e stanza.Element) bool {
	only, one := onlyChild(e)
	return one && isStanza(e) && e.Name.Local == "iq" && e.Attribute("type") == "set" &&
		e.Attribute("to") == "" && only.Is(namespaceBind, "bind")
}

// onlyChild returns the one element that is right under another, if there is one.
func onlyChild(e stanza.Element) (stanza.Element, bool) {
	inside, err := e.Children()
	if err != nil || len(inside) != 1 {
		return stanza.Element{}, false
	}
	return inside[0], true
}

func (s *Stream) bindLocked(e stanza.Element) Verdict {
	if s.client.Login.OnlyResumes {
		return Verdict{End: &End{"not-authorized", auth.ReasonExpired.ClientText()}}
	}
	s.phase, s.request = binding, e.Attribute("id")
	return Verdict{}
}

// resumeLocked lets a stream be resumed whose identifier stood in the address, too: the
// account of the login is that stream's. Any other is refused here: Prosody would
// have taken it.
func (s *Stream) resumeLocked(e stanza.Element) Verdict {
	id := e.Attribute("previd")
	if id != "" && id == s.client.Resumption {
		account, ok := s.streams.Logins.MayResume(s.client.Login, s.client.Host, id)
		if ok && (s.renews || !s.client.Login.NewRights) {
			s.phase, s.resumes = resuming, account
			s.acknowledgesLocked(e.Attribute("h"))
			return Verdict{}
		}
	}
	return Verdict{Answer: []byte(stanza.NotResumed(e.Name.Space, "item-not-found"))}
}

// toUnbound follows what Prosody says until the account is recorded.
func (s *Stream) toUnbound(ctx context.Context, e stanza.Element) Verdict {
	switch at := s.at(); {
	case e.Is(namespaceStreams, "features"):
		s.noteFeatures(e)
	case at == authenticating && e.LoggedIn():
		s.reach(authenticated)
	case at == authenticating && e.Is(stanza.NamespaceSASL, "failure"):
		s.reach(refused)
		s.warn(ctx, e)
	case at == binding && isStanza(e) && e.Name.Local == "iq" && e.Attribute("id") == s.request:
		return s.boundBy(ctx, e)
	case at == resuming && isSM(e, "resumed"):
		return s.record(ctx, s.resumes, s.resumes+"@"+s.client.Host, e.Attribute("previd"))
	case at == resuming && isSM(e, "failed"):
		s.reach(authenticated)
	}
	return Verdict{}
}

// namespaceLimits is what Prosody has told the limits of its streams with (XEP-0478)
// since release 13. Since then a stream that is resumed has the rights of the login that
// resumes it; before, it kept those that it had.
const namespaceLimits = "urn:xmpp:stream-limits:0"

func (s *Stream) noteFeatures(e stanza.Element) {
	_, renews := e.Child(namespaceLimits, "limits")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renews = s.renews || renews
}

func (s *Stream) reach(p phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = p
}

// warn tells the operator that Prosody refuses what usher has let in.
func (s *Stream) warn(ctx context.Context, failure stanza.Element) {
	n, now := s.streams.refused.Allow()
	if !now {
		return
	}
	condition := ""
	if inside, err := failure.Children(); err == nil && len(inside) > 0 {
		condition = inside[0].Name.Local
	}
	s.streams.Log.LogAttrs(ctx, slog.LevelWarn, "Prosody refused an inner token",
		slog.String("host", s.client.Host), slog.String("condition", condition), logattr.NotLogged(n),
		logattr.Hint("app_secret, app_id and signature_algorithm of that host in Prosody: usher prosody prints them"))
}

// boundBy reads the answer to the bind request.
func (s *Stream) boundBy(ctx context.Context, e stanza.Element) Verdict {
	jid, ok := e.BoundJID()
	if !ok {
		s.reach(authenticated)
		return Verdict{}
	}
	local, domain, _ := strings.Cut(bareOf(jid), "@")
	if local == "" || !strings.EqualFold(domain, s.client.Host) {
		return Verdict{End: &End{"internal-server-error", "The login could not be completed. Try again in a minute."}}
	}
	return s.record(ctx, local, jid, "")
}

// record has the account be recorded; the client learns it afterwards.
func (s *Stream) record(ctx context.Context, account, jid, resumption string) Verdict {
	if err := s.streams.Logins.Record(ctx, s.client.Login, s.client.Host, account); err != nil {
		return Verdict{End: EndFor(err)}
	}
	defer s.review() // what was taken back since the inner token was made found no stream
	inside := s.streams.add(s, account+"@"+s.client.Host, resumption)
	if s.streams.Rooms != nil && resumption != "" {
		s.streams.Rooms.Resumed(account + "@" + s.client.Host)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase, s.account, s.jid, s.resumption = bound, account, jid, resumption
	s.inside = inside
	return Verdict{}
}

// EndFor is how a stream ends whose login was refused.
func EndFor(err error) *End {
	reason := auth.RefusalOf(err).Reason
	if reason.Undecided() {
		return &End{"resource-constraint", reason.ClientText()}
	}
	return &End{"not-authorized", reason.ClientText()}
}
