package web_test

import (
	"net/http"
	"testing"

	"usher/auth/gateway/proxy"
)

func conference(room string) string { return `{"room":"` + room + `","properties":{"x":"1"}}` }

// What jicofo gets, and what the client understands where it gets nothing.
func TestConference(t *testing.T) {
	for name, c := range map[string]struct {
		token, body string
		wants       int
		inner       string
		part        string
	}{
		"a token":              {good, conference("open@conference.relay.example"), 200, "Bearer inner.of.relay.example", "the answer"},
		"a guest":              {"", conference("started@conference.relay.example"), 200, "", "the answer"},
		"an early guest":       {"", conference("open@conference.relay.example"), 403, "", "not started yet"},
		"another room":         {good, conference("closed@conference.relay.example"), 400, "", "another room"},
		"a token that is over": {good, conference("over@conference.relay.example"), 403, "", "log in again"},
		"a bad token":          {"bad", conference("open@conference.relay.example"), 403, "", ""},
		"not decided":          {"later", conference("open@conference.relay.example"), 503, "", ""},
		"no room of ours":      {good, conference("open@conference.evil.example"), 404, "", "no host"},
		"of a ticket host":     {good, conference("open@conference.tickets.example"), 404, "", "no host"},
		"no room":              {good, `{"properties":{}}`, 400, "", "JSON"},
		"a number as room":     {good, `{"room":7}`, 400, "", "JSON"},
		"two rooms":            {good, `{"room":"open@conference.relay.example","room":"closed@conference.relay.example"}`, 400, "", "JSON"},
		"a list":               {good, `["room"]`, 400, "", "JSON"},
		"nothing":              {good, ``, 400, "", "JSON"},
		"more behind it":       {good, conference("open@conference.relay.example") + `{}`, 400, "", "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			r := w.Request(http.MethodPost, "/conference-request/v1?token=x.y.z", c.body, nil)
			r.URL.RawQuery = ""
			r.Header.Set("Content-Type", "application/json")
			if c.token != "" {
				r.Header.Set("Authorization", "Bearer "+c.token)
			}
			if c.wants != 200 {
				_, got := w.ask(r, nil)
				got.Wants(t, c.wants, c.part)
				w.jicofo.Untouched()
				w.Upstream.Untouched()
				return
			}
			seen, got := w.ask(r, w.jicofo)
			got.Wants(t, 200, c.part)
			if seen.Body != c.body || seen.URL.Path != "/conference-request/v1" || seen.Header.Get("Authorization") != c.inner {
				t.Errorf("jicofo gets %s %q with %q", seen.URL, seen.Body, seen.Header.Get("Authorization"))
			}
		})
	}
}

// A guest's request is one for the guest host; where there is none it needs a token.
func TestConferenceOfGuests(t *testing.T) {
	w := newWorld(t, nil)
	w.ask(w.Request(http.MethodPost, "/conference-request/v1", conference("started@conference.relay.example"), nil), w.jicofo)
	if began := w.logins.asked(); len(began) != 1 || began[0].Guest != "guest.example" || began[0].Host != "relay.example" {
		t.Errorf("the login is %+v", began)
	}
	w = newWorld(t, func(c *proxy.Settings) { delete(c.Hosts, "guest.example") })
	_, got := w.ask(w.Request(http.MethodPost, "/conference-request/v1", conference("started@conference.relay.example"), nil), nil)
	got.Wants(t, 403, "")
	w.jicofo.Untouched()
}

func TestConferenceWithoutJicofo(t *testing.T) {
	w := newWorld(t, func(c *proxy.Settings) {
		c.Hosts["relay.example"] = proxy.HostSettings{Kind: proxy.Relayed}
	})
	r := w.Request(http.MethodPost, "/conference-request/v1", conference("open@conference.relay.example"),
		http.Header{"Authorization": {"Bearer " + good}})
	_, got := w.ask(r, nil)
	got.Wants(t, 404, "relay.jicofo")
	w.Upstream.Untouched()
	_, got = w.ask(w.Request(http.MethodGet, "/conference-request/v1", "", nil), nil)
	got.Wants(t, 405, "")
}
