package signin

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"usher/auth"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// policy lets a page have our style and nothing else: no script, no picture, no frame around it.
var policy = func() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; " +
		"frame-ancestors 'none'; form-action 'self'"
}()

// A page is what a person sees of this door: mostly that something did not work, and what to do.
type page struct {
	Title, Text string
	Reason      string // for those who are asked for help
	Back        string // to where the person came from; or empty
	Again       string // begins the sign-in anew; or empty
	App         template.URL
	Action      string // of the form; empty: there is none
	Host        string
	Say         *words
	Style       template.CSS
}

// headers has no answer of this door be kept, shown in a frame, or named to another server. A form may lead to one
// more origin.
func (q *request) headers(formTo string) {
	h := q.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", strings.TrimSpace(policy+" "+formTo))
}

// show answers with a page.
func (q *request) show(status int, p page) {
	p.Style, p.Say = template.CSS(pageCSS), q.say
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil { // a fault of the template
		http.Error(q.w, p.Text, status)
		return
	}
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	q.w.WriteHeader(status)
	_, _ = q.w.Write(b.Bytes())
}

// refusal shows a person why a sign-in was refused, and the way back.
func (q *request) refusal(h *host, s *state, r *auth.Refusal) {
	p := page{Title: q.say.failed, Text: q.say.of(r.Reason), Reason: string(r.Reason)}
	if h != nil {
		p.Back = h.Pages[0] + "/"
		switch {
		case s != nil && s.Room != "":
			p.Back, p.Again = h.place(s), h.again(s)
		case s != nil && s.Console && len(h.Consoles) > 0:
			p.Back, p.Again = h.Consoles[0].URL+"/enter", consoleLogin(h.name)
		}
	}
	q.show(statusOf(r.Reason), p)
}

// again is the address that begins a sign-in for the same room anew.
func (h *host) again(s *state) string {
	v := url.Values{"host": {h.name}, "room": {s.Room}, "page": {s.Page}}
	if s.Tenant != "" {
		v.Set("tenant", s.Tenant)
	}
	if state := strings.TrimPrefix(appStates[s.App]+s.Params, "&"); state != "" {
		v.Set("state", state)
	}
	return LoginPath + "?" + v.Encode()
}

// appStates are what an app's page says of itself in its state.
var appStates = map[string]string{AppMobile: "&ios=true", AppDesktop: "&electron=true"}

func statusOf(r auth.Reason) int {
	switch r {
	case auth.ReasonMalformedRequest, auth.ReasonSignInState:
		return http.StatusBadRequest
	case auth.ReasonUnknownHost:
		return http.StatusNotFound
	}
	if r.Undecided() {
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// openApp shows the link that opens an app. Browsers follow no redirect to an app without the person's own click.
func (q *request) openApp(h *host, link string) {
	q.show(http.StatusOK, page{Title: q.say.signedIn, Text: q.say.inApp,
		App: template.URL(link), Back: h.Pages[0] + "/"})
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
