package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"usher/auth/gateway/proxy"
	"usher/auth/gateway/web"
)

// What goes on to Prosody's modules, and what does not.
func TestRoomQuestions(t *testing.T) {
	for name, c := range map[string]struct {
		path, host, bearer string
		wants              int
		query, inner       string // that Prosody gets
		room, tenant       string // that the login is for
	}{
		"by query": {path: "/room-size?room=open&domain=relay.example&token=" + good, wants: 200,
			query: "room=open&domain=relay.example&token=inner.of.relay.example", inner: "relay.example", room: "open"},
		"by header": {path: "/room-info?room=open&prefix=", bearer: good, wants: 200,
			query: "room=open", inner: "relay.example", room: "open"},
		"of a tenant": {path: "/room?room=open&subdomain=acme&token=" + good, wants: 200,
			query: "room=open&subdomain=acme&token=inner.of.relay.example", inner: "relay.example", room: "open", tenant: "acme"},
		"by the name of the host": {path: "/room-size?room=open&token=" + good, host: "Relay.Example:443", wants: 200,
			query: "room=open&token=inner.of.relay.example", inner: "relay.example", room: "open"},
		"encoded": {path: "/room-info?room=caf%C3%A9+%5BX&%70refix=A.b", bearer: good, wants: 200,
			query: "room=caf%c3%a9%20%5bX&prefix=A.b", inner: "relay.example", room: "caf%c3%a9%20%5bX", tenant: "A.b"},
		"without a token":            {path: "/room-size?room=closed&domain=any", wants: 200, query: "room=closed&domain=any"},
		"another room":               {path: "/room-size?room=closed&token=" + good, wants: 403},
		"two rooms, the last counts": {path: "/room-size?room=open&room=closed&token=" + good, wants: 403},
		"a room that is hidden": {path: "/room-size?room=open&=room=closed&token=" + good, wants: 200,
			query: "room=open&token=inner.of.relay.example", inner: "relay.example", room: "open"},
		"two tokens":            {path: "/room-size?room=open&token=" + good + "&%74oken=other", wants: 403},
		"a bad token":           {path: "/room-size?room=open&token=bad", wants: 403},
		"a bad token, hidden":   {path: "/room-size?room=open&%74oken=bad", wants: 403},
		"no room":               {path: "/room-info", bearer: good, wants: 400},
		"no room in the query":  {path: "/room-size?token=" + good, wants: 400},
		"not decided":           {path: "/room-info?room=open", bearer: "later", wants: 503},
		"of another host":       {path: "/room-size?room=open&domain=tickets.example&token=" + good, wants: 403},
		"of no host of ours":    {path: "/room-size?room=open&domain=unknown.example&token=" + good, wants: 403},
		"jwt goes no further":   {path: "/room-size?room=open&jwt=" + good, wants: 200, query: "room=open"},
		"others go no further":  {path: "/room-info?room=open&callback=x", wants: 200, query: "room=open"},
		"a form without a name": {path: "/room-info?open", wants: 200},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			r := w.Request(http.MethodGet, c.path, "", nil)
			if r.Host = "meet.example"; c.host != "" {
				r.Host = c.host
			}
			if c.bearer != "" {
				r.Header.Set("Authorization", "Bearer "+c.bearer)
			}
			if c.wants != 200 {
				_, got := w.ask(r, nil)
				got.Wants(t, c.wants, "")
				w.Upstream.Untouched()
				return
			}
			seen, got := w.ask(r, w.Upstream)
			got.Wants(t, 200, "the answer")
			if seen.URL.RawQuery != c.query {
				t.Errorf("Prosody gets the query %q, want %q", seen.URL.RawQuery, c.query)
			}
			header := ""
			if c.inner != "" {
				header = "Bearer inner.of." + c.inner
			}
			if seen.Header.Get("Authorization") != header || seen.Host != r.Host {
				t.Errorf("Prosody gets %q for %s, want %q", seen.Header.Get("Authorization"), seen.Host, header)
			}
			for _, began := range w.logins.asked() {
				if began.Room != c.room || began.Tenant != c.tenant || began.Host != "relay.example" || began.Guest != "" {
					t.Errorf("the login is %+v", began)
				}
			}
		})
	}
}

// With two relay hosts the proxy has to say which one is meant; and each has a Prosody
// of its own.
func TestWhichHost(t *testing.T) {
	w := newWorld(t, func(c *proxy.Settings) {
		c.Hosts["other.example"] = proxy.HostSettings{Kind: proxy.Relayed, Upstream: c.Hosts["relay.example"].Jicofo}
	})
	ask := func(host string) *http.Request {
		r := w.Request(http.MethodGet, "/room-info?room=open", "", http.Header{"Authorization": {"Bearer " + good}})
		r.Host = host
		return r
	}
	_, got := w.ask(ask("meet.example"), nil)
	got.Wants(t, 403, "Host header")
	seen, got := w.ask(ask("other.example"), w.jicofo)
	got.Wants(t, 200, "the answer")
	if a := seen.Header.Get("Authorization"); a != "Bearer inner.of.other.example" {
		t.Errorf("the other Prosody gets %q", a)
	}
}

func TestPassword(t *testing.T) {
	w := newWorld(t, nil)
	put := func(path, body string) *http.Request {
		r := w.Request(http.MethodPut, path, body, http.Header{"Authorization": {"Bearer " + good}})
		r.Header.Set("Content-Type", "application/json")
		return r
	}
	seen, got := w.ask(put("/room-info?room=open", `{"passcode":"1"}`), w.Upstream)
	got.Wants(t, 200, "the answer")
	if seen.Method != http.MethodPut || seen.Body != `{"passcode":"1"}` || seen.Header.Get("Content-Type") != "application/json" {
		t.Errorf("Prosody gets %s %q as %s", seen.Method, seen.Body, seen.Header.Get("Content-Type"))
	}
	for _, r := range []*http.Request{
		put("/room-size?room=open", "{}"), w.Request(http.MethodPost, "/room-info?room=open", "{}", nil),
		w.Request(http.MethodDelete, "/room?room=open", "", nil),
	} {
		_, got := w.ask(r, nil)
		got.Wants(t, 405, "method")
	}
	_, got = w.ask(put("/room-info?room=open", string(make([]byte, 17<<10))), nil)
	got.Wants(t, 413, "16 KiB")
	packed := put("/room-info?room=open", "{}")
	packed.Header.Set("Content-Encoding", "gzip")
	_, got = w.ask(packed, nil)
	got.Wants(t, 415, "")
	w.Upstream.Untouched()
}

func TestOnlyWithARelay(t *testing.T) {
	tickets := &proxy.Settings{Hosts: map[string]proxy.HostSettings{"tickets.example": {Kind: proxy.Tickets}}}
	relays := &proxy.Settings{Hosts: map[string]proxy.HostSettings{"relay.example": {Kind: proxy.Relayed}}}
	for name, h := range map[string]*web.Handler{
		"tickets": {Logins: &logins{}, Rooms: rooms{}}, "nobody decides": {},
	} {
		settings := tickets
		if h.Logins == nil {
			settings = relays
		}
		got := serve(h, httptest.NewRequest(http.MethodGet, "/room-size?room=open", nil), settings)
		if got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, got.Code)
		}
	}
	for path, want := range map[string]bool{
		"/room": true, "/room-info": true, "/room-size": true, "/conference-request/v1": true,
		"/sessions": false, "/room/": false, "/conference-request/v1/x": false, "": false,
	} {
		if web.Serves(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}
