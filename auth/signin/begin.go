package signin

import (
	"net/http"
	"net/url"
	"strings"

	"usher/auth"
	"usher/auth/signin/oidc"
	"usher/internal/text"
)

// begin sends a person to the provider.
func (q *request) begin(hosts map[string]*host) {
	w, err := readWish(q.r.URL.RawQuery)
	if err != nil {
		q.refuse(nil, nil,
			auth.Refuse(auth.ReasonMalformedRequest, "%v; correct tokenAuthUrl of the page, or the link", err))
		return
	}
	h := hostOf(hosts, w.host, q.r.Host)
	if h == nil {
		q.refuse(nil, nil, auth.Refuse(auth.ReasonUnknownHost, "the request is for %q, at the address %q, and that is "+
			"none of login.hosts, or several; correct tokenAuthUrl, so that it has host= and the host",
			text.Name(w.host), text.Name(q.r.Host)))
		return
	}
	if elsewhere := h.elsewhere(&w, q.r); elsewhere != "" {
		http.Redirect(q.w, q.r, elsewhere, http.StatusSeeOther)
		return
	}
	s, refusal := h.stateFor(&w)
	if refusal != nil {
		q.refuse(h, nil, refusal)
		return
	}
	q.send(h, s)
}

// send seals the state into a cookie, and sends the person on.
func (q *request) send(h *host, s *state) {
	m := h.provider.Metadata()
	if m == nil {
		q.refuse(h, s, auth.Refuse(auth.ReasonProviderUnavailable, "nothing is known of the provider yet: %s; look at "+
			"it, and at issuer and ca_file of login", h.provider.Health().Failure).Routine())
		return
	}
	name := h.jar.nameOf(s.State)
	value, err := h.seal.seal(h.name, name, q.Now(), s)
	if err == nil && len(value) > maxCookie {
		q.refuse(h, nil, auth.Refuse(auth.ReasonMalformedRequest, "the link is too long for a cookie of %d bytes; "+
			"correct it, so that it has fewer of the room's own parameters", maxCookie))
		return
	}
	if err != nil {
		q.refuse(h, nil, auth.Refuse(auth.ReasonInternalError, "the state of the sign-in cannot be sealed; report it"))
		return
	}
	h.jar.makeRoom(q.w, q.r, len(name)+len(value))
	h.jar.set(q.w, name, value, stateLasts)
	http.Redirect(q.w, q.r, h.provider.SignIn(m, h.asking(s)), http.StatusSeeOther)
}

// asking is what the provider is asked with.
func (h *host) asking(s *state) oidc.Request {
	return oidc.Request{Redirect: h.callback(), State: s.State, Nonce: s.Nonce, Verifier: s.Verifier}
}

// stateFor draws the state of a sign-in that may be begun.
func (h *host) stateFor(w *wish) (*state, *auth.Refusal) {
	s := &state{State: newRandom(), Nonce: newRandom(), Verifier: oidc.NewVerifier()}
	if w.console {
		if len(h.Consoles) == 0 {
			return nil, auth.Refuse(auth.ReasonMalformedRequest, "a sign-in for the console, and console.admins has "+
				"no issuer %s of host %q; add it, or use usher console", Issuer, h.name)
		}
		s.Console = true
		return s, nil
	}
	r, err := roomOf(w.room, w.tenant)
	if err == nil {
		err = h.mayOpen(r)
	}
	if err != nil {
		return nil, refuseRoom(err)
	}
	page, ok := h.page(w.page)
	if !ok {
		return nil, auth.Refuse(auth.ReasonMalformedRequest, "page %q is none of pages; add it to pages of login, or "+
			"correct the link", text.Name(w.page))
	}
	s.Room, s.Tenant, s.Page, s.Params, s.App = w.room, w.tenant, page, w.params, w.app
	return s, nil
}

func refuseRoom(err error) *auth.Refusal {
	what, _, _ := strings.Cut(err.Error(), "; ")
	return auth.Refuse(auth.ReasonSignInRoom, "%s; correct the link, or tenants and rooms of login",
		text.Printable(what))
}

// elsewhere is this door's own address for a request that came by that of another page: the cookie has to be where the
// provider sends the person back to. Web servers write what they like into the Host header, so it counts only if it is
// that of a page, and once.
func (h *host) elsewhere(w *wish, r *http.Request) string {
	if w.page != "" || w.console {
		return ""
	}
	own, err := url.Parse(h.URL)
	if err != nil || strings.EqualFold(own.Host, r.Host) {
		return ""
	}
	for _, page := range h.Pages {
		u, err := url.Parse(page)
		if err == nil && strings.EqualFold(u.Host, r.Host) {
			return h.URL + LoginPath + "?" + r.URL.RawQuery + "&page=" + url.QueryEscape(page)
		}
	}
	return ""
}
