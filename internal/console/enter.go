package console

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"usher/internal/console/access"
	"usher/internal/console/route"
	"usher/internal/logattr"
)

// The cookies of a session. One of https alone can have the first name (RFC 6265bis section 4.1.3), so that nobody
// else's page sets it.
const (
	secureCookie = "__Host-usher"
	plainCookie  = "usher"
)

// EnterPath is where a link leads. Its secret stands behind a #, so that no server in between sees it.
const EnterPath = "/enter"

// own are the routes by which viewers come and go.
func (s *Server) own() []route.Route {
	return []route.Route{
		{Pattern: "GET " + EnterPath, For: route.Anybody, Serve: s.askCode},
		{Pattern: "POST " + EnterPath, For: route.Anybody, Serve: s.enter},
		{Pattern: "POST /leave", For: route.Viewers, Serve: s.leave},
	}
}

// askCode shows the one form. It is the same for everybody, and changes nothing.
func (s *Server) askCode(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.Look.Enter(w, r, route.EnterPage{Status: http.StatusOK, Left: q.Has("left"), Ended: q.Has("ended"),
		SignIn: s.settings.Load().SignIn})
}

// enter lets somebody in who has the secret of a link, or a token.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) {
	at := arrivalOf(r)
	if !s.State.MayTry(at.from) {
		w.Header().Set("Retry-After", "60")
		s.turnAway(w, r, http.StatusTooManyRequests, "Too many tries from your address. Wait a minute.")
		return
	}
	v, cookie, err := s.try(r, codeOf(r.PostFormValue("code")))
	if err != nil {
		s.State.Failed(at.from)
		s.noteFailure(at, err)
		s.turnAway(w, r, http.StatusForbidden, personText(err))
		return
	}
	if before, known := access.FromContext(r.Context()); known {
		s.State.Leave(before)
	}
	http.SetCookie(w, cookieOf(at, cookie, int(access.SessionFor.Seconds())))
	s.record(r, v, "console enter")
	to := "/"
	if !v.Operator {
		to = "/lobby"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// codeOf finds the code in what was pasted: the code, or the whole link.
func codeOf(pasted string) string {
	pasted = strings.TrimSpace(pasted)
	if _, code, whole := strings.Cut(pasted, "#"); whole {
		return code
	}
	return pasted
}

func (s *Server) try(r *http.Request, code string) (access.Viewer, string, error) {
	if strings.Count(code, ".") != 2 {
		return s.State.Redeem(code)
	}
	o, err := s.Tokens.Prove(r.Context(), code)
	if err != nil {
		return access.Viewer{}, "", err
	}
	return s.State.EnterByToken(o)
}

// personText is for who was not let in. Why a token is none is told the log alone.
func personText(err error) string {
	switch {
	case errors.Is(err, access.ErrUnknown):
		return "This link or token was used already, is too old, or is none. Get a new one."
	case errors.Is(err, access.ErrEnded):
		return "The session that this link or token is of has ended."
	}
	return "This token does not let you in. Sign in again, or ask who runs this server."
}

func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, status int, problem string) {
	s.Look.Enter(w, r, route.EnterPage{Status: status, Problem: problem, SignIn: s.settings.Load().SignIn})
}

func (s *Server) noteFailure(at arrival, err error) {
	from := "unknown"
	if at.client.IsValid() {
		from = at.client.String()
	}
	if n, now := s.failed.Allow(); now {
		s.Log.Info("nobody was let into the console", slog.String("address", from), logattr.Err(err),
			logattr.NotLogged(n))
	}
}

func (s *Server) leave(w http.ResponseWriter, r *http.Request) {
	v, _ := access.FromContext(r.Context())
	s.State.Leave(v)
	http.SetCookie(w, cookieOf(arrivalOf(r), "", -1))
	s.record(r, v, "console leave")
	http.Redirect(w, r, "/enter?left", http.StatusSeeOther)
}

// record writes into the audit who came or left.
func (s *Server) record(r *http.Request, v access.Viewer, command string) {
	c := v.Author().By()
	c.Command, c.Done = command, true
	s.Audit(r.Context(), c)
}

func cookieOf(at arrival, value string, seconds int) *http.Cookie {
	return &http.Cookie{Name: cookieName(at), Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: at.secure,
		SameSite: http.SameSiteStrictMode}
}

func cookieName(at arrival) string {
	if at.secure {
		return secureCookie
	}
	return plainCookie
}

// viewerOf is whose session the cookie of a request is. Of two cookies of one name none counts.
func (s *Server) viewerOf(r *http.Request) (access.Viewer, bool) {
	list := r.CookiesNamed(cookieName(arrivalOf(r)))
	if len(list) != 1 {
		return access.Viewer{}, false
	}
	return s.State.Viewer(list[0].Value)
}
