package relay

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/e2e/daemon"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// said collects texts that are secret, and finds them again.
type said struct {
	mu   sync.Mutex
	list map[string]string // what each is
}

func (s *said) add(what, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, part := range strings.Split(text, ".") {
		if i > 0 || !strings.HasPrefix(part, "eyJ") { // a header is no secret
			s.list[part] = what
		}
	}
	return text
}

func (s *said) notIn(t *testing.T, where, text string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for part, what := range s.list {
		if at := strings.Index(text, part); at >= 0 && len(part) >= 8 {
			t.Errorf("%s tells %s: …%s…", where, what, text[max(0, at-120):min(len(text), at+len(part)+20)])
		}
	}
}

// TestNothingTold: whatever fails, no token, identifier of a stream, secret or query stands in a log at its fullest,
// in a metric, or in what a command prints; and the files of the state are usher's alone.
func TestNothingTold(t *testing.T) {
	s := &said{list: map[string]string{}}
	jicofo := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s.add("inner token by HTTP", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		_, _ = rw.Write([]byte(`{"ready":true}`))
	}))
	t.Cleanup(jicofo.Close)
	each(t, world.Options{Debug: true, Relay: &world.Relay{Lines: "jicofo: \"" + jicofo.URL + "\""}},
		func(t *testing.T, w *world.World) {
			for what, text := range map[string]string{"HTTP secret": daemon.HTTPSecret,
				"component secret": daemon.ComponentSecret,
				"outer secret":     authtest.Secret} {
				s.add(what, text)
			}
			good := link(t, "alice", "one", tokens.Moderator(), "one")
			s.add("good token", good.Token)
			fail(t, w, s, good)
			ask(t, w, s, good.Token)
			mark := w.Usher.Mark()
			w.Usher.Run(t, "reload")
			w.Usher.Await(t, mark, "msg=audit command=reload") // behind all that was said before
			logs := w.Usher.Log()
			s.notIn(t, "the log", logs)
			if !strings.Contains(logs, "level=DEBUG") || strings.Count(logs, "refused") < 5 {
				t.Errorf("the log says little:\n%s", logs)
			}
			s.notIn(t, "the metrics", w.Usher.Scrape(t))
			for _, command := range [][]string{{"status"}, {"sessions", "list"}, {"lobby", "knocks"}, {"lobby", "list"}} {
				s.notIn(t, "usher "+strings.Join(command, " "), w.Usher.Run(t, command...))
			}
			private(t, w.Usher.Path("."))
		})
}

// fail comes by both transports with each thing that can be wrong.
func fail(t *testing.T, w *world.World, s *said, good world.Link) {
	t.Helper()
	alice := w.Follow(t, good)
	id, err := alice.Resumable()
	if err != nil {
		t.Fatal(err)
	}
	s.add("identifier of a stream", id)
	alice.Meets(world.Room("one"))
	for _, q := range w.Jicofo.Questions() {
		s.add("inner token", q.Token)
	}
	turnedAway(t, alice, world.Room("two"), "cancel/not-allowed")
	wrong := tokens.Wrong(t, world.Meet, "eve")
	delete(wrong, "another host") // which is a tenant's here
	wrong["nonsense"] = tokens.Bad{Text: strings.Repeat("nonsense-", 1000), Reason: auth.ReasonMalformed}
	for name, bad := range wrong {
		for _, bosh := range []bool{false, true} {
			l := world.Link{Token: s.add(name, bad.Text), Room: "a-room-in-the-query", BOSH: bosh, Resume: id}
			if bosh {
				l.Resume = ""
			}
			if _, err := w.Try(t, l); err == nil {
				t.Errorf("%s is good", name)
			}
		}
	}
	eve := link(t, "eve", "one", nil, "one")
	s.add("token of another", eve.Token)
	eve.Resume = id
	_, _ = w.Try(t, eve)
	eve.Resume = s.add("invented identifier", "an-invented-identifier")
	_, _ = w.Try(t, eve)
	_ = alice.Says("<presence to='not well-formed <'/>")
	w.Usher.Run(t, "sessions", "revoke", "--user", "alice")
	if _, err := w.Try(t, good); err == nil {
		t.Error("a revoked token is good")
	}
}

// ask asks in ways of its own, with a secret in each part of a request.
func ask(t *testing.T, w *world.World, s *said, token string) {
	t.Helper()
	s.add("query", "a-secret-in-the-query")
	for _, path := range []string{
		"/xmpp-websocket?%74oken=T&x=Q", "/xmpp-websocket?token=T&token=Q", "/xmpp-websocket?token=%zzT&x=Q",
		"/http-bind?token=T;Q", "/http-bind?x=Q#token=T",
		"/http-bind/../secret?token=T&Q", "//room-info?room=Q&token=T", "/room-info?room=Q&token=T",
		"/room-size?room=Q&token=T&domain=Q",
		"/room?room=Q", "/room-info?token=T&Q", "/conference-request/v1?token=T&Q", "/nothing/T?Q",
		"/login?token=T&Q", "/%2e%2e/T?Q",
	} {
		path = strings.NewReplacer("T", token, "Q", "a-secret-in-the-query").Replace(path)
		for _, method := range []string{http.MethodGet, http.MethodPost, "BREW", http.MethodOptions} {
			r, err := http.NewRequestWithContext(t.Context(), method, "http://"+w.Usher.Gateway, bytes.NewReader([]byte(
				`<body xmlns="http://jabber.org/protocol/httpbind" sid="`+s.add("sid",
					"an-invented-sid")+`" rid="7"><a>`+token+`</a></body>`)))
			if err != nil {
				t.Fatal(err)
			}
			r.URL.Opaque = "//" + w.Usher.Gateway + path
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Referer", "https://"+world.Meet+"/one?jwt="+token)
			r.Header.Set("X-Forwarded-For", "a-secret-in-the-query")
			r.Header.Set("Origin", "https://"+world.Meet)
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Logf("%s %.40s: %v", method, path, err)
				continue
			}
			text, _ := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusInternalServerError {
				t.Errorf("%s %.60s: %s", method, path, text)
			}
			s.notIn(t, "the answer to "+method+" "+path[:10], string(text))
		}
	}
}

// private wants no file of the state to be readable by others.
func private(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "usher.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no state in %s: %v", dir, err)
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %s", filepath.Base(name), info.Mode())
		}
	}
}
