package httpauth

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"usher/auth/authtest"
)

// BenchmarkHTTP measures requests a second beside a bare net/http handler on
// the same kind of connection.
func BenchmarkHTTP(b *testing.B) {
	w := newWorld(b)
	w.Handler, w.log = admitted(w.door, nil), syncBuffer{}
	token := authtest.Token(b, authtest.Claims(host, nil))
	ask := asks[DoorHTTP]("alice", token, host)
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "true") })
	b.Run("check_password", func(b *testing.B) {
		authtest.Compare(b, 500, client(b, bare, ask), client(b, w, ask))
	})
}

// client returns a function that asks once over a connection that stays.
func client(b *testing.B, h http.Handler, ask call) func() {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	go func() { _ = srv.Serve(l) }()
	b.Cleanup(func() { _ = srv.Shutdown(context.Background()) })
	c := &http.Client{Transport: &http.Transport{}}
	b.Cleanup(c.CloseIdleConnections)
	return func() {
		r, err := http.NewRequest(ask.method, "http://"+l.Addr().String()+ask.url, nil)
		if err != nil {
			b.Fatal(err)
		}
		r.Header, r.Host = ask.header, "door:8280"
		response, err := c.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if string(body) != "true" {
			b.Fatalf("%d %s", response.StatusCode, body)
		}
	}
}
