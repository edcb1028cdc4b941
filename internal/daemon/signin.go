package daemon

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"usher/auth"
	"usher/auth/signin"
	"usher/internal/admin"
	"usher/internal/panics"
	"usher/moderation/sessions"
)

// newSignIn makes the door at which people sign in. It serves nothing before it is configured.
func newSignIn(v *auth.Verifier, rooms *roomParts, log *slog.Logger, p *panics.Reporter) (*signin.Server, error) {
	o := signin.Options{Outcomes: v, Sessions: signedIn{rooms}, Log: log, Panics: p}
	if rooms.cluster != nil {
		o.States = rooms.cluster
	}
	return signin.New(o)
}

// addProviders adds the providers of the sign-in to the issuers of their hosts, and the claims that no ID token had.
func addProviders(s *admin.Status, providers []signin.Status, unseen []auth.UnseenClaim) {
	for _, p := range providers {
		for i := range s.Hosts {
			if h := &s.Hosts[i]; h.Host == p.Host {
				h.Issuers = append(h.Issuers, providerOf(p))
				for _, u := range unseen {
					same := func(o admin.UnseenClaim) bool { return o.Claim == u.Claim }
					if u.Host == p.Host && !slices.ContainsFunc(h.Unseen, same) {
						h.Unseen = append(h.Unseen, admin.UnseenClaim{Claim: u.Claim, Since: u.Since})
					}
				}
			}
		}
	}
}

// providerOf is a provider as the status has it, with the keys of its ID tokens.
func providerOf(p signin.Status) admin.Issuer {
	i := admin.Issuer{Issuer: p.Issuer, Source: "sign-in", LastSuccess: p.Success, LastFailure: p.Failed, Error: p.Failure}
	for _, k := range p.Keys {
		i.URL, i.Keys, i.Names, i.Skipped, i.Problem = k.URL, k.Keys, k.Names, k.Skipped, k.Problem
		if i.Error == "" {
			i.LastFailure, i.Error = k.LastFailure, k.Failure
		}
	}
	if !p.Known {
		i.Problem = "nobody can sign in, as nothing is known of the provider yet: " + cmp.Or(p.Failure, "it was not asked")
	}
	return i
}

// signedIn are the sessions of those who signed in here.
type signedIn struct{ rooms *roomParts }

// EndToken revokes one token, for as long as it is good.
func (s signedIn) EndToken(ctx context.Context, thumbprint string, expires time.Time) error {
	_, err := s.rooms.Revoke(ctx, sessions.Target{Token: thumbprint, SignOut: true, Expires: expires}, true)
	return err
}
