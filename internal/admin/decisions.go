package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/loginid"
	"usher/internal/recent"
	"usher/internal/text"
	"usher/moderation"
)

// Decisions are the last ones about logins and joins.
type Decisions interface {
	List(f recent.Filter) []recent.Decision
	Follow(ctx context.Context, f recent.Filter, take func([]recent.Decision) error) error
}

// An Audit keeps what was changed.
type Audit interface {
	Record(ctx context.Context, c recent.Change)
	List() []recent.Change
}

// DecisionsPath is where the last decisions are asked for: GET, with account, room, door, reason, login, since (a
// duration, or a time of RFC 3339), all=true (those that were allowed, too), last (a number) and follow=true. The
// answer is a list; with follow it goes on, one object a line.
const DecisionsPath = "/decisions"

// AuditPath is where the last changes are asked for: GET, with last (a number).
const AuditPath = "/audit"

// followWithin is how long a follower may take for the lines that come at once.
const followWithin = 5 * time.Second

func (s *server) decisions(m *routes) {
	m.ask("GET "+AuditPath, func(w http.ResponseWriter, r *http.Request) {
		list := s.Audit.List()
		if last, err := strconv.Atoi(r.URL.Query().Get("last")); err == nil && last >= 0 {
			list = list[max(0, len(list)-last):]
		}
		writeJSON(w, list)
	})
	m.ask("GET "+DecisionsPath, func(w http.ResponseWriter, r *http.Request) {
		f, err := filterOf(r.URL.Query(), s.Now())
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		case r.URL.Query().Get("follow") == "true":
			s.follow(w, r, f)
		default:
			writeJSON(w, s.Decisions.List(f))
		}
	})
}

// follow answers at once, and sends one line for each decision. A reader that does not take its lines is cut off, which
// its command says.
func (s *server) follow(w http.ResponseWriter, r *http.Request, f recent.Filter) {
	c := http.NewResponseController(w)
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	out := json.NewEncoder(w)
	err := s.Decisions.Follow(r.Context(), f, func(list []recent.Decision) error {
		if err := c.SetWriteDeadline(time.Now().Add(followWithin)); err != nil {
			return err
		}
		for _, d := range list {
			if err := out.Encode(d); err != nil {
				return err
			}
		}
		return c.Flush()
	})
	if errors.Is(err, recent.ErrTooManyFollowers) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// filterOf reads what is wanted.
func filterOf(q url.Values, now time.Time) (f recent.Filter, err error) {
	f = recent.Filter{Account: q.Get("account"), Room: q.Get("room"), Door: q.Get("door"), Reason: q.Get("reason"),
		All: q.Get("all") == "true"}
	if err := known("door", strings.ToLower(f.Door), Doors(), "there are "+strings.Join(Doors(), ", ")); err != nil {
		return f, err
	}
	if err := known("reason", f.Reason, append(allowReasons(), Reasons()...), "docs/reasons.md has all"); err != nil {
		return f, err
	}
	if f.LoginID, err = loginid.Parse(q.Get("login")); err != nil {
		return f, err
	}
	if last := q.Get("last"); last != "" {
		if f.Last, err = strconv.Atoi(last); err != nil || f.Last < 0 {
			return f, fmt.Errorf("last: %q is no number", text.Clip(last))
		}
	}
	since := q.Get("since")
	if since == "" {
		return f, nil
	}
	if ago, err := time.ParseDuration(since); err == nil && ago >= 0 {
		f.Since = now.Add(-ago)
		return f, nil
	}
	if f.Since, err = time.Parse(time.RFC3339, since); err != nil {
		return f, fmt.Errorf("since: %q is neither a duration, such as 10m, nor a time, such as 2026-11-28T10:00:00Z",
			text.Clip(since))
	}
	return f, nil
}

// known wants one word of a list, or none: what is misspelt would find nothing, which looks as if there were nothing.
func known(what, word string, words []string, where string) error {
	switch near := text.Nearest(word, words); {
	case word == "" || slices.Contains(words, word):
		return nil
	case near != "":
		return fmt.Errorf("there is no %s %q; did you mean %q", what, text.Clip(word), near)
	}
	return fmt.Errorf("there is no %s %q; %s", what, text.Clip(word), where)
}

// Doors are those at which decisions are made, as the log has them: what GET /decisions takes as door.
func Doors() []string {
	return []string{"dovecot", "extauth", "gateway", "http", "http_async", "custom_http", "oauth", "ticket", "signin"}
}

// allowReasons are those for which something is allowed.
func allowReasons() []string {
	list := []string{"ok"}
	for _, r := range moderation.AllowReasons() {
		list = append(list, string(r))
	}
	return list
}

// Reasons are those for which something is refused or cannot be decided, sorted: what GET /decisions takes as reason.
func Reasons() []string {
	var list []string
	for _, r := range auth.Reasons() {
		list = append(list, string(r))
	}
	for _, r := range slices.Concat(moderation.DenyReasons(), moderation.UndecidedReasons()) {
		list = append(list, string(r))
	}
	slices.Sort(list)
	return slices.Compact(list)
}
