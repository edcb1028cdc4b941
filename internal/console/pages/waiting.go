package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"usher/internal/admin"
	"usher/internal/console/layout"
)

// waitingPages are who waits.
type waitingPages struct{ *desk }

// waitingRefresh is after how many seconds the lobby is loaded again without script.
const waitingRefresh = 10

// A waiter is somebody who waits.
type waiter struct {
	admin.Knock
	For time.Duration `json:"-"`
}

func (p waitingPages) waiting(w http.ResponseWriter, r *http.Request) error {
	f, err := search[waiter](p.desk, r, "/lobby/knocks/part")
	if err != nil {
		return err
	}
	for i := range f.List {
		f.List[i].For = p.o.Now().Sub(f.List[i].First)
	}
	p.show(w, r, http.StatusOK, "waiting", layout.View{Title: "Lobby", Path: "/waiting", Events: events("waiting"),
		Refresh: waitingRefresh, Content: f})
	return nil
}

// decide admits somebody who waits, or denies.
func (p waitingPages) decide(w http.ResponseWriter, r *http.Request) error {
	admit := r.PostForm.Get("admit") == "true"
	q := url.Values{"admit": {fmt.Sprint(admit)}, "room": {r.PostForm.Get("room")}, "id": {r.PostForm.Get("id")}}
	var answer admin.LobbyAnswer
	if err := p.post(r, address("/lobby/decide", q), nil, &answer); err != nil {
		return err
	}
	n := layout.Notice{Text: "Denied.", Lines: []string{answer.JID, answer.Room}}
	if admit {
		n.Text = "Admitted."
	}
	return p.done(w, r, "/waiting", lobbyNotice(n, answer))
}

// lobbyNotice adds what else is to say of a change of the lobby.
func lobbyNotice(n layout.Notice, a admin.LobbyAnswer) layout.Notice {
	if a.Problem != "" {
		return layout.Notice{Bad: true, Text: "It did not go as it should.", Lines: []string{a.Problem}}
	}
	if a.Warning != "" {
		n.Lines = append(n.Lines, a.Warning)
	}
	n.Lines = append(n.Lines, reached(a.Cluster)...)
	return n
}
