package gateway

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// connect opens a connection that has said nothing.
func (w *world) connect() *wire {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	return newWire(w.t, conn, nil, true)
}

// head reads the head of an answer and wants its status.
func (c *wire) head(status string) string {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	var b strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.t.Fatalf("after %q: %v", b.String(), err)
		}
		if b.WriteString(line); line == "\r\n" {
			break
		}
	}
	if !strings.HasPrefix(b.String(), "HTTP/1.1 "+status) {
		c.t.Fatalf("got %q, want %s", b.String(), status)
	}
	return b.String()
}

// request makes a plain request from the page.
func (w *world) request(method, path, body string, header http.Header) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.address+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Origin", page)
	maps.Copy(r.Header, header)
	return r
}

// An answer is one that was read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request and waits for the answer.
func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	a, err := try(r)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.log)
	}
	return a
}

// later sends a request whose answer is waited for elsewhere.
func (w *world) later(r *http.Request) <-chan answer {
	c := make(chan answer, 1)
	go func() {
		a, err := try(r)
		if err != nil {
			a = answer{body: err.Error()} // also where only a part of it came: the connection was cut
		}
		c <- a
	}()
	return c
}

func try(r *http.Request) (answer, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}

// wants checks an answer's status, and that it has a text in it.
func (a answer) wants(t testing.TB, status int, part string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.body, part) {
		t.Errorf("got %d %q, want %d with %q", a.status, a.body, status, part)
	}
}
