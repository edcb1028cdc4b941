package index

import (
	"fmt"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"usher/moderation"
)

// usual is a session as most are.
func usual(i int) *moderation.Session {
	name, now := fmt.Sprint("user", i), time.Unix(1_800_000_000, 0)
	s := &moderation.Session{Host: "meet.example.com", Account: name, User: name, Issuer: "my-app", KeyID: "my-app.secret",
		KeyPrint: "0123456789abcdef0123456789abcdef", TokenPrint: fmt.Sprintf("%032x", i), Subject: "meet.example.com",
		Rooms: []string{fmt.Sprint("room", i%1000)}, DisplayID: name, DisplayName: "Alice Example", LoginID: 1 << 39,
		LoggedIn: now, Used: now, IssuedAt: now.Unix(), Expires: now.Add(24 * time.Hour)}
	s.ID = moderation.NewID(s.TokenPrint, s.Host, s.Account)
	return s
}

// TestSize: a session fits into the 144 bytes that the allocator has for it; the next size has 160.
func TestSize(t *testing.T) {
	if size := unsafe.Sizeof(Session{}); size > 144 {
		t.Errorf("%d bytes", size)
	}
}

// BenchmarkBytes measures what a session of 100,000 takes, with what finds it.
func BenchmarkBytes(b *testing.B) {
	const sessions = 100_000
	var bytes uint64
	for b.Loop() {
		before := living()
		x := New()
		for i := range sessions {
			l := NewLogin(usual(i))
			l.Schedule(l.Expires())
			x.Insert(l)
		}
		bytes = living() - before
		runtime.KeepAlive(x)
	}
	b.ReportMetric(float64(bytes)/sessions, "bytes/session")
}

// living is what lives.
func living() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
