package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync"
	"time"

	"usher/internal/bounded"
	"usher/moderation"
)

// How long what is good once waits, and how long a session lasts.
const (
	OperatorLinkFor  = time.Minute
	ModeratorLinkFor = 15 * time.Minute
	SessionFor       = 12 * time.Hour
)

// tokenLasts is longer than a token is good: for 10 minutes at most, and the leeway of a host.
const tokenLasts = 20 * time.Minute

// The bounds of a [State], in entries.
const (
	maxOperatorLinks  = 8
	maxModeratorLinks = 16384
	maxLinksOf        = 16 // of one moderator's account, which stay: who knocks makes them, as often as they like
	maxOperators      = 64
	maxModerators     = 2048
	maxSessionsOf     = 4    // of one moderator's account
	maxUsedTokens     = 4096 // of operators, who alone have some
)

// secretBytes is how many random bytes a secret has.
const secretBytes = 32

// ErrUnknown says that a secret is none, was used, or is over. Which of these is nobody's business who has none.
var ErrUnknown = errors.New("the link is not good: each works once, and for a short time")

// ErrEnded says that what a link is bound to is over.
var ErrEnded = errors.New("the session of the link has ended")

// key is what is kept of a secret.
type key [sha256.Size]byte

func keyOf(secret string) key { return sha256.Sum256([]byte(secret)) }

func newSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // it never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Options are what a [State] stands on. A nil Now is time.Now.
type Options struct {
	Now func() time.Time

	// Lives reports whether the session of a moderator's token still counts: it has not ended, nor was it revoked. nil:
	// none does.
	Lives func(moderation.ID) bool
}

// A State is safe for concurrent use. A nil one knows nobody, and makes no links.
type State struct {
	now   func() time.Time
	lives func(moderation.ID) bool

	mu         sync.Mutex
	links      table // of operators
	invited    table // links of moderators
	operators  table // sessions
	moderators table // likewise
	open       [kinds]places
	failures   failures
	used       bounded.Map[key, time.Time] // tokens, until they are over
}

// New returns an empty State.
func New(o Options) *State {
	s := &State{now: o.Now, lives: o.Lives,
		links: newTable(maxOperatorLinks, 0), invited: newTable(maxModeratorLinks, maxLinksOf),
		operators: newTable(maxOperators, 0), moderators: newTable(maxModerators, maxSessionsOf), failures: newFailures()}
	s.invited.stay = true
	s.used = bounded.Map[key, time.Time]{Most: maxUsedTokens, Before: time.Time.Before}
	if s.now == nil {
		s.now = time.Now
	}
	if s.lives == nil {
		s.lives = func(moderation.ID) bool { return false }
	}
	return s
}

// OperatorLink makes the secret of a link for the user of a process.
func (s *State) OperatorLink(uid *uint32, user string) (secret string, until time.Time) {
	until = s.now().Add(OperatorLinkFor)
	return s.link(&s.links, entry{viewer: Viewer{Operator: true, UID: uid, User: user}, until: until}), until
}

// ModeratorLink makes the secret of a link for a moderator; empty: as many as one may have wait to be used.
func (s *State) ModeratorLink(m Moderator) (secret string, until time.Time) {
	until = s.now().Add(ModeratorLinkFor)
	v := Viewer{Account: m.Account, Host: m.Host, Session: m.Session, Room: m.Room, Display: m.Display}
	return s.link(&s.invited, entry{viewer: v, until: until}), until
}

func (s *State) link(in *table, e entry) (secret string) {
	secret = newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !in.put(keyOf(secret), &e, s.now()) {
		return ""
	}
	return secret
}

// Redeem uses a link up, and begins a session. The cookie is its secret.
func (s *State) Redeem(secret string) (v Viewer, cookie string, err error) {
	k, now := keyOf(secret), s.now()
	s.mu.Lock()
	e, good := s.links.take(k)
	if !good {
		e, good = s.invited.take(k)
	}
	s.mu.Unlock()
	if !good || !now.Before(e.until) {
		return Viewer{}, "", ErrUnknown
	}
	return s.begin(e.viewer, nil)
}

// An Operator is whom a token makes one.
type Operator struct {
	Token        string // what names the token and nothing else
	Host, Issuer string
	User         string      // whom the token names
	Holds        func() bool // whether what it rests on still holds: the token's revocation, its key, the configuration
}

// EnterByToken begins a session of an operator by a token, once for each. The cookie is its secret.
func (s *State) EnterByToken(o Operator) (v Viewer, cookie string, err error) {
	switch {
	case o.Holds == nil:
		return Viewer{}, "", ErrEnded
	case !s.firstUse(keyOf(o.Token)):
		return Viewer{}, "", ErrUnknown
	}
	return s.begin(Viewer{Operator: true, Host: o.Host, Issuer: o.Issuer, User: o.User}, o.Holds)
}

// firstUse reports whether a token comes for the first time.
func (s *State) firstUse(token key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if until, used := s.used.Get(token); used && now.Before(until) {
		return false
	}
	s.used.Put(token, now.Add(tokenLasts))
	return true
}

func (s *State) begin(v Viewer, holds func() bool) (Viewer, string, error) {
	if !v.Operator {
		holds = func() bool { return s.lives(v.Session) }
	}
	if holds != nil && !holds() {
		return Viewer{}, "", ErrEnded
	}
	cookie := newSecret()
	v.session, v.Until = keyOf(cookie), s.now().Add(SessionFor)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessionsOf(v).put(v.session, &entry{viewer: v, until: v.Until, holds: holds}, s.now())
	return v, cookie, nil
}

func (s *State) sessionsOf(v Viewer) *table {
	if v.Operator {
		return &s.operators
	}
	return &s.moderators
}

// Viewer returns whose session a cookie is, if that has not ended, and what it rests on still holds.
func (s *State) Viewer(cookie string) (Viewer, bool) {
	if s == nil || cookie == "" {
		return Viewer{}, false
	}
	return s.look(keyOf(cookie))
}

// Holds reports whether a viewer's session goes on, as [State.Viewer] does.
func (s *State) Holds(v Viewer) bool {
	_, holds := s.look(v.session)
	return holds
}

func (s *State) look(k key) (Viewer, bool) {
	s.mu.Lock()
	e, there := s.operators.get(k)
	if !there {
		e, there = s.moderators.get(k)
	}
	s.mu.Unlock()
	switch {
	case !there:
		return Viewer{}, false
	case s.now().Before(e.until) && (e.holds == nil || e.holds()):
		return e.viewer, true
	}
	s.Leave(e.viewer)
	return Viewer{}, false
}

// Leave ends a session. Whoever has its cookie is nobody from then on.
func (s *State) Leave(v Viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessionsOf(v).take(v.session)
}
