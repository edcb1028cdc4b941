package pages

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/internal/admin"
	"usher/internal/console/layout"
)

// whitelistPages are who passes lobbies.
type whitelistPages struct{ *desk }

// A whitelist is who passes lobbies, and the form that adds to it.
type whitelist struct {
	found[admin.Listed]
	Form    adding
	Ends    []choice
	Problem string
}

// An adding is the form as it was filled in.
type adding struct{ By, Who, Room, Note, Ends, Until string }

// endings are for how long an entry may hold.
func endings() []choice {
	return []choice{{"", "for good"}, {"1h", "for an hour"}, {"8h", "for 8 hours"}, {"24h", "for a day"},
		{"168h", "for a week"}, {"until", "until the time beside"}}
}

func (p whitelistPages) whitelist(w http.ResponseWriter, r *http.Request) error {
	return p.showWhitelist(w, r, http.StatusOK, adding{}, "")
}

func (p whitelistPages) showWhitelist(w http.ResponseWriter, r *http.Request, status int, form adding,
	problem string) error {
	f, err := search[admin.Listed](p.desk, r, "/lobby/search")
	if err != nil {
		return err
	}
	v := whitelist{found: f, Form: form, Problem: problem, Ends: endings()}
	p.show(w, r, status, "whitelist", layout.View{Title: "Whitelist", Path: "/whitelist", Content: v})
	return nil
}

// localTime is how a browser sends a field for a time, which has no zone: the server's is meant.
const localTime = "2006-01-02T15:04"

func (p whitelistPages) add(w http.ResponseWriter, r *http.Request) error {
	form := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	f := adding{form("by"), form("who"), form("room"), form("note"), form("ends"), form("until")}
	q := url.Values{"room": {f.Room}, "note": {f.Note}}
	q.Set(map[bool]string{true: "user", false: "jid"}[f.By == "user"], f.Who)
	switch f.Ends {
	case "":
	case "until":
		until, err := time.ParseInLocation(localTime, f.Until, p.o.Layout.Zone())
		if err != nil {
			return p.showWhitelist(w, r, http.StatusUnprocessableEntity, f, "Say until when it holds.")
		}
		q.Set("until", until.Format(time.RFC3339))
	default:
		q.Set("ttl", f.Ends)
	}
	if f.Who == "" {
		return p.showWhitelist(w, r, http.StatusUnprocessableEntity, f, "Say who may pass.")
	}
	var answer admin.LobbyAnswer
	if err := p.post(r, address("/lobby/allow", q), nil, &answer); err != nil {
		return err
	}
	if answer.Problem != "" {
		return p.showWhitelist(w, r, http.StatusUnprocessableEntity, f, answer.Problem)
	}
	n := layout.Notice{Text: "On the whitelist.", Lines: []string{f.Who}}
	return p.done(w, r, "/whitelist", lobbyNotice(n, answer))
}

func (p whitelistPages) removePreview(w http.ResponseWriter, r *http.Request) error {
	jid, room := r.URL.Query().Get("jid"), r.URL.Query().Get("room")
	rooms := room
	if room == "" {
		rooms = "every room"
	}
	return p.confirm(w, r, "Take off the whitelist", "/whitelist", confirming{Action: "/whitelist/remove",
		Button: "Take off", Back: "/whitelist", Danger: true,
		Lines:  []string{"From then on the account waits like everybody. Who is in a room stays there."},
		About:  []pair{{"Who", jid}, {"Rooms", rooms}},
		Fields: []pair{{"jid", jid}, {"room", room}}})
}

func (p whitelistPages) remove(w http.ResponseWriter, r *http.Request) error {
	jid := r.PostForm.Get("jid")
	q := url.Values{"room": {r.PostForm.Get("room")}}
	if user, is := strings.CutPrefix(jid, "user:"); is {
		q.Set("user", user)
	} else {
		q.Set("jid", jid)
	}
	var answer admin.LobbyAnswer
	if err := p.post(r, address("/lobby/remove", q), nil, &answer); err != nil {
		return err
	}
	n := layout.Notice{Text: "Off the whitelist.", Lines: []string{jid}}
	return p.done(w, r, "/whitelist", lobbyNotice(n, answer))
}
