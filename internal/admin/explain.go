package admin

import (
	"context"
	"encoding/json"
	"net/http"

	"usher/auth"
	"usher/internal/explain"
)

// ExplainPath is where an explanation is asked for: POST, with an [ExplainQuestion]. The answer is an [auth.Report].
// What was asked is neither kept nor logged, and as nothing is changed the audit does not have it.
const ExplainPath = "/explain"

// maxExplainQuestion bounds a question, in bytes: what may be written in the configuration as the longest token, twice.
const maxExplainQuestion = 128 << 10

// An ExplainQuestion is the body of POST /explain.
type ExplainQuestion struct {
	Text string `json:"text"`           // a token, or what people paste that has one: a link, a header, JSON
	Host string `json:"host,omitempty"` // virtual host; empty: the one of the link, or the only one
	User string `json:"user,omitempty"` // the name that the client gives itself
	Room string `json:"room,omitempty"` // a bare JID or a localpart; empty: the one of the link
}

// An Explainer runs all checks of a token, by the configuration in force.
type Explainer interface {
	ExplainToken(ctx context.Context, q explain.Question) auth.Report
}

func (s *server) explain(m *routes) {
	m.ask("POST "+ExplainPath, func(w http.ResponseWriter, r *http.Request) {
		var q ExplainQuestion
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxExplainQuestion)).Decode(&q); err != nil {
			http.Error(w, "the body is no question, or longer than 128 KiB", http.StatusBadRequest)
			return
		}
		writeJSON(w, s.Explainer.ExplainToken(r.Context(), explain.Question{Text: q.Text, Host: q.Host, User: q.User,
			Room: q.Room}))
	})
}

// Verdict is what comes of a report, in one sentence.
func Verdict(r Report) string { return explain.Verdict(r) }
