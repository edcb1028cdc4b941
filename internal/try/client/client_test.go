package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/try/client"
)

const features = "<?xml version='1.0'?><stream:stream version='1.0' xmlns='jabber:client' " +
	"xmlns:stream='http://etherx.jabber.org/streams'><stream:features>" +
	"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism> PLAIN </mechanism></mechanisms></stream:features>"

// server answers each thing that is written to it with the next text. An empty one is silence.
func server(t *testing.T, answers ...string) *client.Stream {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		buf := make([]byte, 64<<10)
		for _, a := range answers {
			if _, err := theirs.Read(buf); err != nil {
				return
			}
			if _, err := io.WriteString(theirs, a); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, theirs)
	}()
	s := client.Over(ours, "meet.example.com")
	t.Cleanup(func() { _ = ours.Close() })
	return s
}

// opened is a server whose stream has begun.
func opened(t *testing.T, answers ...string) *client.Stream {
	t.Helper()
	s := server(t, append([]string{features}, answers...)...)
	f, err := s.Open(t.Context())
	if err != nil || len(f.Mechanisms) != 1 || f.Mechanisms[0] != "PLAIN" {
		t.Fatalf("%+v, %v", f, err)
	}
	return s
}

// TestHostile: whatever a server sends, it ends.
func TestHostile(t *testing.T) {
	endless := "<iq id='" + strings.Repeat("x", 2*client.MaxBytes)
	many := strings.Repeat("<presence/>", client.MaxBytes/11+1)
	deep := strings.Repeat("<a>", client.MaxBytes/3)
	for _, row := range []struct {
		name, answer string
		want         error
	}{
		{"one that does not end", endless, client.ErrTooMuch}, {"many", many, client.ErrTooMuch}, {"deep", "<iq>" + deep, nil},
		{"no XML", "HTTP/1.1 400 Bad Request\r\n\r\n<<<<", nil}, {"another encoding", "<?xml version='1.0' encoding='x'?><iq/>", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err := opened(t, row.answer).Ask(ctx, "get", "", "<query/>")
			if err == nil || errors.Is(err, client.ErrSilent) || row.want != nil && !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}

// TestErrors: what a server says is told apart.
func TestErrors(t *testing.T) {
	refused := new(client.Refused)
	err := opened(t, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>No.</text></failure>").
		Login(t.Context(), client.Plain("alice", "token"))
	if !errors.As(err, &refused) || *refused != (client.Refused{Condition: "not-authorized", Text: "No."}) {
		t.Errorf("%v", err)
	}
	ended := new(client.StreamError)
	err = opened(t, "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>").
		Login(t.Context(), client.Plain("alice", "token"))
	if !errors.As(err, &ended) || ended.Condition != "policy-violation" {
		t.Errorf("%v", err)
	}
	stanza := new(client.StanzaError)
	_, err = opened(t, "<message/><presence from='r@c.example.com/n' type='error'><error type='auth'>"+
		"<registration-required xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>").
		Join(t.Context(), "r@c.example.com", "n")
	if !errors.As(err, &stanza) || stanza.Condition != "registration-required" {
		t.Errorf("%v", err)
	}
	if err = opened(t, "</stream:stream>").Login(t.Context(), client.Anonymous()); !errors.As(err, &ended) {
		t.Errorf("%v", err)
	}
}

// TestSilence: a question that nobody answers ends with its context, and the stream can be used after it.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := "<presence from='r@c.example.com/n' type='unavailable'>" +
			"<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>"
		s := opened(t, "", left)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := s.Ask(ctx, "get", "", "<query/>"); !errors.Is(err, client.ErrSilent) || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Leave(ctx, "r@c.example.com", "n"); err != nil {
			t.Error(err)
		}
	})
}

// TestStartTLS: what is said in plain text before the handshake counts for nothing after it.
func TestStartTLS(t *testing.T) {
	site := httptest.NewTLSServer(nil)
	defer site.Close()
	trusted := site.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trusted.ServerName = "example.com"
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		defer theirs.Close()
		buf := make([]byte, 4096)
		for _, answer := range []string{features, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + features} {
			if _, err := theirs.Read(buf); err != nil {
				return
			}
			_, _ = io.WriteString(theirs, answer)
		}
		inside := tls.Server(theirs, site.TLS)
		if _, err := inside.Read(buf); err == nil {
			_, _ = io.WriteString(inside, strings.Replace(features, "PLAIN", "OAUTHBEARER", 1))
		}
		_, _ = io.Copy(io.Discard, inside)
	}()
	s := client.Over(ours, "example.com")
	_, err := s.Open(t.Context())
	if err == nil {
		_, err = s.StartTLS(t.Context(), trusted)
	}
	var f client.Features
	if err == nil {
		f, err = s.Open(t.Context())
	}
	if err != nil || len(f.Mechanisms) != 1 || f.Mechanisms[0] != "OAUTHBEARER" {
		t.Errorf("%v, %v", f.Mechanisms, err)
	}
	s = opened(t, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
	if _, err := s.StartTLS(t.Context(), trusted); err == nil {
		t.Error("a server that refuses")
	}
}

// TestWebServers: answers that open no WebSocket.
func TestWebServers(t *testing.T) {
	for _, row := range []struct {
		name, answer string
		status       int
	}{
		{"a page", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200},
		{"no end of headers", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 2000), 0},
		{"no end of a page", "HTTP/1.1 500 No\r\n\r\n" + strings.Repeat("z", 2*client.MaxBytes), 500},
		{"another key", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Accept: AAAA\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n", 0},
		{"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer ours.Close()
			go func() {
				defer theirs.Close()
				lines := bufio.NewReader(theirs)
				for line := ""; line != "\r\n"; {
					var err error
					if line, err = lines.ReadString('\n'); err != nil {
						return
					}
				}
				_, _ = io.WriteString(theirs, row.answer)
			}()
			s, opening, err := client.WebSocket(t.Context(), ours, client.Handshake{Target: "/x?token=t", Host: "h"}, "h")
			if s != nil || err == nil || opening.Status != row.status && row.status != 0 {
				t.Errorf("%v, %+v, %v", s, opening, err)
			}
			status, is := errors.AsType[*client.StatusError](err)
			if is != (row.status != 0) || is && (status.Status != row.status || len(status.Body) > 1<<10) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestSilentOpening: a server that says nothing is said to, and nothing else is.
func TestSilentOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Open(ctx); err != client.ErrSilent {
			t.Error(err)
		}
	})
}
