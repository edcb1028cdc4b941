package lobbypage

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/console/access"
	"usher/internal/console/layout"
	"usher/internal/console/route"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/notify"
)

const (
	alice   = "alice@meet.example.com"
	standup = "standup@conference.meet.example.com"
	knock   = "0123456789abcdef"
)

// rooms are those that alice owns; others own none.
type rooms struct {
	mu      sync.Mutex
	own     []notify.OwnRoom
	fail    error
	asked   []string // "account room"
	decided []string // "account room id admit"
}

func (r *rooms) set(fail error, own ...notify.OwnRoom) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.own, r.fail = own, fail
}

func (r *rooms) OwnRooms(_ context.Context, account, first string) ([]notify.OwnRoom, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, account+" "+first)
	if account != alice || r.fail != nil {
		return nil, r.fail
	}
	return r.own, nil
}

func (r *rooms) DecideKnockAs(_ context.Context, owner, room, id string, admit bool) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what := " deny"
	if admit {
		what = " admit"
	}
	r.decided = append(r.decided, owner+" "+room+" "+id+what)
	return "g@guest.meet.example.com", r.fail
}

// A bench is the pages, and the routes by their patterns.
type bench struct {
	rooms  *rooms
	routes map[string]route.Route
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{rooms: &rooms{}, routes: map[string]route.Route{}}
	for _, r := range New(Options{Layout: layout.New(time.UTC, nil), Rooms: b.rooms}).Routes() {
		if r.For != route.Moderators {
			t.Errorf("%s is for others", r.Pattern)
		}
		b.routes[r.Pattern] = r
	}
	return b
}

func viewerOf(account string) access.Viewer {
	return access.Viewer{Account: account, Room: standup, Display: "Display & Name"}
}

// serve does one request of an account.
func (b *bench) serve(account, pattern, query string, form url.Values, languages string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(pattern, " ")
	r := httptest.NewRequest(method, path+query, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", languages)
	w := httptest.NewRecorder()
	b.routes[pattern].Serve(w, r.WithContext(access.NewContext(r.Context(), viewerOf(account))))
	return w
}

func waiting(name, id string) moderation.Waiter {
	return moderation.Waiter{ID: id, Room: standup, JID: "g@guest.meet.example.com", Name: name,
		First: time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)}
}

// TestPage: a moderator sees the rooms that say so, and who waits there; nothing of it is a link, a script or a token, and
// what strangers call themselves is text.
func TestPage(t *testing.T) {
	b := newBench(t)
	b.rooms.set(nil, notify.OwnRoom{Room: standup, Waiting: []moderation.Waiter{waiting(`<script>"x"&</script>`, knock)}},
		notify.OwnRoom{Room: "empty@conference.meet.example.com"})
	w := b.serve(alice, "GET /lobby", "", nil, "")
	page := w.Body.String()
	for _, want := range []string{"&lt;script&gt;&#34;x&#34;&amp;&lt;/script&gt;", `value="` + knock + `"`, "Nobody waits.", `action="/lobby/decide"`,
		`data-events="/events/lobby"`, `datetime="2026-11-28T10:00:00Z"`, `lang="en"`, ">empty<", standup, "Display &amp; Name"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in the page", want)
		}
	}
	if w.Code != http.StatusOK || strings.Contains(page, `<script>"`) {
		t.Errorf("%d: %s", w.Code, page)
	}
	if got := strings.Join(b.rooms.asked, ", "); got != alice+" "+standup {
		t.Errorf("asked: %s", got)
	}
	german := b.serve(alice, "GET /lobby", "?notice=over", nil, "fr, de-AT;q=0.8, en;q=0.5").Body.String()
	if !strings.Contains(german, `lang="de"`) || !strings.Contains(german, "Einlassen") || !strings.Contains(german, "schon entschieden") {
		t.Error("not in German")
	}
	if odd := b.serve(alice, "GET /lobby", "?notice=%3Cb%3E", nil, "").Body.String(); strings.Contains(odd, "<b>") || strings.Contains(odd, "notice ") {
		t.Error("a notice that there is not")
	}
}

// TestClosed: who owns no room now sees none, and where that cannot be known nobody does.
func TestClosed(t *testing.T) {
	b := newBench(t)
	room := notify.OwnRoom{Room: standup, Waiting: []moderation.Waiter{waiting("Bob", knock)}}
	for _, row := range []struct {
		account string
		fail    error
		own     []notify.OwnRoom
		status  int
	}{
		{"bob@meet.example.com", nil, []notify.OwnRoom{room}, http.StatusForbidden},
		{alice, nil, nil, http.StatusForbidden},
		{alice, moderation.ErrUnreachable, []notify.OwnRoom{room}, http.StatusServiceUnavailable},
		{alice, moderation.ErrNoComponent, []notify.OwnRoom{room}, http.StatusServiceUnavailable},
	} {
		b.rooms.set(row.fail, row.own...)
		w := b.serve(row.account, "GET /lobby", "", nil, "")
		if w.Code != row.status || strings.Contains(w.Body.String(), knock) || strings.Contains(w.Body.String(), standup) {
			t.Errorf("%+v: %d %s", row, w.Code, w.Body)
		}
	}
}

// TestDecide: a decision names a room and a wait; what came of it is said on the page, and none is made of what is no form.
func TestDecide(t *testing.T) {
	b := newBench(t)
	form := func(room, id, decision string) url.Values {
		return url.Values{"room": {room}, "id": {id}, "decision": {decision}}
	}
	for _, odd := range []url.Values{form(standup, knock, ""), form(standup, knock, "both"), form(standup, "", "admit"), form(standup, knock+"0", "admit"),
		form(strings.Repeat("r", 10_000), knock, "admit"), {}} {
		if w := b.serve(alice, "POST /lobby/decide", "", odd, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%.100v: %d", odd, w.Code)
		}
	}
	if w := b.serve(alice, "POST /lobby/decide", "?room=r&id="+knock+"&decision=admit", nil, ""); w.Code != http.StatusBadRequest || len(b.rooms.decided) > 0 {
		t.Errorf("by the address: %d, %v", w.Code, b.rooms.decided)
	}
	for err, came := range map[error]string{
		nil: "admitted", moderation.ErrNotYet: "later", lobby.ErrKnockOver: "over", moderation.ErrNobodyWaits: "over",
		moderation.ErrNotModerator: "not-owner", moderation.ErrTooManyDecisions: "too-many",
	} {
		b.rooms.set(err)
		w := b.serve(alice, "POST /lobby/decide", "", form(standup, knock, "admit"), "")
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/lobby?notice="+came {
			t.Errorf("%v: %d to %s", err, w.Code, w.Header().Get("Location"))
		}
		for _, say := range []*words{english(), german()} {
			if n, known := say.notices[came]; !known || n.text == "" {
				t.Errorf("%s is not said in %s", came, say.lang)
			}
		}
	}
	b.rooms.set(errors.New("the disk is full"))
	if w := b.serve(alice, "POST /lobby/decide", "", form(standup, knock, "admit"), ""); w.Code != http.StatusServiceUnavailable ||
		strings.Contains(w.Body.String(), "disk") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	b.rooms.set(nil)
	b.rooms.decided = nil
	w := b.serve(alice, "POST /lobby/decide", "", form(standup, knock, "deny"), "")
	if w.Header().Get("Location") != "/lobby?notice=denied" || strings.Join(b.rooms.decided, "") != alice+" "+standup+" "+knock+" deny" {
		t.Errorf("%s, %v", w.Header().Get("Location"), b.rooms.decided)
	}
}

// A wire is an answer that is read as it is written.
type wire struct {
	*httptest.ResponseRecorder
	mu sync.Mutex
}

func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ResponseRecorder.Write(p)
}

// said is how many events were sent.
func (w *wire) said() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Count(w.Body.String(), "event: changed\n")
}

// TestEvents: who waits is told within a second; a demotion, a question that fails, and the end of the viewer's right end
// the stream, the first two within a second, with a word that has the page look again.
func TestEvents(t *testing.T) {
	room := func(ids ...string) notify.OwnRoom {
		r := notify.OwnRoom{Room: standup}
		for _, id := range ids {
			r.Waiting = append(r.Waiting, waiting("Bob", id))
		}
		return r
	}
	for name, end := range map[string]func(*rooms, context.CancelFunc){
		"demoted":   func(r *rooms, _ context.CancelFunc) { r.set(nil) },
		"not known": func(r *rooms, _ context.CancelFunc) { r.set(moderation.ErrUnreachable, room()) },
		"left":      func(_ *rooms, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.rooms.set(nil, room())
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				w := &wire{ResponseRecorder: httptest.NewRecorder()}
				r := httptest.NewRequest("GET", "/events/lobby", nil).WithContext(ctx)
				s, err := route.Open(w, r, viewerOf(alice))
				if err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- b.routes["GET /events/lobby"].Events(s) }()
				step := func(what string, change func(), want int) {
					t.Helper()
					change()
					time.Sleep(1001 * time.Millisecond)
					synctest.Wait()
					if got := w.said(); got != want {
						t.Errorf("%s: %d events, want %d", what, got, want)
					}
				}
				step("nothing", func() {}, 0)
				step("a knock", func() { b.rooms.set(nil, room(knock)) }, 1)
				step("nothing more", func() {}, 1)
				step("another of the same name", func() { b.rooms.set(nil, room("fedcba9876543210")) }, 2)
				step("one more room", func() { b.rooms.set(nil, room(), room()) }, 3)
				began := time.Now()
				end(b.rooms, cancel)
				if err := <-ended; err != nil {
					t.Error(err)
				}
				want := 4
				if name == "left" {
					want = 3
				}
				if w.said() != want || time.Since(began) > time.Second {
					t.Errorf("%d events, ended after %v", w.said(), time.Since(began))
				}
			})
		})
	}
}
