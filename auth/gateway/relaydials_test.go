package gateway

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"usher/auth/gateway/gatewaytest"
)

// TestRelayDials: Prosody gets an inner token, and nothing of the one that came.
func TestRelayDials(t *testing.T) {
	w, r := newRelayWorld(t)
	header := http.Header{"Origin": {gatewaytest.Page}, "Authorization": {"Bearer " + gatewaytest.AliceToken}, "Referer": {gatewaytest.Page + "/?jwt=" + gatewaytest.AliceToken}}
	client, err := w.Dial("&%74oken="+gatewaytest.AliceToken+"&prefix=acme&previd=other&x=%41", header)
	if err != nil {
		t.Fatal(err)
	}
	w.Upstream.Untouched()
	prosody := gatewaytest.Later(t, w.Upstream.Socket)
	bindRelayed(t, client, prosody)
	if got, want := prosody.Asked.URL.RawQuery, "room="+gatewaytest.SecretRoom+"&prefix=acme&x=%41&token=in.n.er"; got != want {
		t.Errorf("the query is %q, want %q", got, want)
	}
	for name, values := range prosody.Asked.Header {
		if strings.Contains(strings.Join(values, " "), gatewaytest.SecretWord) {
			t.Errorf("Prosody gets %s: %v", name, values)
		}
	}
	if q := r.first(); q.Room != gatewaytest.SecretRoom || q.Tenant != "acme" || q.Host != gatewaytest.Host || q.Guest != "" || q.Token != gatewaytest.AliceToken || q.Resumption != "other" {
		t.Errorf("begun %+v", q)
	}
	if len(w.Auth.Questions()) > 0 {
		t.Error("a ticket is asked for")
	}
}

// TestRelayNetwork: a login counts for the address that a trusted proxy tells.
func TestRelayNetwork(t *testing.T) {
	w, r := newRelayWorld(t, behindProxy)
	header := http.Header{"Origin": {gatewaytest.Page}, "X-Forwarded-For": {"10.0.0.1, 192.0.2.1"}}
	client, err := w.Dial("&token="+gatewaytest.AliceToken, header)
	if err != nil {
		t.Fatal(err)
	}
	bindRelayed(t, client, gatewaytest.Later(t, w.Upstream.Socket))
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.begun) != 1 || r.begun[0].Network != netip.MustParsePrefix("192.0.2.1/32") {
		t.Errorf("begun %+v", r.begun)
	}
}
