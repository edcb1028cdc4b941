package try

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"usher/internal/ports"
)

// zone is a DNS server with one record of each kind.
func zone(t *testing.T, srv *dnsmessage.SRVResource) *net.Resolver {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for buf := make([]byte, 1500); ; {
			n, from, err := l.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := answered(buf[:n], srv); answer != nil {
				_, _ = l.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", l.LocalAddr().String())
	}}
}

func answered(question []byte, srv *dnsmessage.SRVResource) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
	m.Response, m.Additionals = true, nil
	switch {
	case q.Type == dnsmessage.TypeSRV && srv != nil:
		m.Answers = []dnsmessage.Resource{{Header: header, Body: srv}}
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 7}}}}
	default:
		m.RCode = dnsmessage.RCodeSuccess
	}
	b, _ := m.Pack()
	return b
}

// TestResolve: clients go where the DNS sends them, and otherwise to the host; a port that was given stays.
func TestResolve(t *testing.T) {
	elsewhere := &dnsmessage.SRVResource{Port: 5299, Target: dnsmessage.MustNewName("xmpp.example.net.")}
	none := &dnsmessage.SRVResource{Target: dnsmessage.MustNewName(".")}
	for _, row := range []struct {
		name          string
		srv           *dnsmessage.SRVResource
		target        Target
		address, seen string
	}{
		{"elsewhere", elsewhere, Target{C2S: "meet.example.com:5222", SRV: true}, "xmpp.example.net:5299",
			"clients of meet.example.com go to xmpp.example.net, port 5299: 127.0.0.7"},
		{"nowhere", none, Target{C2S: "meet.example.com:5222", SRV: true}, "meet.example.com:5222",
			"meet.example.com is 127.0.0.7"},
		{"not said", nil, Target{C2S: "meet.example.com:5222", SRV: true}, "meet.example.com:5222",
			"meet.example.com is 127.0.0.7"},
		{"given", elsewhere, Target{C2S: "meet.example.com:5222"}, "meet.example.com:5222", "meet.example.com is 127.0.0.7"},
	} {
		t.Run(row.name, func(t *testing.T) {
			trial := newRun(&Trial{Host: "meet.example.com", Target: row.target, Resolver: zone(t, row.srv)})
			r := trial.resolve(t.Context())
			if r.state != Passed || !strings.HasPrefix(r.seen, row.seen) || trial.target.C2S != row.address {
				t.Errorf("%+v, to %s", r, trial.target.C2S)
			}
		})
	}
}

// farAway is a connection to another machine.
type farAway struct{ net.Conn }

func (farAway) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5222} }

// TestPlainText: to another machine no token goes unencrypted, whatever it is called.
func TestPlainText(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		defer theirs.Close()
		if _, err := theirs.Read(make([]byte, 4096)); err == nil {
			_, _ = io.WriteString(theirs, "<stream:stream xmlns='jabber:client'"+
				" xmlns:stream='http://etherx.jabber.org/streams'>"+
				"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>"+
				"</stream:features>")
		}
	}()
	trial := newRun(&Trial{Host: "meet.example.com", Target: Target{C2S: "localhost:5222"}})
	trial.conn = farAway{ours}
	if r := trial.greet(t.Context()); r.state != Passed {
		t.Fatalf("%+v", r)
	}
	if r := trial.startTLS(t.Context()); r.state != Failed || r.gone || !strings.Contains(r.seen, "in plain text") {
		t.Errorf("%+v", r)
	}
}

// TestDialStarting: a server that is being started is found once it listens.
func TestDialStarting(t *testing.T) {
	address, err := ports.FreeAddress() // nobody listens there for now
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1)
	timer := time.AfterFunc(300*time.Millisecond, func() {
		late, err := net.Listen("tcp", address)
		if err == nil {
			t.Cleanup(func() { _ = late.Close() })
		}
		started <- err
	})
	defer timer.Stop()
	conn, err := dial(t.Context(), address)
	if err := errors.Join(err, <-started); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
