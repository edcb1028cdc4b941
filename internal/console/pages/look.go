package pages

import (
	"log/slog"
	"net/http"

	"usher/internal/console/access"
	"usher/internal/console/layout"
	"usher/internal/console/route"
	"usher/internal/logattr"
)

// A Look is how the server's own answers look: like the pages.
type Look struct {
	layout  *layout.Layout
	message *layout.Template
	enter   *layout.Template
	log     *slog.Logger
}

var _ route.Look = (*Look)(nil)

// NewLook returns one. A nil log is none.
func NewLook(l *layout.Layout, log *slog.Logger) *Look {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Look{l, l.Message(), l.Parse(files, "templates/parts.html", "templates/enter.html"), log}
}

// Error implements [route.Look].
func (l *Look) Error(w http.ResponseWriter, r *http.Request, status int, text string) {
	title := http.StatusText(status)
	if title == "" {
		title = "Not answered"
	}
	back := &layout.Link{Path: "/", Text: "To the first page"}
	if _, known := access.FromContext(r.Context()); !known {
		back = &layout.Link{Path: "/enter", Text: "Enter"}
	}
	if status == http.StatusMisdirectedRequest {
		back = nil // every page under this name says the same
	}
	v := layout.View{Title: title, Content: layout.Message{Lines: []string{text}, Back: back}}
	v.Nav, v.Who = seenBy(r)
	l.write(w, r, status, l.message, v)
}

// Enter implements [route.Look].
func (l *Look) Enter(w http.ResponseWriter, r *http.Request, p route.EnterPage) {
	l.write(w, r, p.Status, l.enter, layout.View{Title: "Enter", Content: p})
}

func (l *Look) write(w http.ResponseWriter, r *http.Request, status int, t *layout.Template, v layout.View) {
	if err := t.Write(w, status, v); err != nil {
		l.log.ErrorContext(r.Context(), "console: a page cannot be made", slog.String("path", r.URL.Path),
			logattr.Err(err))
	}
}

// seenBy is what the frame of a page has of its viewer: the navigation of an operator, and who it is.
func seenBy(r *http.Request) (nav []layout.Link, who string) {
	v, known := access.FromContext(r.Context())
	if !known {
		return nil, ""
	}
	if v.Operator {
		nav = Nav()
	}
	return nav, v.Name()
}
