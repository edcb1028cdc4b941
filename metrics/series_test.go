package metrics_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/metrics"
)

// wantLine checks that a scrape has a line, or has not.
func wantLine(t *testing.T, text, line string, want bool) {
	t.Helper()
	if strings.Contains(text, line+"\n") != want {
		t.Errorf("the line %q: want it %v in\n%s", line, want, ours(text))
	}
}

func TestDoorStartsAtZero(t *testing.T) {
	m := metrics.New("test")
	m.Door("dovecot", []string{"expired"}, []string{"keys_unavailable"})
	text := scrape(t, m)
	for _, labels := range []string{
		`result="allowed",reason="ok"`, `result="denied",reason="expired"`,
		`result="error",reason="keys_unavailable"`, `result="error",reason="internal_error"`,
	} {
		result, reason, _ := strings.Cut(labels, ",")
		wantLine(t, text, `usher_auth_requests_total{door="dovecot",host="other",issuer="other",`+reason+","+result+"} 0", true)
	}
	wantLine(t, text, `usher_auth_duration_seconds_count{door="dovecot"} 0`, true)
}

func TestDoorSetIsClosed(t *testing.T) {
	m := metrics.New("test")
	d := m.Door("dovecot", []string{"expired"}, []string{"internal_error"})
	before := strings.Count(scrape(t, m), "\nusher_")
	for i := range 1000 {
		d.Refused(metrics.Whose{}, fmt.Sprintf("invented %d \xff", i), time.Millisecond)
	}
	text := scrape(t, m)
	if after := strings.Count(text, "\nusher_"); after != before {
		t.Errorf("%d series became %d", before, after)
	}
	wantLine(t, text, `usher_auth_requests_total{door="dovecot",host="other",issuer="other",reason="internal_error",result="error"} 1000`, true)
	wantLine(t, text, `usher_auth_duration_seconds_count{door="dovecot"} 1000`, true)
}

// TestWhoseIsClosed: a host or issuer that the configuration does not have any more has no series, and there is a bound.
func TestWhoseIsClosed(t *testing.T) {
	m := metrics.New("test")
	d := m.Door("dovecot", []string{"expired"}, []string{"internal_error"})
	d.Refused(anyone, "expired", 0)
	d.Refused(metrics.Whose{Host: "gone.example.com", Issuer: "my-app"}, "expired", 0)
	d.Refused(metrics.Whose{}, "expired", 0)
	m.Hosts(map[string][]string{"meet.example.com": {"my-app"}})
	text := scrape(t, m)
	wantLine(t, text, `usher_auth_requests_total{door="dovecot",host="meet.example.com",issuer="my-app",reason="expired",result="denied"} 1`, true)
	wantLine(t, text, `usher_auth_requests_total{door="dovecot",host="other",issuer="other",reason="expired",result="denied"} 1`, true)
	if strings.Contains(text, "gone.example.com") {
		t.Errorf("a host that is gone has series:\n%s", ours(text))
	}
	for i := range 10_000 {
		d.Allowed(metrics.Whose{Host: fmt.Sprint("host", i)}, 0)
	}
	if n := strings.Count(scrape(t, m), "usher_auth_requests_total{"); n > 4*300 {
		t.Errorf("%d series", n)
	}
}

func TestDoorTwiceIsOne(t *testing.T) {
	m := metrics.New("test")
	m.Door("dovecot", []string{"expired"}, nil).Refused(anyone, "expired", 0)
	m.Door("dovecot", []string{"expired"}, nil).Refused(anyone, "expired", 0)
	wantLine(t, scrape(t, m), `usher_auth_requests_total{door="dovecot",host="meet.example.com",issuer="my-app",reason="expired",result="denied"} 2`, true)
}

func TestSetKeysReplaces(t *testing.T) {
	m := metrics.New("test")
	m.SetKeys([]metrics.KeyCount{{Issuer: "a", Kind: "hmac", N: 1}, {Issuer: "a", Kind: "rsa", N: 1}, {Issuer: "b", Kind: "ec", N: 3}})
	m.SetKeys([]metrics.KeyCount{{Issuer: "a", Kind: "hmac", N: 1}, {Issuer: "a", Kind: "hmac", N: 1}})
	text := scrape(t, m)
	wantLine(t, text, `usher_keys{issuer="a",kind="hmac"} 2`, true)
	if n := strings.Count(text, "\nusher_keys{"); n != 1 {
		t.Errorf("%d series of keys are left, want 1", n)
	}
}

func TestIssuersDropsOthers(t *testing.T) {
	m := metrics.New("test")
	m.Issuers([]string{"a", "b"})
	at := time.Unix(1_795_500_000, 0)
	m.Fetched("a", metrics.FetchSucceeded, at)
	m.Fetched("b", metrics.FetchSucceeded, at)
	m.Issuers([]string{"b"})
	m.Fetched("a", metrics.FetchSucceeded, at) // was under way when the issuer was removed
	m.Issuers([]string{"b"})
	text := scrape(t, m)
	if strings.Contains(text, `issuer="a"`) {
		t.Errorf("series of a removed issuer are left:\n%s", ours(text))
	}
	wantLine(t, text, `usher_jwks_fetches_total{issuer="b",result="success"} 1`, true)
	wantLine(t, text, `usher_jwks_fetches_total{issuer="b",result="failure"} 0`, true)
	wantLine(t, text, `usher_jwks_last_success_timestamp_seconds{issuer="b"} 1.7955e+09`, true)
}

func TestFetchedFailureKeepsTime(t *testing.T) {
	m := metrics.New("test")
	m.Fetched("a", metrics.FetchFailed, time.Unix(1, 0))
	wantLine(t, scrape(t, m), `usher_jwks_fetches_total{issuer="a",result="failure"} 1`, true)
	m.Fetched("a", metrics.FetchMissing, time.Unix(2, 0))
	wantLine(t, scrape(t, m), `usher_jwks_fetches_total{issuer="a",result="missing"} 1`, true)
	if text := scrape(t, m); strings.Contains(text, "\n"+metrics.JWKSLastSuccess+"{") {
		t.Errorf("a time of success without a success:\n%s", ours(text))
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	d := metrics.New("test").Door("dovecot", []string{"expired"}, []string{"internal_error"})
	for name, count := range map[string]func(){
		"allowed":        func() { d.Allowed(anyone, time.Microsecond) },
		"refused":        func() { d.Refused(anyone, "expired", time.Microsecond) },
		"unknown reason": func() { d.Refused(anyone, "invented", time.Microsecond) },
	} {
		if n := testing.AllocsPerRun(1000, count); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}

// TestConcurrent is for the race detector; no scrape may miss a key.
func TestConcurrent(t *testing.T) {
	m := metrics.New("test")
	keys := []metrics.KeyCount{{Issuer: "a", Kind: "hmac", N: 1}, {Issuer: "a", Kind: "hmac", N: 1}}
	m.SetKeys(keys)
	var wg sync.WaitGroup
	for range 4 {
		d := m.Door("dovecot", []string{"expired"}, []string{"internal_error"})
		wg.Go(func() {
			for i := range 100 {
				d.Allowed(anyone, time.Microsecond)
				d.Refused(anyone, "expired", time.Microsecond)
				m.SetKeys(keys)
				m.Issuers([]string{"a"})
				m.Fetched("a", metrics.FetchSucceeded, time.Now())
				m.Reloaded(i%2 == 0, time.Now())
			}
		})
	}
	for range 20 {
		wantLine(t, scrape(t, m), `usher_keys{issuer="a",kind="hmac"} 2`, true)
	}
	wg.Wait()
	wantLine(t, scrape(t, m), `usher_auth_requests_total{door="dovecot",host="meet.example.com",issuer="my-app",reason="ok",result="allowed"} 400`, true)
}

func BenchmarkAllowed(b *testing.B) {
	d := metrics.New("test").Door("dovecot", nil, nil)
	b.ReportAllocs()
	for b.Loop() {
		d.Allowed(anyone, 4*time.Microsecond)
	}
}
