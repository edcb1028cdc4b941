package gateway

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// lives wants the gateway to serve others.
func (w *world) lives() {
	w.t.Helper()
	client, prosody := w.guest()
	client.text("<a/>")
	prosody.expect("<a/>")
	if text := w.log.String(); !strings.Contains(text, "msg=panic ") || !strings.Contains(text, `stack="usher/`) {
		w.t.Errorf("the log says %s", text)
	}
}

func TestPanicOfTheAuthenticator(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.open(panicToken)
	client.text(streamTo)
	prosody.expect(streamTo)
	client.text(anonymous)
	client.expectOne("<stream:error ", "<internal-server-error ")
	client.expect(stanza.Close)
	client.expectClose(ws.StatusPolicyViolation, "")
	prosody.expect(stanza.Close)
	w.ended("panic")
	w.lives()
}

func TestPanicOfTheAuthenticatorInBOSH(t *testing.T) {
	w := newWorld(t, Options{})
	(<-w.send(panicToken, creating(anonymous))).wants(t, http.StatusInternalServerError, "could not be served")
	w.eventually("its place is free", func() bool { return w.taken() == 0 })
	w.session(panicToken)
	for i := range 2 * maxPending { // which it would be more than, if one stayed pending
		(<-w.send(panicToken, body(2+i, anonymous))).wants(t, http.StatusInternalServerError, "could not be served")
	}
	w.counted(metrics.GatewayRefused, metrics.RefusedPanic.String(), 2*maxPending+1)
	w.upstream.untouched()
	w.lives()
}

func TestPanicOfTheJoiner(t *testing.T) {
	w := newWorld(t, Options{})
	w.rooms.hook = func(context.Context) { panic(secretWord) }
	client, prosody := w.login(aliceToken)
	client.text(join(room + "/Alice"))
	client.expectOne("<stream:error ", "<internal-server-error ")
	prosody.expect(stanza.Close)
	w.ended("panic")
	w.lives()
}

func TestPanicOfTheJoinerInBOSH(t *testing.T) {
	w := newWorld(t, Options{})
	w.rooms.hook = func(context.Context) { panic(secretWord) }
	w.boshLogin(aliceToken)
	(<-w.send(aliceToken, body(3, join(room+"/Alice")))).wants(t, http.StatusInternalServerError, "could not be served")
	w.lives()
}

// TestPanicOfACancellation: nobody is there any more to be told, and the places
// are given back.
func TestPanicOfACancellation(t *testing.T) {
	w := newWorld(t, Options{})
	w.auth.panics = true
	client, _ := w.trying(aliceToken)
	_ = client.conn.Close()
	w.eventually("the session is over", func() bool { return w.taken() == 0 })
	w.lives()
}

// TestPanicOfTheMemory: that the account is not remembered ends the session, for
// its client would rely on it.
func TestPanicOfTheMemory(t *testing.T) {
	w := newWorld(t, Options{})
	w.auth.remember = func() { panic(secretWord) }
	client, prosody := w.login(anyToken)
	prosody.text(enabled)
	client.expectOne("<stream:error ", "<internal-server-error ")
	w.ended("panic")
	w.lives()
}
