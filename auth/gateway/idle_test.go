package gateway

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"usher/auth/gateway/gatewaytest"
	"usher/internal/listen"
)

// TestIdleConnectionsMakeRoom: whatever a listener is filled with, sessions and
// requests that wait stay, and new ones come in.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	const most = 12
	var limited *listen.Listener
	w := newWorldOn(t, func(l net.Listener) net.Listener {
		limited = listen.Limit(l, listen.Options{Name: Door, Limits: listen.Limits{Most: most}})
		return limited
	}, Options{HandshakeTimeout: time.Hour}) // nobody is closed for that
	client, prosody := w.Login(gatewaytest.AliceToken)
	w.Session("")
	waits := w.Send("", gatewaytest.Body(2))
	waiting := w.Upstream.Post()
	for _, begin := range []string{"", "GET " + BOSHPath + " HTTP/1.1\r\nHo", "GET /none HTTP/1.1\r\nHost: x\r\n\r\n", "POST " + BOSHPath + " HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n<"} {
		for range 3 * most {
			nc, err := net.Dial("tcp", w.Address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = nc.Close() })
			_, _ = fmt.Fprint(nc, begin)
		}
		another, theirs := w.Open(gatewaytest.BobToken)
		another.Text(gatewaytest.StreamTo)
		theirs.Expect(gatewaytest.StreamTo)
		_ = another.Conn.Close()
	}
	if c := limited.Counts(); c.Open > most || c.Closed < 6*most {
		t.Errorf("%+v", c)
	}
	client.Text("<b/>")
	prosody.Expect("<b/>")
	waiting.Answer <- gatewaytest.Told()
	(<-waits).Wants(t, http.StatusOK, "")
}
