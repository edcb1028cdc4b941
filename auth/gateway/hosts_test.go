package gateway

import (
	"strings"
	"testing"

	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/stanza"
)

// TestHostsOfTheGateway: who is not listed is not connected to; guests and tickets go their ways.
func TestHostsOfTheGateway(t *testing.T) {
	for host, wants := range map[string]string{
		"other.example.com": "unknown", "meet.example.com.": "unknown", "": "unknown", "meet.example.com": "relay", "MEET.example.COM": "relay",
		"guest.meet.example.com": "guest", "tickets.example.com": "ticket", "auth.example.com": "ticket",
	} {
		w, r := newRelayWorld(t)
		client, prosody := w.Open(gatewaytest.AliceToken)
		open := strings.Replace(gatewaytest.StreamTo, "Meet.example.com", host, 1)
		client.Text(open)
		if wants == "unknown" {
			client.ExpectOne("<stream:error ", "<host-unknown ")
			client.Expect(stanza.Close)
			if w.Upstream.Untouched(); host != "" && !strings.Contains(w.Log.String(), "host="+host) {
				t.Errorf("the log does not name the host: %s", w.Log)
			}
			continue
		}
		prosody.Expect(open)
		asked := prosody.Asked.URL.RawQuery
		if inner := strings.Contains(asked, "token=in.n.er"); inner == (wants == "ticket") || strings.Contains(asked, gatewaytest.SecretWord) {
			t.Errorf("%s: the query is %s", host, asked)
		}
		if wants == "guest" && (r.first().Guest != host || r.first().Host != gatewaytest.Host) {
			t.Errorf("%s: begun %+v", host, r.first())
		}
	}
}
