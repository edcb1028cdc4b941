package muc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"usher/auth/authtest"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
)

// TestAnswers: allowed is a boolean always, affiliations an object always, whatever is asked.
func TestAnswers(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	h := &muc.Handler{Service: f.Service}
	alice := f.Identity("alice", "t1", "standup")
	alice.Moderator = true
	f.Login(t, alice)
	join := func(user, room string) string {
		return "/muc/join?userJID=" + url.QueryEscape(user) + "&mucJID=" + url.QueryEscape(room) + "&nickname=n"
	}
	code, answer := moderationtest.Ask(h, "/muc/room?jid=standup%40"+conference)
	if owners, _ := answer["affiliations"].(map[string]any); code != 200 || owners["alice@"+host] != "owner" || len(owners) != 1 {
		t.Errorf("a new room: %d %v", code, answer)
	}
	if code, answer := moderationtest.Ask(h, join("alice@"+host, "standup@"+conference)); code != 200 || answer["allowed"] != true {
		t.Errorf("a good join: %d %v", code, answer)
	}
	for _, path := range []string{
		join("bob@"+host, "standup@"+conference), join("alice@"+host, "other@"+conference), join("alice@"+host, "standup@elsewhere"), join("alice@evil", "standup@"+conference),
		join("g@guest."+host, "never@"+conference), join("alice@"+host+"/r", "standup@"+conference), join("", "standup@"+conference), "/muc/join", "/muc/join?userJID=a&userJID=b&mucJID=c&nickname=d",
		join("alice@"+host, "standup@"+conference) + "&more=1", "/muc/join?%zz", join("alice@"+host, "no room"), join("alice@"+host, "@"+conference), "/muc/other",
	} {
		if code, answer := moderationtest.Ask(h, path); code < 400 || answer["allowed"] != false {
			t.Errorf("%s: %d %v", path, code, answer)
		}
	}
	for _, path := range []string{"/muc/room", "/muc/room?jid=x%40elsewhere", "/muc/room?jid=x&jid=y", "/muc/room?jid=", "/muc/room?jid=%00"} {
		code, answer := moderationtest.Ask(h, path)
		if list, ok := answer["affiliations"].(map[string]any); code < 400 || !ok || len(list) != 0 {
			t.Errorf("%s: %d %v", path, code, answer)
		}
	}
	f.Store.Fail(errors.New("disk full"))
	if code, answer := moderationtest.Ask(h, "/muc/room?jid=standup%40"+conference); code != 503 || answer["affiliations"] == nil {
		t.Errorf("without a state: %d %v", code, answer)
	}
}

// FuzzJoinQuery: only the one who logged in joins, whatever the query looks like.
func FuzzJoinQuery(f *testing.F) {
	f.Add("userJID=alice%40meet.example.com&mucJID=standup%40conference.meet.example.com&nickname=n")
	f.Add("userJID=a;b=c")
	x := newFixture(f, moderationtest.State{})
	x.Login(f, x.Identity("alice", "t1", "standup"))
	h := &muc.Handler{Service: x.Service}
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/muc/join", nil)
		r.URL.RawQuery = raw
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var answer struct{ Allowed *bool }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Allowed == nil {
			t.Fatalf("%q: %s", raw, w.Body)
		}
		q, _ := url.ParseQuery(raw)
		user, room := q.Get("userJID"), q.Get("mucJID")
		if *answer.Allowed && user != "focus@auth."+host && (user != "alice@"+host || !strings.EqualFold(room[strings.LastIndex(room, "@")+1:], conference)) {
			t.Errorf("%q let %q into %q", raw, user, room)
		}
	})
}

// BenchmarkJoin compares an answer among 100,000 sessions with one among 100.
func BenchmarkJoin(b *testing.B) {
	asks := map[int]func(){}
	for _, n := range []int{100, 100_000} {
		f := newFixture(b, moderationtest.State{})
		for i := range n {
			f.Login(b, f.Identity(fmt.Sprint("user", i), fmt.Sprint("t", i), "standup"))
		}
		h := &muc.Handler{Service: f.Service}
		i := 0
		asks[n] = func() {
			i += 7919
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/muc/join?userJID=user%d%%40%s&mucJID=standup%%40%s&nickname=n", i%n, host, conference), nil))
			if w.Code != http.StatusOK {
				b.Fatal(w.Body)
			}
		}
	}
	b.Run("100000-beside-100", func(b *testing.B) { authtest.Compare(b, 2000, asks[100], asks[100_000]) })
}
