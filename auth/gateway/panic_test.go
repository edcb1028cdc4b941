package gateway

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// lives wants the gateway to serve others.
func (w *world) lives() {
	w.T.Helper()
	client, prosody := w.Guest()
	client.Text("<a/>")
	prosody.Expect("<a/>")
	if text := w.Log.String(); !strings.Contains(text, "msg=panic ") || !strings.Contains(text, `stack="usher/`) {
		w.T.Errorf("the log says %s", text)
	}
}

func TestPanicOfTheAuthenticator(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Open(gatewaytest.PanicToken)
	client.Text(gatewaytest.StreamTo)
	prosody.Expect(gatewaytest.StreamTo)
	client.Text(gatewaytest.Anonymous)
	client.ExpectOne("<stream:error ", "<internal-server-error ")
	client.Expect(stanza.Close)
	client.ExpectClose(ws.StatusPolicyViolation, "")
	prosody.Expect(stanza.Close)
	w.Ended("panic")
	w.lives()
}

func TestPanicOfTheAuthenticatorInBOSH(t *testing.T) {
	w := newWorld(t, Options{})
	(<-w.Send(gatewaytest.PanicToken, gatewaytest.Creating(gatewaytest.Anonymous))).Wants(t, http.StatusInternalServerError, "could not be served")
	w.Eventually("its place is free", func() bool { return w.taken() == 0 })
	const maxPending = 8 // of one session
	w.Session(gatewaytest.PanicToken)
	for i := range 2 * maxPending { // which it would be more than, if one stayed pending
		(<-w.Send(gatewaytest.PanicToken, gatewaytest.Body(2+i, gatewaytest.Anonymous))).Wants(t, http.StatusInternalServerError, "could not be served")
	}
	w.Counted(metrics.GatewayRefused, metrics.RefusedPanic.String(), 2*maxPending+1)
	w.Upstream.Untouched()
	w.lives()
}

func TestPanicOfTheJoiner(t *testing.T) {
	w := newWorld(t, Options{})
	w.Rooms.Hook = func(context.Context) { panic(gatewaytest.SecretWord) }
	client, prosody := w.Login(gatewaytest.AliceToken)
	client.Text(gatewaytest.Join(gatewaytest.Room + "/Alice"))
	client.ExpectOne("<stream:error ", "<internal-server-error ")
	prosody.Expect(stanza.Close)
	w.Ended("panic")
	w.lives()
}

func TestPanicOfTheJoinerInBOSH(t *testing.T) {
	w := newWorld(t, Options{})
	w.Rooms.Hook = func(context.Context) { panic(gatewaytest.SecretWord) }
	w.BOSHLogin(gatewaytest.AliceToken)
	(<-w.Send(gatewaytest.AliceToken, gatewaytest.Body(3, gatewaytest.Join(gatewaytest.Room+"/Alice")))).Wants(t, http.StatusInternalServerError, "could not be served")
	w.lives()
}

// TestPanicOfACancellation: the client is gone, so it is not told, and the places
// are given back.
func TestPanicOfACancellation(t *testing.T) {
	w := newWorld(t, Options{})
	w.Auth.Panics = true
	client, _ := w.Trying(gatewaytest.AliceToken)
	_ = client.Conn.Close()
	w.Eventually("the session is over", func() bool { return w.taken() == 0 })
	w.lives()
}

// TestPanicOfTheMemory: that the account is not remembered ends the session, for
// its client would rely on it.
func TestPanicOfTheMemory(t *testing.T) {
	w := newWorld(t, Options{})
	w.Auth.Remembering = func() { panic(gatewaytest.SecretWord) }
	client, prosody := w.Login(gatewaytest.AnyToken)
	prosody.Text(gatewaytest.Enabled)
	client.ExpectOne("<stream:error ", "<internal-server-error ")
	w.Ended("panic")
	w.lives()
}
