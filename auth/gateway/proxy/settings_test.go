package proxy

import (
	"net/http"
	"testing"
)

func TestOrigins(t *testing.T) {
	some, own, none, all := []string{"https://meet.example.com", "http://localhost:8080"}, []string(nil), []string{}, []string{"*"}
	for _, row := range []struct {
		name    string
		origins []string // of the settings
		sent    []string
		want    bool
	}{
		{"no page", none, nil, true},
		{"one of them", some, []string{"https://meet.example.com"}, true},
		{"the other", some, []string{"http://localhost:8080"}, true},
		{"one of them, with the port", some, []string{"https://meet.example.com:443"}, true},
		{"with the port of another scheme", some, []string{"https://meet.example.com:80"}, false},
		{"the setting has the port", []string{"https://meet.example.com:443"}, []string{"https://meet.example.com"}, true},
		{"in capitals", some, []string{"HTTPS://Meet.Example.com"}, true},
		{"another scheme", some, []string{"http://meet.example.com"}, false},
		{"another port", some, []string{"https://meet.example.com:8443"}, false},
		{"a name that begins so", some, []string{"https://meet.example.com.evil.example"}, false},
		{"a name that ends so", some, []string{"https://xmeet.example.com"}, false},
		{"null", some, []string{"null"}, false},
		{"empty", some, []string{""}, false},
		{"two", some, []string{"https://meet.example.com", "https://meet.example.com"}, false},
		{"two in one", some, []string{"https://meet.example.com, https://evil.example"}, false},
		{"nobody", none, []string{"https://meet.example.com"}, false},
		{"its own", own, []string{"https://meet.example.com"}, true},
		{"its own, by http", own, []string{"http://MEET.example.com"}, true},
		{"not its own", own, []string{"https://evil.example"}, false},
		{"its own, with the port", own, []string{"https://meet.example.com:443"}, true},
		{"not its own port", own, []string{"https://meet.example.com:8443"}, false},
		{"null as its own", own, []string{"null"}, false},
		{"empty as its own", own, []string{""}, false},
		{"its own, twice", own, []string{"https://meet.example.com", "https://evil.example"}, false},
		{"any", all, []string{"https://evil.example"}, true},
		{"any null", all, []string{"null"}, true},
		{"any two", all, []string{"https://evil.example", "https://evil.example"}, false},
	} {
		c := &Settings{Origins: row.origins}
		r := &http.Request{Host: "Meet.example.com", Header: http.Header{}}
		for _, o := range row.sent {
			r.Header.Add("Origin", o)
		}
		if got := c.allows(r); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
	for host, want := range map[string]bool{"meet.example.com:443": true, "meet.example.com:80": false, "meet.example.com:8443": false} {
		r := &http.Request{Host: host, Header: http.Header{"Origin": {"https://meet.example.com"}}}
		if got := (&Settings{}).allows(r); got != want {
			t.Errorf("Host %s: %v", host, got)
		}
	}
	// The Host header alone decides what its own is; one without a name has none.
	if (&Settings{}).allows(&http.Request{Header: http.Header{"Origin": {"null"}}}) {
		t.Error("null is the origin of a request without a Host")
	}
}

func TestDefaults(t *testing.T) {
	c := Settings{}.WithDefaults()
	if c.Connections != DefaultConnections || c.ConnectionsPerAddress != DefaultConnectionsPerAddress || c.MessageBytes != DefaultMessageBytes {
		t.Errorf("%+v", c)
	}
	if c = (Settings{Connections: 1, ConnectionsPerAddress: 2, MessageBytes: 3}).WithDefaults(); c.Connections != 1 || c.ConnectionsPerAddress != 2 || c.MessageBytes != 3 {
		t.Errorf("%+v", c)
	}
}
