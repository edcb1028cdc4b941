package signin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"time"

	"usher/auth"
	"usher/auth/signin/oidc"
	"usher/internal/loginid"
	"usher/internal/text"
)

const maxCode = 4 << 10 // bytes

// callback takes the provider's answer.
func (q *request) callback(h *host) {
	if !q.rates.allow(q.from, q.Now()) {
		q.tooOften(h)
		return
	}
	ctx, cancel := context.WithTimeout(q.r.Context(), oidc.ExchangeWithin)
	defer cancel()
	s, answer, refusal := q.resume(ctx, h)
	if refusal == nil {
		refusal = h.judgeAnswer(answer)
	}
	if refusal != nil {
		q.refuse(h, s, refusal)
		return
	}
	var p person
	d, h := q.exchange(ctx, h, s, answer.Get("code"), &p)
	token := ""
	if d.Refusal == nil {
		token, d.Refusal = q.mint(h, s, &p, &d)
	}
	q.conclude(d, h.name)
	if d.Refusal != nil {
		q.refusal(h, s, d.Refusal)
		return
	}
	q.goBack(h, s, &p, token)
}

// resume finds the sign-in that an answer belongs to, and uses it: it is good once, whatever comes of it.
func (q *request) resume(ctx context.Context, h *host) (*state, url.Values, *auth.Refusal) {
	answer, err := single(q.r.URL.RawQuery)
	if err != nil {
		return nil, nil, auth.Refuse(auth.ReasonSignInState, "the provider's answer cannot be read: %v; look at "+
			"the provider", err)
	}
	given := answer.Get("state")
	if !isRandom(given) {
		return nil, nil, auth.Refuse(auth.ReasonSignInState, "the answer has no state that was drawn here; have "+
			"the person sign in anew")
	}
	name := h.jar.nameOf(given)
	s := &state{}
	if s.begun, err = h.seal.open(h.name, name, h.jar.get(q.r, name), s); err != nil ||
		subtle.ConstantTimeCompare([]byte(s.State), []byte(given)) != 1 {
		return nil, nil, auth.Refuse(auth.ReasonSignInState, "the browser has no cookie of this sign-in at host %q; "+
			"have the person sign in anew, in a browser that keeps cookies", h.name)
	}
	h.jar.drop(q.w, name)
	if over := s.begun.Add(stateLasts); !q.Now().Before(over) {
		return s, nil, auth.Refuse(auth.ReasonSignInState, "the sign-in was begun over %v ago; have the person "+
			"sign in anew", stateLasts)
	}
	return s, answer, q.use(ctx, s)
}

// use uses a state: here, and where there are several ushers, among them.
func (q *request) use(ctx context.Context, s *state) *auth.Refusal {
	over := s.begun.Add(stateLasts)
	switch err := q.used.take(s.State, q.from, over, q.Now()); {
	case errors.Is(err, errUsed):
		return alreadyUsed()
	case err != nil:
		return auth.Refuse(auth.ReasonOverloaded, "%v; look at who signs in so often", err)
	case q.States == nil:
		return nil
	}
	print := sha256.Sum256([]byte("usher login state\x00" + s.State))
	switch first, err := q.States.UseState(ctx, hex.EncodeToString(print[:16]), over.Sub(q.Now())); {
	case err != nil:
		return auth.Refuse(auth.ReasonClusterStale, "it cannot be told whether another usher has used the state: "+
			"%v; look at "+
			"usher cluster status", err)
	case !first:
		return alreadyUsed()
	}
	return nil
}

func alreadyUsed() *auth.Refusal {
	return auth.Refuse(auth.ReasonSignInState, "the sign-in has ended already; have the person sign in anew")
}

// judgeAnswer refuses an answer of another provider, an error, and one without a code.
func (h *host) judgeAnswer(answer url.Values) *auth.Refusal {
	m := h.provider.Metadata()
	switch iss, said := answer.Get("iss"), answer.Has("iss"); {
	case m == nil:
		return auth.Refuse(auth.ReasonProviderUnavailable, "nothing is known of the provider yet: %s; look at it",
			h.provider.Health().Failure).Routine()
	case said && iss != h.Provider.Issuer:
		return auth.Refuse(auth.ReasonSignInState, "the answer is from %q, and the sign-in is at %q (iss, RFC 9207); "+
			"have the person sign in anew", text.Name(iss), text.Name(h.Provider.Issuer))
	case !said && m.NamesIssuer:
		return auth.Refuse(auth.ReasonSignInState, "the answer does not say whose it is (iss, RFC 9207), and the "+
			"provider's answers do; have the person sign in anew")
	case answer.Has("error"):
		return auth.Refuse(auth.ReasonSignInRefused, "the provider answers %q: %q; look at the person's rights there, "+
			"and at what it has of this client",
			text.Name(answer.Get("error")), text.Name(answer.Get("error_description")))
	}
	if code := answer.Get("code"); code == "" || len(code) > maxCode {
		return auth.Refuse(auth.ReasonSignInRefused, "the provider's answer has no code, or one of over %d bytes; "+
			"look at the provider", maxCode)
	}
	return nil
}

// exchange finds out whom the provider means. It may take seconds: whoever the person is, the settings that are in
// force at its end say what it may, and are returned.
func (q *request) exchange(ctx context.Context, h *host, s *state, code string, p *person) (auth.Decision, *host) {
	of := auth.Decision{ID: auth.Identity{Host: h.name, LoginID: loginid.New()}}
	m := h.provider.Metadata()
	idToken, err := h.provider.Exchange(ctx, m, code, h.asking(s))
	if refused, ok := errors.AsType[*oidc.RefusedError](err); ok {
		of.Refusal = auth.Refuse(auth.ReasonSignInRefused, "%v; compare client_id, its secret and the redirect "+
			"address %s with what the provider has", refused, h.callback())
		return of, h
	}
	if err != nil {
		of.Refusal = auth.Refuse(auth.ReasonProviderUnavailable, "%v; look at the provider", err)
		return of, h
	}
	return q.judged(ctx, h, s, idToken, p)
}

// judged runs an ID token through the list of checks, by the settings that are in force, and returns those. It waits
// for the rules of a provider that has just become known, and for the token's key where that has to be fetched.
func (q *request) judged(ctx context.Context, begun *host, s *state, idToken string, p *person) (auth.Decision, *host) {
	c := auth.Credentials{Door: Door, Host: begun.name, Token: idToken}
	for {
		fetched, ruled := q.verifier.NextFetch(), q.nextRules()
		h := (*q.hosts.Load())[begun.name] // a reload may have come while it waited
		if h == nil || h.Provider != begun.Provider {
			return auth.Decision{ID: auth.Identity{Host: begun.name, LoginID: loginid.New()},
				Refusal: auth.Refuse(auth.ReasonSignInState, "the configuration has another provider since the sign-in "+
					"was begun; have the person sign in anew")}, begun
		}
		d := q.verifier.DecideClaims(&c, h.judge(s.Nonce, q.Now(), p))
		d.ID.Host = h.name
		if d.Refusal == nil {
			return d, h
		}
		switch d.Refusal.Reason {
		case auth.ReasonKeysUnavailable:
		case auth.ReasonUnknownHost:
			d.Refusal = auth.Refuse(auth.ReasonProviderUnavailable, "its keys are not known yet; look at the "+
				"provider if that lasts")
		default:
			return d, h
		}
		select {
		case <-fetched:
		case <-ruled:
		case <-ctx.Done():
			return d, h
		}
	}
}

// mint makes what the person came for. What the host's settings say now counts.
func (q *request) mint(h *host, s *state, p *person, d *auth.Decision) (token string, refusal *auth.Refusal) {
	d.ID = auth.Identity{Host: h.name, Issuer: Issuer, KeyID: d.ID.KeyID, AccountClaim: p.id, Moderator: p.moderator,
		DisplayID: p.id, DisplayName: p.name, LoginID: d.ID.LoginID}
	var err error
	if s.Console {
		if p.console == nil {
			return "", auth.Refuse(auth.ReasonSignInNotAllowed, "the ID token of %q has none of the claims %v; give "+
				"the person one, have the provider write it into ID tokens, or change claim of console.admins",
				text.Name(p.id), h.consoleClaims())
		}
		token, err = h.tokenForConsole(p, q.Now())
	} else {
		var r room
		if r, err = roomOf(s.Room, s.Tenant); err == nil {
			err = h.mayOpen(r)
		}
		if err != nil {
			return "", refuseRoom(err)
		}
		d.ID.Rooms = []string{r.claim()}
		token, err = h.tokenFor(p, r, q.Now())
	}
	if err != nil {
		return "", auth.Refuse(auth.ReasonInternalError, "the token cannot be made; report it")
	}
	return token, nil
}

// goBack sends the person to where it came from.
func (q *request) goBack(h *host, s *state, p *person, token string) {
	if s.Console {
		http.Redirect(q.w, q.r, p.console.URL+"/enter#"+token, http.StatusSeeOther)
		return
	}
	q.remember(h, token)
	if link := h.appLink(s, token); link != "" {
		q.openApp(h, link)
		return
	}
	http.Redirect(q.w, q.r, h.returnTo(s, token), http.StatusSeeOther)
}

// tooOften tells a person to wait. The page loads itself again: the answer is still good, as nothing has used it.
func (q *request) tooOften(h *host) {
	q.conclude(auth.Decision{ID: auth.Identity{Host: h.name}, Refusal: auth.Refuse(auth.ReasonOverloaded,
		"over %d people a minute come back from the provider to one address; look at who signs in there, or have "+
			"the person wait",
		int(time.Minute/perAddress.Every)).Routine()}, h.name)
	q.w.Header().Set("Retry-After", "5")
	q.w.Header().Set("Refresh", "5")
	q.show(http.StatusTooManyRequests, page{Title: q.say.many, Text: q.say.manyText})
}
