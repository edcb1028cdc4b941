package explain

import (
	"cmp"
	"context"
	"slices"

	"usher/auth"
	"usher/moderation"
)

// Revoked asks a running daemon whether tokens like the one that proves an identity are revoked. It is not known if
// no daemon answers.
type Revoked func(ctx context.Context, id auth.Identity) (revoked, known bool)

// A Question is a token, and what it is to be tried for.
type Question struct {
	Text     string // what was pasted: a token, or a link, a header line, a JSON answer that has one
	Verbatim bool   // the text is the token, exactly as it stands
	Host     string // virtual host; empty: the one of the link, or the only one
	User     string // the name that the client gives itself, or empty
	Room     string // a bare JID or a localpart; empty: the one of the link, if there is one
}

// An Explainer explains tokens by one configuration. One goroutine uses it at a time.
type Explainer struct {
	tokens  *examiner
	rooms   *rooms
	revoked Revoked // may be nil
}

// New fetches what key servers publish, once, for 5 s at most. The context ends the fetching, not the Explainer,
// which is to be closed. A nil revoked leaves revocations unchecked.
func New(ctx context.Context, tokens auth.Config, hosts []moderation.HostPolicy, revoked Revoked) (*Explainer, error) {
	policy, err := moderation.NewPolicy(hosts, nil)
	if err != nil {
		return nil, err
	}
	examiner, err := newExaminer(ctx, tokens)
	if err != nil {
		return nil, err
	}
	return &Explainer{examiner, &rooms{policy, hosts}, revoked}, nil
}

// Running returns an Explainer over the verifier of a running daemon, whose keys are there already, and its rules for
// rooms. It is for one question, starts nothing, and needs no Close.
func Running(v Verifier, p *moderation.Policy, hosts []moderation.HostPolicy, revoked Revoked) *Explainer {
	return &Explainer{&examiner{verifier: v, patience: runningWithin, cancel: func() {}}, &rooms{p, hosts}, revoked}
}

// Close ends the fetching, and waits for that.
func (e *Explainer) Close() { e.tokens.close() }

// Explain runs every check. A key server that is slow may hold it up; the 5 s of [New] are for all calls together.
func (e *Explainer) Explain(ctx context.Context, q Question) auth.Report {
	p := pasted{token: q.Text}
	if !q.Verbatim {
		p = readPasted(q.Text)
	}
	host, room := q.Host, cmp.Or(q.Room, p.room)
	if host == "" && e.rooms.names(p.host) {
		host = p.host
	}
	r := e.tokens.explain(ctx, auth.Credentials{Door: "explain", Host: host, Name: q.User, Token: p.token})
	e.addRevocation(ctx, &r)
	if p.read != "" {
		r.Checks = slices.Insert(r.Checks, 0, p.line())
	}
	if q.Room != "" || room != "" && e.rooms.names(r.Identity.Host) {
		e.rooms.addTo(&r, room)
	}
	return r
}

// addRevocation makes the line about revocations say what the daemon says, or that it was not checked.
func (e *Explainer) addRevocation(ctx context.Context, r *auth.Report) {
	for i := range r.Checks {
		line := &r.Checks[i]
		if line.Name != "revocation" || !line.OK {
			continue
		}
		revoked, known := false, false
		if e.revoked != nil {
			revoked, known = e.revoked(ctx, r.Identity)
		}
		switch {
		case !known:
			line.OK, line.Skipped = false, true
		case revoked:
			line.OK = false
			line.Detail = string(auth.ReasonRevoked) +
				": the token, or its user, was revoked (usher sessions list --revoked); usher sessions allow lifts it"
			if r.Allowed {
				r.Allowed, r.Reason = false, auth.ReasonRevoked
			}
		default:
			line.Detail = "the daemon has not revoked it; its thumbprint is " + r.Identity.TokenPrint
		}
	}
}
