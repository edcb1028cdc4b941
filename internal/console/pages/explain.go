package pages

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"usher/internal/admin"
	"usher/internal/console/layout"
)

// explainPages explain a token.
type explainPages struct{ *desk }

// maxExplain bounds the form, in bytes: a token that is pasted may grow to three times its length.
const maxExplain = 256 << 10

// An explained is what came of the checks of a token, which itself is not on the page.
type explained struct {
	Host, User, Room string // as they were written
	Report           *admin.Report
	Verdict          string
	Problem          string // with the form
}

func (p explainPages) explainForm(w http.ResponseWriter, r *http.Request) error {
	p.showExplained(w, r, http.StatusOK, explained{})
	return nil
}

func (p explainPages) explain(w http.ResponseWriter, r *http.Request) error {
	form := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	e := explained{Host: form("host"), User: form("user"), Room: form("room")}
	if form("token") == "" {
		e.Problem = "Paste a token, or a link with one."
		p.showExplained(w, r, http.StatusUnprocessableEntity, e)
		return nil
	}
	body, err := json.Marshal(admin.ExplainQuestion{Text: r.PostForm.Get("token"), Host: e.Host, User: e.User,
		Room: e.Room})
	if err != nil {
		return err
	}
	var report admin.Report
	if err := p.post(r, admin.ExplainPath, bytes.NewReader(body), &report); err != nil {
		return err
	}
	e.Report, e.Verdict = &report, admin.Verdict(report)
	p.showExplained(w, r, http.StatusOK, e)
	return nil
}

func (p explainPages) showExplained(w http.ResponseWriter, r *http.Request, status int, e explained) {
	p.show(w, r, status, "explain", layout.View{Title: "Explain", Path: "/explain", Content: e})
}
