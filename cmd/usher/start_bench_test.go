package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/internal/sqlite"
	"usher/moderation"
	"usher/moderation/sessions"
)

// BenchmarkStart measures how long Prosody stands still for a start after kill -9, with 100,000 sessions and 10,000
// revocations in the state: from exec to the answer to the first login, over a connection that waits for the socket.
func BenchmarkStart(b *testing.B) {
	dir, err := os.MkdirTemp("", "usher")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	writeBenchFiles(b, dir)
	usher := program{b, filepath.Join(dir, "usher"), []string{"serve", "--config", filepath.Join(dir, "usher.yaml")},
		filepath.Join(dir, "auth.sock")}
	buildStripped(b, usher.path, "usher/cmd/usher")
	fillState(b, filepath.Join(dir, "usher.db"))
	const starts = 7
	var best, all time.Duration
	for i := range starts {
		token := authtest.Token(b, authtest.Claims("meet.example.com", map[string]any{"context": map[string]any{"user": map[string]any{"id": "first"}}}))
		began := time.Now()
		cmd := exec.Command(usher.path, usher.args...)
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		answered := firstLogin(b, usher.socket, token)
		took := answered.Sub(began)
		all += took
		if i == 0 || took < best {
			best = took
		}
		time.Sleep(500 * time.Millisecond) // it is killed while it loads, and afterwards
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.Remove(usher.socket)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(best.Microseconds())/1000, "ms-to-first-answer")
	b.ReportMetric(float64(all.Microseconds())/1000/starts, "ms-mean")
}

// fillState makes a state as a daemon that was killed leaves it.
func fillState(b *testing.B, path string) {
	b.Helper()
	store, err := sqlite.Open(b.Context(), path, nil)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	var changes []sessions.Change
	put := func(c sessions.Change) {
		if changes = append(changes, c); len(changes) == 500 {
			if err := store.Apply(b.Context(), changes...); err != nil {
				b.Fatal(err)
			}
			changes = nil
		}
	}
	for i := range 100_000 {
		name := fmt.Sprint("user", i)
		g := &moderation.Session{Host: "meet.example.com", Account: name, User: name, Issuer: authtest.Issuer, KeyID: "my-app.secret",
			KeyPrint: "0123456789abcdef0123456789abcdef", TokenPrint: fmt.Sprintf("%032x", i), Subject: "meet.example.com",
			Rooms: []string{fmt.Sprint("room", i%1000)}, LoggedIn: now.Add(time.Duration(i)), Used: now, IssuedAt: now.Unix(), Expires: now.Add(24 * time.Hour)}
		g.ID = moderation.NewID(g.TokenPrint, g.Host, g.Account)
		put(sessions.Change{PutSession: g})
	}
	for i := range 10_000 {
		put(sessions.Change{PutRevocation: &moderation.Revocation{Host: "meet.example.com", Issuer: authtest.Issuer, User: fmt.Sprint("gone", i), At: now}})
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}

// firstLogin asks until a socket is there, and returns when the login was let in.
func firstLogin(b *testing.B, socket, token string) time.Time {
	b.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			continue
		}
		resp := base64.StdEncoding.EncodeToString([]byte("\x00first\x00" + token))
		fmt.Fprintf(conn, "VERSION\t1\t1\nCPID\t1\nAUTH\t1\tPLAIN\tservice=xmpp\trealm=meet.example.com\tresp=%s\n", resp)
		for in := bufio.NewScanner(conn); in.Scan(); {
			if text := in.Text(); len(text) > 3 && text[:3] == "OK\t" {
				at := time.Now()
				_ = conn.Close()
				return at
			} else if len(text) > 5 && text[:5] == "FAIL\t" {
				b.Fatalf("the first login: %s", text)
			}
		}
		_ = conn.Close()
	}
	b.Fatal("nobody answers")
	return time.Time{}
}
