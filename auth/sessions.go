package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"usher/auth/localpart"
	"usher/internal/jid"
)

// Sessions remember who logged in. All methods but Record, Remember and Await read
// nothing but memory.
type Sessions interface {
	// Await waits until every session is there that was kept over a restart, and at most
	// until ctx ends: then, or if they cannot be loaded, it is an error. Until then Exists
	// and Resumable may overlook one; Record and Revoked need nothing of it.
	Await(ctx context.Context) error

	// Record remembers a login before it is answered: once it returns nil, a
	// killed daemon still knows it. It waits a fraction of a second at most. A
	// token that was revoked meanwhile is [ErrRevoked]; a bound that is reached,
	// such as the logins a minute of one token, is [ErrOverloaded]. What others are to be
	// told of the login is for then, if that is not nil, and can wait for the answer.
	Record(ctx context.Context, id Identity) (then func(), err error)

	// Revoked reports whether the token was revoked that proves an identity, by
	// its Principal, IssuedAt and TokenPrint. The account counts for nothing.
	Revoked(id Identity) bool

	// Exists reports whether an account of a host has a session that has not
	// ended, and whose key is held.
	Exists(host, account string, held func(issuer, keyPrint string) bool) bool

	// Remember remembers by which identifier a stream can be resumed (XEP-0198)
	// that logged in to an account with the token of this print. Only the last
	// one of a session is kept; what [ResumptionPrint] has none for is left out.
	// It is there, and durable, as Record has it. Without a session of that
	// account and token whose account was drawn at random, it is [ErrNoSession].
	Remember(ctx context.Context, host, account, tokenPrint, resumption string) error

	// Resumable returns the account of the stream that has an identifier, if a
	// token of the same print logged in there, and its session has not ended.
	Resumable(host, tokenPrint, resumption string) (account string, ok bool)
}

// noSessions remember nothing: those of a verifier that was given none, and that
// explains tokens and lets no client in.
type noSessions struct{}

func (noSessions) Await(context.Context) error { return nil }

func (noSessions) Record(context.Context, Identity) (func(), error) { return nil, nil }

func (noSessions) Revoked(Identity) bool { return false }

func (noSessions) Exists(string, string, func(issuer, keyPrint string) bool) bool { return false }

func (noSessions) Remember(context.Context, string, string, string, string) error {
	return ErrNoSession
}

func (noSessions) Resumable(string, string, string) (string, bool) { return "", false }

// The errors of [Sessions] that are no fault of the state.
var (
	ErrRevoked    = errors.New("the token was revoked")
	ErrOverloaded = errors.New("there are too many sessions")
	ErrNoSession  = errors.New("there is no such session")
	ErrStale      = errors.New("nothing was heard of the other ushers for too long")
)

// StateRefusal is the refusal of a login that could not be recorded, for an error of
// [Sessions] or of what else remembers logins; nil for no error.
func StateRefusal(err error) *Refusal {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrRevoked):
		return revoked()
	case errors.Is(err, ErrOverloaded):
		return Refuse(ReasonOverloaded, "%v; look at usher sessions list", err)
	case errors.Is(err, ErrStale):
		return Refuse(ReasonClusterStale, "%v; look at usher cluster status", err)
	}
	return Refuse(ReasonStateUnavailable, "%v; look at the file that state names, and whether its disk is full", err)
}

// Record remembers a login, as [Sessions] do, with all that it changes.
func (v *Verifier) Record(ctx context.Context, id Identity) *Refusal {
	then, refusal := v.record(ctx, id)
	if then != nil {
		then()
	}
	return refusal
}

func (v *Verifier) record(ctx context.Context, id Identity) (then func(), refusal *Refusal) {
	then, err := v.sessions.Record(ctx, id)
	return then, StateRefusal(err)
}

// Revoked refuses an identity whose token was revoked.
func (v *Verifier) Revoked(id Identity) *Refusal {
	if v.sessions.Revoked(id) {
		return revoked()
	}
	return nil
}

func revoked() *Refusal {
	return Refuse(ReasonRevoked, "the token, or every token of its user up to a moment, was revoked; "+
		"usher sessions list --revoked shows it, usher sessions allow lifts it")
}

// checkRevocation also gives the token its print and the time of its issue,
// which is plausible or not by the clock.
func checkRevocation(a *attempt) *Refusal {
	if a.id.TokenPrint == "" {
		a.id.TokenPrint = printOf(a.parts.signed.Sum())
	}
	a.id.IssuedAt = plausible(a.span.issued, a.now, a.host.Leeway)
	if a.sessions.Revoked(a.id) {
		return revoked()
	}
	return nil
}

func describeRevocation(a *attempt) string {
	if _, alone := a.sessions.(noSessions); alone {
		return "only the daemon knows what was revoked (usher sessions list --revoked); the token's thumbprint is " +
			a.id.TokenPrint
	}
	return "the token was not revoked; its thumbprint is " + a.id.TokenPrint
}

// TokenPrint is the thumbprint of a token in compact form ([Identity.TokenPrint]).
func TokenPrint(token string) string { return tokenPrint(token) }

// tokenPrint leaves the signature out: of an ECDSA signature a stranger can make
// a second one.
func tokenPrint(token string) string {
	return printOf(sha256.Sum256([]byte(token[:strings.LastIndexByte(token, '.')+1])))
}

// printOf takes the SHA-256 of a token up to its last dot.
func printOf(sum [sha256.Size]byte) string {
	var text [2 * printBytes]byte
	hex.Encode(text[:], sum[:printBytes])
	return string(text[:])
}

// printBytes is the length of a token's thumbprint before it is written in
// hexadecimal.
const printBytes = 16

// AwaitWithin is how long a question waits, after a start, for what was kept: whether there is
// an account, and a login that wants to resume a stream, whose account would be another without it.
const AwaitWithin = 5 * time.Second

// awaitSessions waits for the sessions that were kept, as [Sessions] do.
func (v *Verifier) awaitSessions(ctx context.Context) *Refusal {
	ctx, cancel := context.WithTimeout(ctx, AwaitWithin)
	defer cancel()
	return StateRefusal(v.sessions.Await(ctx))
}

func (r *rules) exists(host, name string, s Sessions) bool {
	h := r.host(host)
	if h != nil {
		host = h.name
	}
	for account := range localpart.Spellings(name, h != nil && h.UnicodeAccounts) {
		if r.serviceAccounts[account+"@"+jid.LowerASCII(host)] {
			return true
		}
		if h != nil && s.Exists(h.name, account, h.held) {
			return true
		}
	}
	return false
}

func (r *rules) holdsKey(host, issuer, keyPrint string) bool {
	h := r.hosts[host]
	return h != nil && h.held(issuer, keyPrint)
}

// held also asks the sources: the key may have gone with a refreshed set.
func (h *hostRules) held(issuer, keyPrint string) bool {
	i := h.issuers[issuer]
	return i != nil && i.keys.HoldsPrint(keyPrint)
}

// MaxResumption bounds the identifiers of streams that are remembered, in
// bytes. Prosody's have less than 40.
const MaxResumption = 256

// ResumptionPrint is what [Sessions] know a stream by that can be resumed: 32
// hexadecimal characters for its identifier, which is a secret, and the token
// that it was logged in with. It is empty for an identifier that is never
// remembered, as it is empty or over 256 bytes long.
func ResumptionPrint(host, tokenPrint, resumption string) string {
	if resumption == "" || len(resumption) > MaxResumption {
		return ""
	}
	sum := sha256.Sum256([]byte(tokenPrint + "\x00" + host + "\x00" + resumption))
	return hex.EncodeToString(sum[:16])
}

// unnamed returns the account of a login whose token names none: that of the
// stream that the client wants to resume, or a new one.
func unnamed(a *attempt) string {
	if a.Resumption != "" {
		if account, ok := a.sessions.Resumable(a.id.Host, a.id.TokenPrint, a.Resumption); ok {
			return account
		}
	}
	return localpart.Random()
}
