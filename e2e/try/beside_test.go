package try

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/world"
)

// front is a web server that leads each request where it is told: an address, or a status.
func front(t *testing.T, to func(r *http.Request) (address string, status int)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address, status := to(r)
		if address == "" {
			http.Error(w, "not here", status)
			return
		}
		p := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: address})
			r.Out.Host = r.In.Host
		}}
		p.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return "ws://" + s.Listener.Addr().String()
}

// TestBOSH: the other way of Jitsi's page goes past usher, nowhere, or is not there.
func TestBOSH(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{Gateway: gateway}, func(t *testing.T, w *world.World) {
		for name, row := range map[string]struct {
			address    string
			status     int
			seen, mend string // no mend: it is well
		}{
			"by usher":   {w.Usher.Gateway, 0, "usher's gateway has the login (", ""},
			"past usher": {w.Prosody.HTTP(), 0, "BOSH goes past usher", "/http-bind to listen.gateway, " + w.Usher.Gateway + ", instead of " + w.Prosody.HTTP()},
			"to nobody":  {"", http.StatusBadGateway, "answers 502 at /http-bind", "lead to listen.gateway, " + w.Usher.Gateway},
			"forbidden":  {"", http.StatusForbidden, "answers 403 Forbidden at /http-bind", "nginx-meet.conf"},
			"none":       {"", http.StatusNotFound, "none: the web server has no /http-bind (it answers 404)", ""},
			"a page":     {"", http.StatusMethodNotAllowed, "people come by the WebSocket alone", ""},
		} {
			t.Run(name, func(t *testing.T) {
				r := try(t, w, "--url", front(t, func(r *http.Request) (string, int) {
					if r.URL.Path == "/http-bind" {
						return row.address, row.status
					}
					return w.Usher.Gateway, 0
				}))
				if row.mend != "" {
					r.stopsAt(t, "BOSH", row.seen, row.mend)
				} else if r.isWell(t); !strings.Contains(r.hop("BOSH").Seen, row.seen) {
					t.Errorf("%+v", r.hop("BOSH"))
				}
				leavesNothing(t, w, r)
			})
		}
	})
}

// TestGuest: who has no token comes into the trial's room, is refused where the configuration says so, and what is wrong
// with that is named. Nobody is told of a knock.
func TestGuest(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{Gateway: gateway}, func(t *testing.T, w *world.World) {
		page := "ws://" + w.Usher.Gateway
		past := front(t, func(r *http.Request) (string, int) {
			if !r.URL.Query().Has("token") {
				return w.Prosody.HTTP(), 0
			}
			return w.Usher.Gateway, 0
		})
		const no, lobby = ", guests: false", "    lobby: {rooms: {\"*\": on}}\n"
		for name, row := range map[string]struct {
			args, change []string
			seen, mend   string
		}{
			"in":         {nil, nil, "@" + world.Conference + ": participant/none", ""},
			"in a room":  {[]string{"--room", "standup"}, nil, "it joins only a room that the trial has made", ""},
			"a lobby":    {nil, []string{"    breakout:", lobby + "    breakout:"}, "moderators would be told that it knocks", ""},
			"not wanted": {nil, []string{gateway, gateway + no}, "refused, as gateway.guests is false", ""},
			"past usher": {[]string{"--url", past}, []string{gateway, gateway + no},
				"let in at guest.meet.example.com, though gateway.guests is false", "lead to listen.gateway"},
			"no host": {nil, []string{"guests: [guest.", "guests: [guests."},
				"there is no host guests.meet.example.com", `VirtualHost "guests.meet.example.com" to Prosody's configuration`},
			"no guests": {nil, []string{"guests: [guest.meet.example.com]", "guests: [auth.meet.example.com]"},
				"lets nobody in without a token", `authentication = "anonymous"`},
		} {
			t.Run(name, func(t *testing.T) {
				reconfigure(t, w, row.change...)
				r := try(t, w, append([]string{"--url", page}, row.args...)...)
				if row.mend != "" {
					r.stopsAt(t, "guest", row.seen, row.mend)
				} else if r.isWell(t); !strings.Contains(r.hop("guest").Seen, row.seen) {
					t.Errorf("%+v", r.hop("guest"))
				}
				if knocks := w.Usher.Run(t, "lobby", "knocks"); !strings.Contains(knocks, "nobody waits") {
					t.Errorf("somebody knocks:\n%s", knocks)
				}
				leavesNothing(t, w, r)
			})
		}
	})
}

// TestExtauth: the door of external authentication answers whatever the way of the login, and what is wrong with it is
// named.
func TestExtauth(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "extauth.sock")
	w := world.New(t, world.AnyVersion(t), world.Options{Listen: "  extauth: " + socket + "\n"})
	args := []string{"--c2s", w.Prosody.C2S()}
	r := try(t, w, args...)
	r.isWell(t)
	if h := r.hop("extauth"); h.Seen != "usher lets it in, asked at "+socket {
		t.Errorf("%+v", h)
	}
	mark := w.Usher.Mark()
	r = try(t, w, append(args, "--token", file(t, world.Token(t, "alice", "board", nil)))...)
	if r.isWell(t); !strings.Contains(w.Usher.Log()[mark:], "door=extauth") {
		t.Error("the door was not asked")
	}
	leavesNothing(t, w, r)

	if err := os.Rename(socket, socket+".away"); err != nil {
		t.Fatal(err)
	}
	r = try(t, w, args...)
	r.stopsAt(t, "extauth", "nobody answers at "+socket, "usher status says where it listens")
	leavesNothing(t, w, r)
}
