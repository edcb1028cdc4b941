package dovecot

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/keys"
)

const benchHost = "meet.example.com"

// benchRequests are logins with so many different tokens that the cache of
// verdicts, which is smaller, seldom has one.
func benchRequests(b *testing.B) [][]byte {
	requests := make([][]byte, 20000)
	for i := range requests {
		token := authtest.Token(b, authtest.Claims(benchHost, map[string]any{"jti": fmt.Sprint(i), "moderator": true}))
		requests[i] = []byte(plainAuth(1, "alice", token))
	}
	return requests
}

// BenchmarkLogin compares the whole way of a login, door and verification,
// with an echo of the same bytes, in turns: each token for the first time, and
// one that comes again.
func BenchmarkLogin(b *testing.B) {
	requests := benchRequests(b)
	b.Run("first", func(b *testing.B) { benchLogin(b, requests) })
	b.Run("again", func(b *testing.B) { benchLogin(b, requests[:1]) })
}

func benchLogin(b *testing.B, requests [][]byte) {
	v, err := auth.New(authtest.Config(benchHost), auth.Options{})
	if err != nil {
		b.Fatal(err)
	}
	echo, door := dial(b, echoServer(b)), dial(b, unixServer(b, &Server{Auth: v}))
	door.handshake()
	var echoes, logins []time.Duration
	i := 0
	for b.Loop() {
		request := requests[i%len(requests)]
		i++
		echoes = append(echoes, roundTrip(b, echo, request))
		logins = append(logins, roundTrip(b, door, request))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(quantile(echoes, 0.5), "echo-p50-ns")
	b.ReportMetric(quantile(logins, 0.5), "login-p50-ns")
	b.ReportMetric(quantile(logins, 0.5)/quantile(echoes, 0.5), "ratio")
}

// BenchmarkTail compares the slowest logins of a quiet daemon with those of
// one that is reloaded ten times a second while its key server hangs.
func BenchmarkTail(b *testing.B) {
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hang.Close()
	config := authtest.Config(benchHost)
	config.Hosts[benchHost].Issuers["hanging"] = auth.IssuerConfig{Keys: keys.Config{Locations: []keys.Location{{Kind: keys.JWKSURL, URL: hang.URL}}}, Algorithms: []string{"RS256"}, RequireExp: true}
	requests := benchRequests(b)
	quiet := tail(b, config, requests, false)
	busy := tail(b, config, requests, true)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(quiet, "quiet-p99.9-ns")
	b.ReportMetric(busy, "busy-p99.9-ns")
	b.ReportMetric(busy/quiet, "ratio")
}

// tail returns the 99.9th percentile of some seconds of logins.
func tail(b *testing.B, config auth.Config, requests [][]byte, busy bool) float64 {
	v, err := auth.New(config, auth.Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = v.Run(ctx) }()
	defer func() { cancel(); <-done }()
	door := dial(b, unixServer(b, &Server{Auth: v}))
	door.handshake()
	var took []time.Duration
	next := time.Now()
	for i := 0; time.Since(next) < 100*time.Millisecond && len(took) < 200_000; i++ {
		if busy && time.Now().After(next) {
			if err := v.Reload(config); err != nil {
				b.Fatal(err)
			}
		}
		if time.Now().After(next) {
			next = next.Add(100 * time.Millisecond)
		}
		took = append(took, roundTrip(b, door, requests[i%len(requests)]))
	}
	return quantile(took, 0.999)
}

func roundTrip(b *testing.B, p *peer, request []byte) time.Duration {
	start := time.Now()
	if _, err := p.conn.Write(request); err != nil {
		b.Fatal(err)
	}
	if _, err := p.in.ReadSlice('\n'); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func quantile(d []time.Duration, q float64) float64 {
	slices.Sort(d)
	return float64(d[int(q*float64(len(d)-1))])
}
