package extauth

import (
	"io"
	"net"
	"path/filepath"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
)

// BenchmarkExtauth measures the door beside an echo server on the same kind
// of socket, for a token that is verified and one that was seen before.
func BenchmarkExtauth(b *testing.B) {
	v, err := auth.New(authtest.Config(host), auth.Options{})
	if err != nil {
		b.Fatal(err)
	}
	query := "auth:alice:" + host + ":" + authtest.Token(b, authtest.Claims(host, nil))
	reference, door := dial(b, echoServer(b), Generic), dial(b, serve(b, &Server{Auth: v}), Generic)
	back := make([]byte, len(query)+1)
	b.Run("one_connection", func(b *testing.B) {
		authtest.Compare(b, 500, func() {
			reference.ask(query)
			if _, err := io.ReadFull(reference, back); err != nil {
				b.Fatal(err)
			}
		}, func() {
			door.ask(query)
			door.expect(true)
		})
	})
}

func echoServer(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("unix", filepath.Join(b.TempDir(), "s"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		_, _ = io.Copy(nc, struct{ io.Reader }{nc})
	}()
	return l.Addr().String()
}
