package auth

import (
	"errors"
	"testing"
	"time"
)

// TestLiveStreams: what the table of a verifier without sessions remembers of streams.
func TestLiveStreams(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	table := &liveTable{now: func() time.Time { return now }, leeway: func(string) time.Duration { return 0 }}
	record := func(account, token string, random bool) {
		t.Helper()
		if err := table.Record(t.Context(), Identity{Host: "h", Account: account, Random: random, TokenPrint: token, Expires: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	record("alice", "t1", false)
	record("drawn", "t1", true)
	for _, row := range []struct {
		account, token string
		want           error
	}{{"drawn", "t1", nil}, {"drawn", "t2", ErrNoSession}, {"alice", "t1", ErrNoSession}, {"nobody", "t1", ErrNoSession}} {
		if err := table.Remember(t.Context(), "h", row.account, row.token, "stream"); !errors.Is(err, row.want) {
			t.Errorf("%s of %s: %v", row.account, row.token, err)
		}
	}
	resumes := func(token, want string) {
		t.Helper()
		if got, ok := table.Resumable("h", token, "stream"); got != want || ok != (want != "") {
			t.Errorf("the stream of %s: %q, %v, want %q", token, got, ok, want)
		}
	}
	resumes("t1", "drawn")
	resumes("t2", "")
	now = now.Add(time.Hour)
	resumes("t1", "")
	if err := table.Remember(t.Context(), "h", "drawn", "t1", "stream"); !errors.Is(err, ErrNoSession) {
		t.Errorf("after the end: %v", err)
	}
	table.expire(now)
	if len(table.streams) != 0 || len(table.entries) != 0 {
		t.Errorf("left: %v, %v", table.streams, table.entries)
	}
	record("drawn", "t1", true)
	if err := table.Remember(t.Context(), "h", "drawn", "t1", "stream"); err != nil {
		t.Fatal(err)
	}
	record("drawn", "t2", true) // the account is another token's by now
	resumes("t1", "")
	resumes("t2", "")
}
