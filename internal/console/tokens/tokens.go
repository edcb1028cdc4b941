// Package tokens answers one question: whom does a token make an operator of the console? It verifies tokens by the one
// list of checks of package auth, with rules that are no door's ([Verifier]): what is good here opens no meeting, and
// what opens a meeting is not good here.
//
// Goroutines: [Verifier.Run] is a task of the daemon; it keeps the keys fresh. Locks: none of its own.
package tokens

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/auth/claim"
	"usher/internal/console/access"
	"usher/internal/panics"
	"usher/internal/strictjson"
	"usher/internal/text"
)

// maxLifetime bounds exp - iat: such a token is made for the moment in which somebody signs in.
const maxLifetime = 10 * time.Minute

// An Admin is whose tokens make an operator: those that an issuer of a host signed for an audience, with a claim.
type Admin struct {
	Host, Issuer string
	Claim        claim.Test
	Audience     string
}

// rule is the name of an admin's rules. It is of what they say: an operator who came by rules that a reload has changed
// is none any more.
func (a Admin) rule() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{a.Host, a.Issuer, a.Claim.String(), a.Audience}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Sessions tell whether a token is kept out.
type Sessions interface {
	Revoked(id auth.Identity) bool
}

// A Verifier verifies the tokens of admins. It is safe for concurrent use.
type Verifier struct {
	auth     *auth.Verifier
	sessions Sessions
	admins   atomic.Pointer[map[string]Admin] // by the name of their rules
}

// New returns a Verifier of nobody.
func New(sessions Sessions, now func() time.Time, p *panics.Reporter) (*Verifier, error) {
	v := &Verifier{sessions: sessions}
	v.admins.Store(&map[string]Admin{})
	var err error
	v.auth, err = auth.New(auth.Config{}, auth.Options{Now: now, Panics: p})
	return v, err
}

// Run keeps keys from URLs fresh until ctx ends.
func (v *Verifier) Run(ctx context.Context) error { return v.auth.Run(ctx) }

// Prepared are rules that are not in force yet.
type Prepared struct {
	verifier *Verifier
	rules    *auth.Prepared
	admins   map[string]Admin
}

// Prepare builds the rules of some admins from those of the doors. What is in force stays. An admin whose issuer there
// is not, or whose audience a door takes, is an error.
func (v *Verifier) Prepare(doors auth.Config, admins []Admin) (*Prepared, error) {
	p := &Prepared{verifier: v, admins: map[string]Admin{}}
	c := auth.Config{Hosts: map[string]auth.HostConfig{}, MaxTokenBytes: doors.MaxTokenBytes}
	for _, a := range admins {
		h := doors.Hosts[a.Host]
		issuer, has := h.Issuers[a.Issuer]
		if !has || a.Audience == "" || len(a.Claim.Path) == 0 {
			return nil, fmt.Errorf("console.admins: %q of %q: it is not known, or has no audience or claim", a.Issuer, a.Host)
		}
		if doorTakes(doors, a) {
			return nil, fmt.Errorf("console.admins: a door takes the audience %q of issuer %q", a.Audience, a.Issuer)
		}
		issuer.Audience, issuer.RequireExp, issuer.RequireRoom = []string{a.Audience}, true, false
		account := h.Account
		if issuer.Own { // the claim is in the token as the provider wrote it
			account, issuer.Own = auth.OwnAccount(), false
		}
		p.admins[a.rule()] = a
		c.Hosts[a.rule()] = auth.HostConfig{
			Issuers: map[string]auth.IssuerConfig{a.Issuer: issuer}, Leeway: h.Leeway, MaxLifetime: maxLifetime,
			Subject: auth.SubjectAny, Account: account, UnicodeAccounts: true, Types: h.Types,
			Moderators: []claim.Test{a.Claim},
		}
	}
	var err error
	p.rules, err = v.auth.Prepare(c)
	return p, err
}

// doorTakes reports whether some door takes tokens of an admin's issuer for its audience: an issuer may be of several
// hosts.
func doorTakes(doors auth.Config, a Admin) bool {
	for _, h := range doors.Hosts {
		if i, has := h.Issuers[a.Issuer]; has && (len(i.Audience) == 0 || slices.Contains(i.Audience, "*") ||
			slices.Contains(i.Audience, a.Audience)) {
			return true
		}
	}
	return false
}

// Commit puts the rules in force.
func (p *Prepared) Commit() {
	p.rules.Commit()
	p.verifier.admins.Store(&p.admins)
}

// ErrNone says that no token makes an operator.
var ErrNone = errors.New("a token came, and console.admins is empty")

// Prove returns whom a token makes an operator. The error is for the log: it says what is wrong by the rules that the
// token came furthest with.
func (v *Verifier) Prove(ctx context.Context, token string) (access.Operator, error) {
	best, furthest := ErrNone, -1
	admins := *v.admins.Load()
	for _, rule := range slices.Sorted(maps.Keys(admins)) {
		a := admins[rule]
		o, passed, err := v.try(ctx, rule, a, token)
		if err == nil {
			return o, nil
		}
		if passed > furthest {
			best, furthest = fmt.Errorf("console.admins, host %s, issuer %s: %w", a.Host, text.Name(a.Issuer), err), passed
		}
	}
	return access.Operator{}, best
}

// The errors of a token that is good, and makes no operator.
var (
	errAudience = errors.New("aud has other audiences besides; the console wants one of its own alone")
	errClaim    = errors.New("the token is good, and has not the claim")
	errUnnamed  = errors.New("the token names no user (tokens.account)")
	errRevoked  = errors.New("the token was revoked")
)

// try verifies a token by the rules of one admin. passed counts the checks that it passed.
func (v *Verifier) try(ctx context.Context, rule string, a Admin, token string) (
	_ access.Operator, passed int, _ error,
) {
	c := auth.Credentials{Door: "console", Host: rule, Token: token}
	id, err := v.auth.Authenticate(ctx, c)
	if err != nil {
		for _, line := range v.auth.Explain(c).Checks {
			if line.OK {
				passed++
			}
		}
		return access.Operator{}, passed, err
	}
	id.Host = a.Host
	holds := func() bool {
		return v.auth.HoldsKey(rule, a.Issuer, id.KeyPrint) && !v.sessions.Revoked(id)
	}
	switch {
	case !forAlone(token, a.Audience):
		err = errAudience
	case !id.Moderator:
		err = errClaim
	case id.AccountClaim == "":
		err = errUnnamed
	case !holds():
		err = errRevoked
	default:
		name := text.Printable(text.Clip(id.AccountClaim))  // not the name for people, which they may choose
		signed := token[:strings.LastIndexByte(token, '.')] // of one there may be several signatures
		return access.Operator{Token: signed, Host: a.Host, Issuer: a.Issuer, User: name, Holds: holds}, 0, nil
	}
	return access.Operator{}, 1000, err
}

// forAlone reports whether a verified token is for an audience and no other: one that a door takes as well is a link to
// a meeting.
func forAlone(token, audience string) bool {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	content, err := base64.RawURLEncoding.DecodeString(payload)
	var d strictjson.Document
	if err != nil || d.Read(content) != nil {
		return false
	}
	aud := d.Get("aud")
	if aud == nil {
		return false
	}
	if aud.Kind == '"' {
		return string(aud.Text) == audience
	}
	n, alone := 0, aud.Kind == '['
	if alone {
		_ = d.Elements(aud, func(e *strictjson.Node) error {
			n++
			alone = alone && e.Kind == '"' && string(e.Text) == audience
			return nil
		})
	}
	return alone && n == 1
}
