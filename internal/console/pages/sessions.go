package pages

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"usher/internal/admin"
	"usher/internal/console/layout"
)

// sessionPages are who is logged in, who is revoked, and allowing again.
type sessionPages struct{ *desk }

// A session is one as a page shows it.
type session struct {
	admin.Session
	Lasts bool `json:"-"` // it ends when it is not used, and not by itself
}

// Person is who is behind the account: what the token calls its user, and the name that it has for people.
func (s session) Person() template.HTML {
	who := cmp.Or(s.User, s.DisplayID)
	if s.DisplayName == "" || s.DisplayName == who {
		return layout.Name(who)
	}
	if who == "" {
		return layout.Name(s.DisplayName)
	}
	return layout.Name(who) + " (" + layout.Name(s.DisplayName) + ")"
}

// Claimed are the rooms that the token is for.
func (s session) Claimed() template.HTML {
	if s.Rooms == nil {
		return "every room"
	}
	rooms := layout.Few(s.Rooms)
	if s.Regex {
		rooms += " (a pattern)"
	}
	return rooms
}

// tooLong is from when on an end is none for people.
const tooLong = 366 * 24 * time.Hour

func (p sessionPages) sessions(w http.ResponseWriter, r *http.Request) error {
	f, err := search[session](p.desk, r, "/sessions/search")
	if err != nil {
		return err
	}
	for i := range f.List {
		end := f.List[i].Expires
		f.List[i].Lasts = end.IsZero() || end.Sub(p.o.Now()) > tooLong
	}
	p.show(w, r, http.StatusOK, "sessions", layout.View{Title: "Sessions", Path: "/sessions", Content: f})
	return nil
}

func (p sessionPages) revoked(w http.ResponseWriter, r *http.Request) error {
	f, err := search[admin.Revoked](p.desk, r, "/sessions/revoked/search")
	if err != nil {
		return err
	}
	p.show(w, r, http.StatusOK, "revoked", layout.View{Title: "Revoked", Path: "/sessions", Content: f})
	return nil
}

// A confirming is a change before it is made, as a sentence, and a form with what is to be sent.
type confirming struct {
	Action string // where the form goes
	Lines  []string
	About  []pair // what is meant, as the person reads it
	Fields []pair // that are sent
	Button string
	Back   string
	Danger bool
	Long   bool // what is sent is no few words: encoded as others are, it could be three times as long
}

type pair struct{ Name, Value string }

func (p *desk) confirm(w http.ResponseWriter, r *http.Request, title, path string, c confirming) error {
	p.show(w, r, http.StatusOK, "confirm", layout.View{Title: title, Path: path, Content: c})
	return nil
}

func (p sessionPages) allowPreview(w http.ResponseWriter, r *http.Request) error {
	t := targetOf(r.URL.Query())
	c := confirming{Action: "/sessions/allow", Button: "Allow again", Back: "/sessions/revoked",
		Lines: []string{"Tokens that the revocation keeps out are good again, as far as they have not ended by " +
			"themselves."},
		Fields: []pair{{"by", t.By}, {"of", t.Of}, {"host", t.Host}, {"issuer", t.Issuer}}}
	by := strings.ToUpper(t.By[:1]) + t.By[1:]
	for _, about := range []pair{{by, t.Of}, {"Host", t.Host}, {"Issuer", t.Issuer}} {
		if about.Value != "" {
			c.About = append(c.About, about)
		}
	}
	return p.confirm(w, r, "Allow again", "/sessions", c)
}

func (p sessionPages) allow(w http.ResponseWriter, r *http.Request) error {
	var answer admin.AllowAnswer
	if err := p.post(r, address("/sessions/allow", targetOf(r.PostForm).query()), nil, &answer); err != nil {
		return err
	}
	n := layout.Notice{Text: "Allowed again.",
		Lines: slices.Concat(answer.Users, answer.Tokens, reached(answer.Cluster))}
	switch {
	case answer.Unknown:
		n = layout.Notice{Bad: true, Text: "Nothing of this is revoked any more."}
	case answer.Problem != "":
		n = layout.Notice{Bad: true, Text: "It did not go as it should.", Lines: []string{answer.Problem}}
	}
	return p.done(w, r, "/sessions/revoked", n)
}
