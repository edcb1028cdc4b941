package pages

import (
	"context"
	"embed"
	"io"
	"log/slog"
	"net/http"
	"time"

	"usher/internal/admin"
	"usher/internal/console/layout"
	"usher/internal/console/route"
	"usher/internal/logattr"
)

//go:embed templates/*.html
var files embed.FS

// An API asks the daemon, as the commands do. Its errors are for people.
type API interface {
	// Call does one request and decodes the answer into v. The body may be nil.
	Call(ctx context.Context, method, path string, body io.Reader, v any) error
	// Follow hands each to the decisions that follow, until ctx ends or each fails.
	Follow(ctx context.Context, path string, each func(admin.Decision) error) error
}

// Options are what pages stand on. All but Log and Now are wanted.
type Options struct {
	API    API
	Layout *layout.Layout
	Log    *slog.Logger     // nil: none
	Now    func() time.Time // nil: time.Now
}

// Pages are the operators' pages.
type Pages struct {
	*desk
	topics []*topic
}

// A desk is what all pages work with.
type desk struct {
	o         Options
	templates map[string]*layout.Template
	message   *layout.Template
	notices   *notices
}

// New returns the pages.
func New(o Options) *Pages {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Pages{desk: &desk{o: o, templates: map[string]*layout.Template{}, message: o.Layout.Message(),
		notices: newNotices(o.Now)}}
	for _, name := range []string{"overview", "refusals", "explain", "sessions", "revoked", "revoke", "waiting",
		"whitelist", "confirm", "import", "audit"} {
		p.templates[name] = o.Layout.Parse(files, "templates/parts.html", "templates/"+name+".html")
	}
	p.topics = p.newTopics()
	return p
}

// Routes returns all of them. Each is for operators alone, but for the styles and the script.
func (p *Pages) Routes() []route.Route {
	routes := []route.Route{
		{Pattern: "GET /{$}", Serve: p.page(overviewPages{p.desk}.overview)},
		{Pattern: "POST /reload", Serve: p.page(overviewPages{p.desk}.reload)},
		{Pattern: "GET /refusals", Serve: p.page(refusalPages{p.desk}.refusals)},
		{Pattern: "GET /explain", Serve: p.page(explainPages{p.desk}.explainForm)},
		{Pattern: "POST /explain", Serve: p.page(explainPages{p.desk}.explain), Bytes: maxExplain},
		{Pattern: "GET /sessions", Serve: p.page(sessionPages{p.desk}.sessions)},
		{Pattern: "GET /sessions/revoked", Serve: p.page(sessionPages{p.desk}.revoked)},
		{Pattern: "GET /sessions/revoke", Serve: p.page(revokePages{p.desk}.revokePreview)},
		{Pattern: "POST /sessions/revoke", Serve: p.page(revokePages{p.desk}.revoke)},
		{Pattern: "GET /sessions/allow", Serve: p.page(sessionPages{p.desk}.allowPreview)},
		{Pattern: "POST /sessions/allow", Serve: p.page(sessionPages{p.desk}.allow)},
		{Pattern: "GET /waiting", Serve: p.page(waitingPages{p.desk}.waiting)},
		{Pattern: "POST /waiting", Serve: p.page(waitingPages{p.desk}.decide)},
		{Pattern: "GET /whitelist", Serve: p.page(whitelistPages{p.desk}.whitelist)},
		{Pattern: "POST /whitelist", Serve: p.page(whitelistPages{p.desk}.add)},
		{Pattern: "GET /whitelist/remove", Serve: p.page(whitelistPages{p.desk}.removePreview)},
		{Pattern: "POST /whitelist/remove", Serve: p.page(whitelistPages{p.desk}.remove)},
		{Pattern: "GET /whitelist/export", Serve: p.page(transferPages{p.desk}.export)},
		{Pattern: "GET /whitelist/import", Serve: p.page(transferPages{p.desk}.importForm)},
		{Pattern: "POST /whitelist/import", Serve: p.page(transferPages{p.desk}.importList), Bytes: maxImport},
		{Pattern: "GET /audit", Serve: p.page(auditPages{p.desk}.audit)},
	}
	for _, t := range p.topics {
		routes = append(routes, route.Route{Pattern: "GET " + t.path, Events: func(s *route.Stream) error {
			return t.Send(s.Context(), s.Send)
		}})
	}
	for i := range routes {
		routes[i].For = route.Operators
	}
	return append(routes, route.Route{Pattern: layout.AssetsPattern, For: route.Anybody, Serve: layout.Assets})
}

// Nav is the operators' navigation.
func Nav() []layout.Link {
	return []layout.Link{{Path: "/", Text: "Overview"}, {Path: "/refusals", Text: "Refusals"},
		{Path: "/explain", Text: "Explain"}, {Path: "/sessions", Text: "Sessions"}, {Path: "/waiting", Text: "Lobby"},
		{Path: "/whitelist", Text: "Whitelist"}, {Path: "/audit", Text: "Audit"}}
}

// page serves one, or says why it cannot be shown.
func (p *desk) page(serve func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := serve(w, r)
		switch {
		case err == nil || r.Context().Err() != nil:
		default:
			p.o.Log.WarnContext(r.Context(), "console: a page has no answer", slog.String("path", r.URL.Path),
				logattr.Err(err))
			p.fail(w, r, http.StatusServiceUnavailable, "usher cannot tell now", err.Error(),
				"After a start this passes within seconds.")
		}
	}
}

// fail shows why there is no page.
func (p *desk) fail(w http.ResponseWriter, r *http.Request, status int, title string, lines ...string) {
	v := layout.View{Title: title, Content: layout.Message{Lines: lines,
		Back: &layout.Link{Path: r.URL.Path, Text: "Try again"}}}
	if r.Method != http.MethodGet {
		v.Content = layout.Message{Lines: lines, Back: &layout.Link{Path: "/", Text: "To the overview"}}
	}
	p.write(w, r, status, p.message, v)
}

// show answers with a page.
func (p *desk) show(w http.ResponseWriter, r *http.Request, status int, name string, v layout.View) {
	if v.Notice == nil && r.Method == http.MethodGet {
		v.Notice = p.notices.take(r.URL.Query().Get("notice"))
	}
	p.write(w, r, status, p.templates[name], v)
}

func (p *desk) write(w http.ResponseWriter, r *http.Request, status int, t *layout.Template, v layout.View) {
	v.Nav, v.Who = seenBy(r)
	if err := t.Write(w, status, v); err != nil {
		p.o.Log.ErrorContext(r.Context(), "console: a page cannot be made", slog.String("path", r.URL.Path),
			logattr.Err(err))
	}
}

// done goes on to a page, which says what came of a change.
func (p *desk) done(w http.ResponseWriter, r *http.Request, path string, n layout.Notice) error {
	http.Redirect(w, r, path+"?notice="+p.notices.put(n), http.StatusSeeOther)
	return nil
}

// get asks the API, which changes nothing.
func (p *desk) get(r *http.Request, path string, v any) error {
	return p.o.API.Call(r.Context(), http.MethodGet, path, nil, v)
}

// post has the API change something.
func (p *desk) post(r *http.Request, path string, body io.Reader, v any) error {
	return p.o.API.Call(r.Context(), http.MethodPost, path, body, v)
}
