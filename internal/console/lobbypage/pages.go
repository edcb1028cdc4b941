package lobbypage

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"usher/internal/console/access"
	"usher/internal/console/layout"
	"usher/internal/console/route"
	"usher/internal/jid"
	"usher/internal/logattr"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/notify"
)

//go:embed templates/lobby.html
var templates embed.FS

// Where the pages are.
const (
	Path       = "/lobby"
	DecidePath = "/lobby/decide"
	EventsPath = "/events/lobby"
)

// askWithin is how long rooms may take to say who owns them. A stream ends that has heard nothing by then.
const askWithin = 2 * time.Second

// Rooms tell what an account is to rooms now, and decide for it. Accounts and rooms are bare JIDs.
type Rooms interface {
	// OwnRooms are those of which the account is owner and occupant, asked anew; the one named is asked first. An error
	// means that it is not known.
	OwnRooms(ctx context.Context, account, first string) ([]notify.OwnRoom, error)
	// DecideKnockAs decides about a wait in a room by its ID, once the room has said that the account is its owner, and
	// in it. The errors are [lobby.ErrKnockOver], [moderation.ErrNotModerator], [moderation.ErrTooManyDecisions] and,
	// of a decision that holds, [moderation.ErrNotYet]; others mean that nothing was done.
	DecideKnockAs(ctx context.Context, owner, room, id string, admit bool) (account string, err error)
}

// Options are the collaborators of [Pages].
type Options struct {
	Layout *layout.Layout
	Rooms  Rooms
	Log    *slog.Logger     // nil: no log
	Now    func() time.Time // nil: time.Now
}

// Pages are the moderators' ones. They are safe for concurrent use.
type Pages struct {
	Options
	lobby   *layout.Template
	message *layout.Template
	pace    *pace
	lookups lookups
}

// New returns the pages.
func New(o Options) *Pages {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Pages{Options: o, lobby: o.Layout.Parse(templates, "templates/lobby.html"), message: o.Layout.Message(),
		pace: newPace(o.Now), lookups: lookups{now: o.Now}}
}

// Routes are for moderators alone: an operator has pages that show more.
func (p *Pages) Routes() []route.Route {
	return []route.Route{
		{Pattern: "GET " + Path, For: route.Moderators, Serve: p.paced(p.lobbyPage)},
		{Pattern: "POST " + DecidePath, For: route.Moderators, Serve: p.paced(p.decide)},
		{Pattern: "GET " + EventsPath, For: route.Moderators, Events: p.events},
	}
}

// A shown is a room on the page.
type shown struct {
	ID            string // of its element
	Name, Address string
	Waiting       []moderation.Waiter
	Nobody        bool // waits: none was left out
}

// content is what the page shows.
type content struct {
	Words  *words
	Action string
	Count  string // how many wait
	Rooms  []shown
	More   bool // wait than are shown
}

// viewer is the moderator of a request. The server lets nobody else ask.
func viewer(r *http.Request) access.Viewer {
	v, _ := access.FromContext(r.Context())
	return v
}

// paced answers who asks too often that it is so.
func (p *Pages) paced(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.pace.may(viewer(r).Account) {
			w.Header().Set("Retry-After", "2")
			p.refuse(w, r, http.StatusTooManyRequests, wordsFor(r).tooOften)
			return
		}
		serve(w, r)
	}
}

// nameOf is how a moderator is called on the page: behind a relay the account says nothing to people.
func nameOf(v access.Viewer) string { return cmp.Or(v.Display, v.Name()) }

func (p *Pages) lobbyPage(w http.ResponseWriter, r *http.Request) {
	say, who := wordsFor(r), viewer(r)
	rooms, err := p.ask(r.Context(), who)
	switch {
	case err != nil:
		p.refuse(w, r, http.StatusServiceUnavailable, say.cannotAsk)
		return
	case len(rooms) == 0:
		p.refuse(w, r, http.StatusForbidden, say.notOwner)
		return
	}
	v := layout.View{Title: say.title, Lang: say.lang, Path: Path, Who: nameOf(who), Events: EventsPath, Refresh: 10,
		Content: show(say, rooms, r.URL.Query().Has("all"))}
	if n, known := say.notices[r.URL.Query().Get("notice")]; known {
		v.Notice = &layout.Notice{Bad: n.bad, Text: n.text}
	}
	p.write(w, r, p.lobby, http.StatusOK, v)
}

// ask asks the rooms in time.
func (p *Pages) ask(ctx context.Context, who access.Viewer) ([]notify.OwnRoom, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	rooms, err := p.Rooms.OwnRooms(ctx, who.Account, who.Room)
	if err != nil {
		p.Log.LogAttrs(ctx, slog.LevelDebug, "console: rooms cannot be asked who owns them",
			logattr.Account(who.Account), logattr.Err(err))
	}
	return rooms, err
}

// mostShown is how many people a page names that is not asked for all: so it is no heavier than others.
const mostShown = 25

func show(say *words, rooms []notify.OwnRoom, all bool) content {
	c := content{Words: say, Action: DecidePath, Rooms: make([]shown, len(rooms))}
	n, left := 0, mostShown
	for i, r := range rooms {
		name := r.Room
		if at, err := moderation.ParseRoom(r.Room); err == nil {
			name = at.Local
		}
		n += len(r.Waiting)
		waiting := r.Waiting
		if !all {
			waiting = waiting[:min(len(waiting), left)]
		}
		left -= len(waiting)
		c.More = c.More || len(waiting) < len(r.Waiting)
		c.Rooms[i] = shown{ID: fmt.Sprintf("room-%d", i+1), Name: name, Address: r.Room, Waiting: waiting,
			Nobody: len(r.Waiting) == 0}
	}
	c.Count = say.count(n)
	return c
}

// decide does what the form of one wait says.
func (p *Pages) decide(w http.ResponseWriter, r *http.Request) {
	room, id, decision := r.PostFormValue("room"), r.PostFormValue("id"), r.PostFormValue("decision")
	if len(room) > jid.MaxJID || len(id) != lobby.KnockIDLength || decision != "admit" && decision != "deny" {
		http.Error(w, "room, id and decision are wanted", http.StatusBadRequest)
		return
	}
	_, err := p.Rooms.DecideKnockAs(r.Context(), viewer(r).Account, room, id, decision == "admit")
	came, known := cameOf(decision == "admit", err)
	if !known {
		p.refuse(w, r, http.StatusServiceUnavailable, wordsFor(r).cannotDecide)
		return
	}
	http.Redirect(w, r, Path+"?notice="+came, http.StatusSeeOther)
}

// cameOf is what came of a decision; false: it is not known what the account may.
func cameOf(admit bool, err error) (came string, known bool) {
	switch {
	case err == nil && admit:
		return wasAdmitted, true
	case err == nil:
		return wasDenied, true
	case errors.Is(err, moderation.ErrNotYet):
		return isLater, true
	case errors.Is(err, lobby.ErrKnockOver), errors.Is(err, moderation.ErrNobodyWaits):
		return isOver, true
	case errors.Is(err, moderation.ErrNotModerator):
		return isNotOwner, true
	case errors.Is(err, moderation.ErrTooManyDecisions):
		return areTooMany, true
	}
	return "", false
}

// refuse shows a page that says why there is nothing else.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, status int, lines []string) {
	say := wordsFor(r)
	v := layout.View{Title: say.title, Lang: say.lang, Path: Path, Who: nameOf(viewer(r)), Refresh: 10,
		Content: layout.Message{Lines: lines}}
	p.write(w, r, p.message, status, v)
}

func (p *Pages) write(w http.ResponseWriter, r *http.Request, t *layout.Template, status int, v layout.View) {
	if err := t.Write(w, status, v); err != nil {
		p.Log.LogAttrs(r.Context(), slog.LevelError, "console: a page cannot be made",
			slog.String("path", r.URL.Path), logattr.Err(err))
	}
}
