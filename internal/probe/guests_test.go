package probe

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestGuests: a host for guests that Prosody does not have, or that lets no guest in, is named with its mend.
func TestGuests(t *testing.T) {
	const guests, good = "guest.example.com", "head.claims.signature"
	only := func(token string) string {
		if token == good {
			return ""
		}
		return "Invalid signature"
	}
	for name, c := range map[string]struct{ features, answer, wants string }{
		"well":           {"<mechanism>ANONYMOUS</mechanism>", "<success %s/>", ""},
		"no host":        {"", "", "no host guest.example.com for guests (host-unknown); add a VirtualHost"},
		"another":        {"<mechanism>PLAIN</mechanism>", "", "offers [PLAIN]; set authentication"},
		"refuses guests": {"<mechanism>ANONYMOUS</mechanism>", "<failure %s><text>token required</text></failure>", "refuses guests: token required; set"},
	} {
		main := &prosody{judge: only, host: "meet.example.com", offer: "<mechanism>ANONYMOUS</mechanism>"}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			content, _ := io.ReadAll(r.Body)
			s, ns := string(content), `xmlns="http://jabber.org/protocol/httpbind" xmlns:stream="http://etherx.jabber.org/streams"`
			sasl := `xmlns="urn:ietf:params:xml:ns:xmpp-sasl"`
			switch {
			case strings.Contains(s, `to="`+guests+`"`) && c.features != "":
				fmt.Fprintf(w, `<body sid="guest" %s><stream:features><mechanisms %s>%s</mechanisms></stream:features></body>`, ns, sasl, c.features)
			case strings.Contains(s, `sid="guest"`) && strings.Contains(s, "<auth"):
				fmt.Fprintf(w, `<body %s>%s</body>`, ns, fmt.Sprintf(c.answer, sasl))
			case r.URL.RawQuery != "" && strings.Contains(s, guests):
				t.Error("a guest has a token")
			default:
				r.Body = io.NopCloser(strings.NewReader(s))
				main.ServeHTTP(w, r)
			}
		}))
		upstream, _ := url.Parse(server.URL)
		f := New(slog.New(slog.DiscardHandler), nil, nil).try(t.Context(), Target{Host: "meet.example.com", Upstream: upstream,
			Guests: []string{guests}, Token: func() (string, error) { return good, nil }})
		server.Close()
		if all := f.Text + "; " + f.Mend; f.OK != (c.wants == "") || !strings.Contains(all, c.wants) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
