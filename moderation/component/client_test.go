package component

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/notify"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) await(t *testing.T, text string) {
	t.Helper()
	for range 300 {
		l.mu.Lock()
		found := strings.Contains(l.b.String(), text)
		l.mu.Unlock()
		if found {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the log does not have %q", text)
}

func up(t *testing.T, c *Client) {
	t.Helper()
	select {
	case <-c.Connected():
	case <-time.After(3 * time.Second):
		t.Fatalf("not connected: %s", c.Problem())
	}
}

func result(id, from, query string) string {
	return fmt.Sprintf("<iq type='result' id='%s' from='%s' to='usher.example.com'>%s</iq>", id, from, query)
}

// TestTCP: the connection is one of TCP.
func TestTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer()
	s.answer = func(id, to, _ string) string { return result(id, escape(to), "") }
	go func() {
		conn, err := l.Accept()
		if err == nil {
			s.serve(conn)
		}
	}()
	c := New(Config{JID: "usher.example.com", Address: l.Addr().String(), Secret: testSecret}, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; _ = l.Close() })
	up(t, c)
	if err := c.SetAffiliation(t.Context(), "r@c", "alice@h", moderation.Owner); err != nil {
		t.Error(err)
	}
}

func TestSetEscapesNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.script(func() { s.answer = func(id, to, _ string) string { return result(id, escape(to), "") } })
		c, _ := s.client(t, testSecret)
		up(t, c)
		evil := `a'/><item affiliation='owner' jid='eve@x`
		if err := c.SetAffiliation(t.Context(), "r&'<@c", evil, moderation.Owner); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		got := s.log.String()
		s.mu.Unlock()
		var q adminQuery
		if err := xml.Unmarshal([]byte(got), &q); err != nil || len(q.Items) != 1 || q.Items[0].JID != evil {
			t.Errorf("arrived as %q: %+v, %v", got, q, err)
		}
		for _, name := range []string{"a\x00b", "a\x1fb", "\xff", "a\ufffe"} {
			if err := c.SetAffiliation(t.Context(), "r@c", name, moderation.Owner); !errors.Is(err, errUnwritable) {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}

func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		var condition string
		answer := func(id, to, _ string) string {
			s.mu.Lock()
			defer s.mu.Unlock()
			return fmt.Sprintf("<iq type='error' id='%s' from='%s'><error type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>why</text></error></iq>", id, to, condition)
		}
		s.script(func() { s.answer = answer })
		c, log := s.client(t, testSecret)
		up(t, c)
		for name, want := range map[string]error{"item-not-found": moderation.ErrNoRoom, "forbidden": moderation.ErrForbidden, "not-allowed": moderation.ErrForbidden} {
			s.script(func() { condition = name })
			if _, err := c.Affiliations(t.Context(), "r@c"); !errors.Is(err, want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.script(func() { condition = "internal-server-error" })
		if _, err := c.Occupants(t.Context(), "r@c"); err == nil || !strings.Contains(err.Error(), "internal-server-error") {
			t.Errorf("%v", err)
		}
		log.await(t, "component_admins_as_room_owners = true")
	})
}

// TestSilence: no answer costs a deadline, an answer of somebody else counts for nothing, and a cut connection ends all
// questions at once.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.answer = func(id, to, query string) string { // to pings alone
			if strings.Contains(query, nsPing) {
				return result(id, to, "")
			}
			return ""
		}
		c, _ := s.client(t, testSecret)
		up(t, c)
		began := time.Now()
		if err := c.SetAffiliation(t.Context(), "r@c", "a@h", moderation.Owner); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 300*time.Millisecond {
			t.Errorf("no answer: %v after %v", err, time.Since(began))
		}
		s.script(func() { s.answer = func(id, _, _ string) string { return result(id, "evil@c", "") } })
		if err := c.SetAffiliation(t.Context(), "r@c", "a@h", moderation.Owner); err == nil {
			t.Error("somebody else's answer was taken")
		}
		s.script(func() { s.answer = nil })
		done := make(chan error, 1)
		go func() { done <- c.SetAffiliation(t.Context(), "r@c", "a@h", moderation.Owner) }()
		time.Sleep(50 * time.Millisecond)
		s.cut()
		if err := <-done; !errors.Is(err, moderation.ErrUnreachable) {
			t.Errorf("cut: %v", err)
		}
		up(t, c) // and it is back
	})
}

func TestRefusedHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c, log := s.client(t, "wrong")
		log.await(t, "component_secret under Component")
		if err := c.SetAffiliation(t.Context(), "r@c", "a@h", moderation.Owner); !errors.Is(err, moderation.ErrUnreachable) {
			t.Errorf("%v", err)
		}
		c.Configure(Config{JID: "usher.example.com", Address: "prosody:5347", Secret: testSecret}) // mended
		up(t, c)
		if c.Problem() != "" {
			t.Error(c.Problem())
		}
		log.mu.Lock()
		defer log.mu.Unlock()
		if strings.Contains(log.b.String(), testSecret) {
			t.Error("the log has the secret")
		}
	})
}

// TestTaken: while another connection has the component's JID it is tried each second, however long that lasts, and
// said once.
func TestTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		tries := 0
		s.greet = func(conn net.Conn) bool {
			tries++
			fmt.Fprint(conn, "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
			return false
		}
		c, log := s.client(t, testSecret)
		time.Sleep(100*time.Second + takenRetry/2)
		synctest.Wait()
		s.script(func() {
			if tries != 101 {
				t.Errorf("%d tries in 100 s", tries)
			}
			s.greet = nil
		})
		free := time.Now()
		up(t, c)
		if took := time.Since(free); took > takenRetry {
			t.Errorf("it took %v to take over", took)
		}
		log.mu.Lock()
		defer log.mu.Unlock()
		if n := strings.Count(log.b.String(), "stream error conflict"); n != 1 {
			t.Errorf("it was said %d times", n)
		}
	})
}

// TestRestartedAgainAndAgain: a Prosody that is restarted some seconds after it took the component finds it again at
// once, however long it was away before; one that takes it and closes at once is asked less and less often.
func TestRestartedAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := New(Config{JID: "usher.example.com", Address: "prosody:5347", Secret: testSecret}, Options{})
		var here atomic.Bool
		c.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if !here.Load() {
				return nil, io.EOF
			}
			return s.dial(ctx, network, address)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		t.Cleanup(func() { cancel(); <-done; s.cut() })
		back := func() time.Duration {
			cut := time.Now()
			s.cut()
			<-c.Connected()
			return time.Since(cut)
		}
		time.Sleep(5 * time.Minute)
		here.Store(true)
		<-c.Connected()
		for _, stood := range []time.Duration{settled, 4 * settled} {
			time.Sleep(stood)
			if took := back(); took > time.Second {
				t.Errorf("after %v it took %v to come back", stood, took)
			}
		}
		var took time.Duration
		for range 8 {
			took += back()
		}
		if took < 20*time.Second {
			t.Errorf("eight connections that were closed at once took %v", took)
		}
	})
}

// TestDeadPeer: a connection on which nothing comes back is given up.
func TestDeadPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c, log := s.client(t, testSecret)
		up(t, c)
		log.await(t, "no answer from Prosody any more")
		up(t, c)
	})
}

// TestGarbage: whatever a server sends, the client neither hangs nor ends.
func TestGarbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, text := range []string{"", "<", "garbage", "<stream:error/>", "</stream:stream>", "<iq", strings.Repeat("<a>", 1000), "<!DOCTYPE x [<!ENTITY y 'z'>]>", "\x00"} {
			s := newServer()
			s.script(func() {
				s.greet = func(conn net.Conn) bool { _, _ = io.WriteString(conn, text); return false }
			})
			c, log := s.client(t, testSecret)
			log.await(t, "component not connected")
			s.script(func() { s.greet = nil })
			up(t, c)
		}
	})
}

// TestForgedAnswers: whoever knows the ID of a question and is not who was asked changes nothing: the answer is still
// taken. IDs do not tell each other.
func TestForgedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		var ids []string
		s.script(func() {
			s.answer = func(id, to, _ string) string {
				s.mu.Lock()
				ids = append(ids, id)
				s.mu.Unlock()
				forged := result(id, "guest@anonymous/x", "<query xmlns='http://jabber.org/protocol/muc#admin'/>")
				refused := fmt.Sprintf("<iq type='error' id='%s' from='%s/guest' to='usher.example.com'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", id, to)
				unsigned := fmt.Sprintf("<iq type='result' id='%s' to='usher.example.com'/>", id)
				return forged + refused + unsigned + result(id, to, "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='owner' jid='alice@h'/></query>")
			}
		})
		c, _ := s.client(t, testSecret)
		up(t, c)
		for range 20 {
			has, err := c.Affiliations(t.Context(), "r@c")
			if err != nil || has["alice@h"] != moderation.Owner {
				t.Fatalf("%v, %v", has, err)
			}
		}
		seen := map[string]bool{}
		for _, id := range ids {
			if len(id) < 22 || seen[id] || len(commonPrefix(id, ids[0])) > 8 && id != ids[0] {
				t.Errorf("the ID %q after %q", id, ids[0])
			}
			seen[id] = true
		}
	})
}

func commonPrefix(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// TestNothingIsKeptOfRequests: what strangers send is bounded in bytes, and so are the answers that wait for a slow
// Prosody.
func TestNothingIsKeptOfRequests(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	s := newSession(&stream{}, "usher.example.com", Options{Command: notify.NewDialog(&decisions{}, &decisions{}), Log: slog.New(slog.DiscardHandler)})
	s.ctx = t.Context()
	for range 30 {
		for _, text := range []string{
			"<iq type='set' id='1' from='alice@h/x'><command xmlns='http://jabber.org/protocol/commands' node='lobby'><x xmlns='jabber:x:data' type='submit'><field var='who'><value>r@c " + long + "@h</value></field><field var='decision'><value>admit</value></field></x></command></iq>",
			"<iq type='get' id='" + long + "' from='alice@h/x'><ping xmlns='urn:xmpp:ping'/></iq>",
			"<iq type='set' id='1' from='alice@h/x'><command xmlns='http://jabber.org/protocol/commands' node='lobby' sessionid='" + long[:10_000] + "'/></iq>",
			"<iq type='result' id='1' from='alice@h/x'><query xmlns='http://jabber.org/protocol/disco#info'><identity name='" + long + "'/></query></iq>",
		} {
			s.dec = xml.NewDecoder(strings.NewReader(text))
			start, err := s.next2()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.receive(start); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := s.queued.Load(); n > maxReplies+maxRequest {
		t.Errorf("%d bytes wait to be written", n)
	}
	for {
		select {
		case out := <-s.queue:
			if len(out) > 4096 {
				t.Fatalf("an answer of %d bytes", len(out))
			}
			continue
		default:
		}
		break
	}
}

// next2 is the next opening tag of a text.
func (s *session) next2() (xml.StartElement, error) {
	for {
		token, err := s.dec.Token()
		if start, ok := token.(xml.StartElement); ok || err != nil {
			return start, err
		}
	}
}
