package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"usher/e2e/client"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// The visitors are people who log in through a web server, one after the other, each with a token of its own.
type visitors struct {
	t       *testing.T
	address string
	in, cut atomic.Int64
	stopped atomic.Bool
	all     sync.WaitGroup
}

func (v *visitors) come() {
	for i := range 3 {
		v.all.Go(func() {
			for n := 0; !v.stopped.Load(); n++ {
				v.visit(fmt.Sprintf("user%d-%d", i, n))
			}
		})
	}
}

// visit logs in as a page does: where a connection ends without an answer it is made again.
func (v *visitors) visit(user string) {
	query := url.Values{"room": {"standup"}, "token": {tokens.Sign(v.t, world.Meet, tokens.Claims(user, "*", nil))}}
	header := http.Header{"Host": {world.Meet}, "Origin": {"https://" + world.Meet}}
	login := client.Login{Mechanism: "ANONYMOUS",
		Via: client.WebSocket("ws://"+v.address+"/xmpp-websocket?"+query.Encode(), header)}.At("", world.Meet)
	for range 5 {
		s, err := v.dial(login)
		if err == nil {
			_ = s.Close()
			v.in.Add(1)
			return
		}
		if _, refused := errors.AsType[*client.Refused](err); refused {
			v.t.Errorf("%s is refused: %v", user, err)
			return
		}
		v.cut.Add(1)
		v.t.Logf("%s is cut off: %v", user, err)
	}
	v.t.Errorf("%s never comes in", user)
}

func (v *visitors) dial(l client.Login) (*client.Session, error) {
	ctx, cancel := context.WithTimeout(v.t.Context(), patience/2)
	defer cancel()
	return client.Dial(ctx, l)
}

// more waits for so many more logins.
func (v *visitors) more(n int64) {
	v.t.Helper()
	until := v.in.Load() + n
	await(v.t, "more logins", func() bool { return v.in.Load() >= until || v.t.Failed() })
}

// TestOneAfterTheOther: while people log in through nginx, the usher that stands by is stopped and started, and then
// the one that is asked: no login is refused.
func TestOneAfterTheOther(t *testing.T) {
	t.Parallel()
	nginxtest.Require(t)
	p := newPair(t, world.Options{Relay: &world.Relay{HS256: true}}, nil)
	front := nginxtest.Shaped(t, "debian", p.a.Gateway+"; server "+p.b.Gateway+" backup")
	v := &visitors{t: t, address: front.Plain()}
	v.come()
	defer v.all.Wait()
	defer v.stopped.Store(true)
	v.more(20)
	for _, n := range []*node{p.b, p.a} {
		n.Stop()
		v.more(10)
		n.Start()
		v.more(10)
		n.knows(2)
	}
	v.more(20)
	t.Logf("%d logins, and %d connections that ended and were made again", v.in.Load(), v.cut.Load())
}
