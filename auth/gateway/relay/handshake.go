package relay

import (
	"context"
	"log/slog"
	"strings"
	"sync"

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

// A phase is how far a stream has come.
type phase int

const (
	opened         phase = iota // SASL may begin
	authenticating              // Prosody checks the inner token
	refused                     // Prosody did not take it: nothing may follow
	authenticated               // the stream may be opened anew, bound or resumed
	binding                     // Prosody binds an account
	resuming                    // Prosody looks for the stream
)

// A handshake judges a stream until Prosody has bound an account to it.
type handshake struct {
	streams *Streams
	client  *Client

	mu        sync.Mutex
	phase     phase
	renews    bool   // Prosody takes a stream's rights anew when it is resumed
	restarted bool   // the stream was opened anew after SASL
	request   string // id of the bind request
	resumes   boundAs
}

// boundAs is what Prosody has bound a stream to.
type boundAs struct {
	account, jid string // a localpart; and as full as it is known
	resumption   string // of the stream that goes on; or empty
	acked        string // how many stanzas of Prosody the client says that it has of that
	since        int    // how many connections were bound when it asked to go on
}

// fromClient lets pass what leads to an account, one step at a time: what came together
// with a step would be Prosody's before it is known who it is.
func (h *handshake) fromClient(ctx context.Context, e stanza.Element) Verdict {
	since, opens := 0, false
	if isSM(e, "resume") { // its locks are taken before this one
		since, opens = h.streams.count(), h.streams.opensRooms(h.client)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch at := h.phase; {
	case at == opened && e.Anonymous() && e.Step() == stanza.StepAuth:
		return h.authenticateLocked(ctx)
	case at != authenticated:
		return policy(notYet)
	case e.Step() == stanza.StepOpen && !h.restarted && strings.EqualFold(e.Attribute("to"), h.client.Host):
		h.restarted = true
	case isBind(e):
		return h.bindLocked(e)
	case isSM(e, "resume"):
		return h.resumeLocked(e, opens, since)
	default:
		return policy(notBound)
	}
	return Verdict{}
}

// authenticateLocked judges the login once more: the client may have waited since it began,
// and its token may be over or revoked by now.
func (h *handshake) authenticateLocked(ctx context.Context) Verdict {
	if err := h.streams.Logins.StillGood(ctx, h.client.Login); err != nil {
		h.phase = refused
		condition, reason := "not-allowed", auth.RefusalOf(err).Reason
		if reason.Undecided() {
			condition = "temporary-auth-failure"
		}
		return Verdict{Answer: []byte(stanza.Failure(condition, reason.LinkText())), End: EndFor(err)}
	}
	h.phase = authenticating
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

func (h *handshake) bindLocked(e stanza.Element) Verdict {
	if h.client.Login.OnlyResumes {
		return Verdict{End: &End{"not-authorized", auth.ReasonExpired.ClientText()}}
	}
	h.phase, h.request = binding, e.Attribute("id")
	return Verdict{}
}

// resumeLocked lets a stream be resumed whose identifier stood in the address, too: the
// account of the login is that stream's. Any other is refused here: Prosody would
// have taken it. So is one whose rooms the login's token does not open.
func (h *handshake) resumeLocked(e stanza.Element, opens bool, since int) Verdict {
	id := e.Attribute("previd")
	if id != "" && id == h.client.Resumption {
		account, ok := h.streams.Logins.MayResume(h.client.Login, h.client.Host, id)
		if ok && opens && (h.renews || !h.client.Login.NewRights) {
			h.phase = resuming
			h.resumes = boundAs{account: account, jid: account + "@" + h.client.Host, acked: e.Attribute("h"),
				since: since}
			return Verdict{}
		}
	}
	return Verdict{Answer: []byte(stanza.NotResumed(e.Name.Space, "item-not-found"))}
}

// fromProsody follows what Prosody says. With as it has bound an account, which is to be
// recorded before the client learns it.
func (h *handshake) fromProsody(ctx context.Context, e stanza.Element) (as *boundAs, v Verdict) {
	at, request, resumes := h.at()
	switch {
	case e.Is(namespaceStreams, "features"):
		h.noteFeatures(e)
	case at == authenticating && e.LoggedIn():
		h.reach(authenticated)
	case at == authenticating && e.Is(stanza.NamespaceSASL, "failure"):
		h.reach(refused)
		h.warn(ctx, e)
	case at == binding && isStanza(e) && e.Name.Local == "iq" && e.Attribute("id") == request:
		return h.boundBy(e)
	case at == resuming && isSM(e, "resumed"):
		resumes.resumption = e.Attribute("previd")
		return &resumes, Verdict{}
	case at == resuming && isSM(e, "failed"):
		h.reach(authenticated)
	}
	return nil, Verdict{}
}

func (h *handshake) at() (at phase, request string, resumes boundAs) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.phase, h.request, h.resumes
}

// namespaceLimits is what Prosody has told the limits of its streams with (XEP-0478)
// since release 13. Since then a stream that is resumed has the rights of the login that
// resumes it; before, it kept those that it had.
const namespaceLimits = "urn:xmpp:stream-limits:0"

func (h *handshake) noteFeatures(e stanza.Element) {
	_, renews := e.Child(namespaceLimits, "limits")
	h.mu.Lock()
	defer h.mu.Unlock()
	h.renews = h.renews || renews
}

// renewsRights reports whether Prosody takes a stream's rights anew when it is resumed.
func (h *handshake) renewsRights() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.renews
}

func (h *handshake) reach(p phase) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phase = p
}

// warn tells the operator that Prosody refuses what usher has let in.
func (h *handshake) warn(ctx context.Context, failure stanza.Element) {
	n, now := h.streams.refused.Allow()
	if !now {
		return
	}
	condition := ""
	if inside, err := failure.Children(); err == nil && len(inside) > 0 {
		condition = inside[0].Name.Local
	}
	h.streams.Log.LogAttrs(ctx, slog.LevelWarn, "Prosody refused an inner token",
		slog.String("host", h.client.Host), slog.String("condition", condition), logattr.NotLogged(n),
		logattr.Hint("app_secret, app_id and signature_algorithm of that host in Prosody: usher prosody prints them"))
}

// boundBy reads the answer to the bind request.
func (h *handshake) boundBy(e stanza.Element) (*boundAs, Verdict) {
	jid, ok := e.BoundJID()
	if !ok {
		h.reach(authenticated)
		return nil, Verdict{}
	}
	local, domain, _ := strings.Cut(bareOf(jid), "@")
	if local == "" || !strings.EqualFold(domain, h.client.Host) {
		return nil, Verdict{End: &End{"internal-server-error",
			"The login could not be completed. Try again in a minute."}}
	}
	return &boundAs{account: local, jid: jid}, Verdict{}
}

// EndFor is how a stream ends whose login was refused.
func EndFor(err error) *End {
	reason := auth.RefusalOf(err).Reason
	if reason.Undecided() {
		return &End{"resource-constraint", reason.LinkText()}
	}
	return &End{"not-authorized", reason.LinkText()}
}
