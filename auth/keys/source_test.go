package keys

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"usher/metrics"
)

// testOptions log into the buffer, if there is one.
func testOptions(t http.RoundTripper, log *bytes.Buffer) Options {
	h := slog.DiscardHandler
	if log != nil {
		h = slog.NewTextHandler(log, nil)
	}
	return Options{Log: slog.New(h), Metrics: metrics.New("test"), Now: time.Now, Transport: t}
}

// sourceAt is the source of an issuer that trusts whom the system trusts.
func sourceAt(kind Kind, url string) sourceID {
	return sourceID{issuer: "id", Location: Location{kind, url}}
}

// start runs a source until the test ends.
func start(t *testing.T, s *source) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

const (
	vectors    = "../../../shared/vectors/"
	testSetURL = "https://id.example.com/hidden/jwks?token=hush"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
