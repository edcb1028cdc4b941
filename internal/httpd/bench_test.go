package httpd_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"usher/auth/authtest"
	"usher/internal/httpd"
	"usher/internal/listen"
	"usher/internal/panics"
	"usher/metrics"
)

// BenchmarkAccept compares a connection with one request, which is what a
// question of Prosody costs, with the same on a bare http.Server.
func BenchmarkAccept(b *testing.B) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httpd.Admit(r.Context())
		_, _ = io.WriteString(w, "ok")
	})
	bare := &http.Server{Handler: answer}
	b.Cleanup(func() { _ = bare.Close() })
	m := metrics.New("")
	ours := &httpd.Server{Name: "http", Handler: answer, Panics: panics.New(nil, m)}
	b.Run("free", func(b *testing.B) { compare(b, bare, ours, m, 0) })
	b.Run("full", func(b *testing.B) {
		compare(b, bare, &httpd.Server{Name: "http", Handler: answer, Panics: panics.New(nil, m)}, m, 600)
	})
}

// compare measures while so many silent connections are held.
func compare(b *testing.B, bare *http.Server, ours *httpd.Server, m *metrics.Metrics, silent int) {
	dir := b.TempDir()
	open := func(name string) net.Listener {
		l, err := net.Listen("unix", filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		return l
	}
	reference := open("r")
	go func() { _ = bare.Serve(reference) }()
	limited := listen.Limit(open("u"), listen.Options{Name: "http", Limits: listen.Limits{Most: 512}, Metrics: m.Endpoint("http")})
	ctx, cancel := context.WithCancel(b.Context())
	served := make(chan error, 1)
	go func() { served <- ours.Serve(ctx, limited) }()
	b.Cleanup(func() {
		cancel()
		<-served
		_ = reference.Close()
	})
	for range silent {
		nc, err := net.Dial("unix", limited.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = nc.Close() })
	}
	authtest.Compare(b, 100, func() { once(b, reference.Addr().String()) }, func() { once(b, limited.Addr().String()) })
}

func once(b *testing.B, path string) {
	nc, err := net.Dial("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	if _, err := io.WriteString(nc, "GET / HTTP/1.1\r\nHost: usher\r\nConnection: close\r\n\r\n"); err != nil {
		b.Fatal(err)
	}
	if answer, err := io.ReadAll(nc); err != nil || len(answer) < 2 {
		b.Fatalf("%q, %v", answer, err)
	}
}
