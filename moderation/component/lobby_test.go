package component

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/notify"
)

// TestReadAndSetOrder: what the lists say was so before the change, as Prosody works in the order in which it reads.
func TestReadAndSetOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.script(func() {
			s.answer = func(id, to, query string) string {
				if strings.Contains(query, "jid=") {
					return result(id, to, "")
				}
				list := ""
				if strings.Contains(query, `affiliation="outcast"`) {
					list = "<item affiliation='outcast' jid='mallory@h'/>"
				}
				return result(id, to, "<query xmlns='http://jabber.org/protocol/muc#admin'>"+list+"</query>")
			}
		})
		c, _ := s.client(t, testSecret)
		up(t, c)
		for range 20 {
			s.script(s.log.Reset)
			before, err := c.ReadAndSet(t.Context(), "r@c", "alice@h", moderation.Member)
			if err != nil || before["mallory@h"] != moderation.Outcast || len(before) != 1 {
				t.Fatalf("%v, %v", before, err)
			}
			s.mu.Lock()
			lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
			s.mu.Unlock()
			if len(lines) != 5 || !strings.Contains(lines[4], `jid="alice@h"`) {
				t.Fatalf("sent\n%s", strings.Join(lines, "\n"))
			}
		}
	})
}

// TestSetUnlessBanned: a ban that the room had when the change came is put back.
func TestSetUnlessBanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.script(func() {
			s.answer = func(id, to, query string) string {
				if strings.Contains(query, "jid=") {
					return result(id, to, "")
				}
				return result(id, to, "<query xmlns='http://jabber.org/protocol/muc#admin'>"+
					"<item affiliation='outcast' jid='mallory@h'/></query>")
			}
		})
		c, _ := s.client(t, testSecret)
		up(t, c)
		for jid, want := range map[string]error{"mallory@h": moderation.ErrBanned, "alice@h": nil} {
			s.script(s.log.Reset)
			if err := c.SetUnlessBanned(t.Context(), "r@c", jid, moderation.Member); !errors.Is(err, want) {
				t.Errorf("%s: %v", jid, err)
			}
			s.mu.Lock()
			lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
			s.mu.Unlock()
			if !strings.Contains(lines[0], `affiliation="outcast"`) || !strings.Contains(lines[1], `affiliation="member"`) ||
				(len(lines) == 3) != (want != nil) || want != nil && !strings.Contains(lines[2], `affiliation="outcast"`) {
				t.Errorf("%s: sent\n%s", jid, strings.Join(lines, "\n"))
			}
		}
	})
}

// TestMessagesEscapeNames: a name is data in a message, too, and one that XML cannot hold is not sent as another.
func TestMessagesEscapeNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := message{From: "usher.example.com", To: "a@h", Type: "chat", Body: "</body><x/>&"}
		out, err := xml.Marshal(m)
		if err != nil || strings.Contains(string(out), "<x/>") {
			t.Errorf("%s, %v", out, err)
		}
		s := newServer()
		c, _ := s.client(t, testSecret)
		up(t, c)
		for _, err := range []error{c.Tell(t.Context(), "a@h", "\x00"), c.Tell(t.Context(), "a\ufffe@h", "x"),
			c.TellAlone(t.Context(), "r@c", "n\x01", "a@h/r", "x"), c.TellAlone(t.Context(), "r@c", "n", "a@h/r", "\x00"), c.Invite(t.Context(), "r\x01@c", "a@h", "x")} {
			if !errors.Is(err, errUnwritable) {
				t.Errorf("%v", err)
			}
		}
	})
}

// What the moderators' command says, and how many it lists.
const (
	nobodyWaits = "Nobody waits in a room where you are moderator now."
	maxListed   = 50
)

// decisions notes what is decided. alice@h is moderator wherever memory is asked.
type decisions struct {
	mu      sync.Mutex
	asked   []string
	waiting []moderation.Waiter
	absent  string // who does not wait
	err     error
	block   chan bool
}

func (d *decisions) MayModerate(account, _ string) bool { return strings.HasPrefix(account, "alice") }

func (d *decisions) Knocks(_, account string) bool { return account != d.absent }

func (d *decisions) hold(ctx context.Context) {
	if d.block != nil {
		select {
		case <-d.block:
		case <-ctx.Done():
		}
	}
}

func (d *decisions) Waiting(ctx context.Context, moderator string) ([]moderation.Waiter, error) {
	d.hold(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, "waiting "+moderator)
	return d.waiting, d.err
}

func (d *decisions) DecideAs(ctx context.Context, moderator, room string, accounts []string, admit bool) error {
	d.hold(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, fmt.Sprint(moderator, " ", room, " ", strings.Join(accounts, " "), " ", admit))
	return d.err
}

// withCommand is a session of which only commands are asked.
func withCommand(t *testing.T, d *decisions) *session {
	s := newSession(&stream{conn: new(net.TCPConn)}, "usher.example.com", Options{Command: notify.NewDialog(d, d), Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	s.ctx = ctx
	t.Cleanup(func() { cancel(); s.commands.Wait() })
	return s
}

// ask does one step of the command, and returns the answer.
func (s *session) ask(t *testing.T, from string, c command) (command, string) {
	t.Helper()
	s.command(&iq{ID: "1", From: from, Command: &c})
	select {
	case out := <-s.queue:
		var in iq
		if err := xml.Unmarshal(out, &in); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if in.Command == nil {
			return command{}, string(out)
		}
		return *in.Command, string(out)
	case <-time.After(3 * time.Second):
		t.Fatal("no answer")
	}
	return command{}, ""
}

func submitted(decision string, who ...string) command {
	return command{Node: commandNode, Session: "s", Action: "complete", Form: &form{Type: "submit", Fields: []formField{
		{Var: "who", Values: who}, {Var: "decision", Values: []string{decision}}}}}
}

// TestCommand: the two stages, and what may be submitted.
func TestCommand(t *testing.T) {
	const alice = "alice@h/phone"
	d := &decisions{}
	s := withCommand(t, d)
	note := func(out command) string {
		if out.Note == nil {
			return ""
		}
		return out.Note.Type + ": " + out.Note.Text
	}
	if out, text := s.ask(t, alice, command{Node: commandNode}); out.Status != "completed" || !strings.Contains(note(out), "Nobody waits") || out.Session == "" {
		t.Errorf("nobody waits: %s", text)
	}
	for i := range maxListed + 5 {
		d.waiting = append(d.waiting, moderation.Waiter{Room: "r@c", JID: fmt.Sprint("g", i, "@h"), Name: "</x>"})
	}
	out, text := s.ask(t, alice, command{Node: commandNode, Action: "execute"})
	if out.Status != "executing" || len(out.Form.Fields[1].Options) != maxListed || !strings.Contains(out.Form.Instructions, "5 more") || strings.Contains(text, "</x>\"") {
		t.Errorf("many wait: %s", text)
	}
	if out, text := s.ask(t, alice, command{Node: commandNode, Session: "s", Action: "cancel"}); out.Status != "canceled" || out.Session != "s" {
		t.Errorf("cancelled: %s", text)
	}
	d.asked = nil
	if out, text := s.ask(t, alice, submitted("admit", "r@c g1@h", "q@c g3@h", "r@c g2@h")); !strings.Contains(note(out), "info: Let in: 3") {
		t.Errorf("admitted: %s", text)
	}
	if got := strings.Join(d.asked, ", "); got != "alice@h r@c g1@h g2@h true, alice@h q@c g3@h true" {
		t.Errorf("asked %s", got)
	}
	d.asked, d.absent = nil, "nobody@h"
	for _, bad := range []command{submitted("open", "r@c g@h"), submitted("admit"), submitted("admit", "nobody"), submitted("", "r@c g@h"),
		submitted("admit", make([]string, maxListed+1)...), {Node: commandNode, Form: &form{Type: "submit"}},
		submitted("admit", "r@c g1@h", "r@c nobody@h"), submitted("admit", "r@c "+strings.Repeat("g", 4000)+"@h")} {
		if out, text := s.ask(t, alice, bad); !strings.HasPrefix(note(out), "error: ") {
			t.Errorf("%+v: %s", bad, text)
		}
	}
	if len(d.asked) > 0 {
		t.Errorf("a bad form asked %v", d.asked)
	}
	for err, want := range map[error]string{
		moderation.ErrNotModerator: "error: You are not moderator of r@c", moderation.ErrNobodyWaits: "error: Not everybody you chose waits in r@c now.",
		moderation.ErrTooManyDecisions: "error: There are too many decisions for now.", moderation.ErrNotYet: "warn: Chosen: 1.",
	} {
		d.err = err
		if out, text := s.ask(t, alice, submitted("admit", "r@c g@h")); !strings.Contains(note(out), want) {
			t.Errorf("%v: %s", err, text)
		}
	}
	d.err = moderation.ErrUnreachable
	if _, text := s.ask(t, alice, submitted("deny", "r@c g@h")); !strings.Contains(text, "internal-server-error") {
		t.Errorf("without an answer: %s", text)
	}
}

// TestStrangersTakeNoPlace: whoever is no moderator by what memory says is answered at once, or takes one of the few
// places that no moderator needs; an account has one place.
func TestStrangersTakeNoPlace(t *testing.T) {
	d := &decisions{block: make(chan bool)}
	s := withCommand(t, d)
	for i := range 100 {
		from := fmt.Sprint("guest", i, "@g/x")
		if out, text := s.ask(t, from, command{Node: commandNode}); out.Note == nil || out.Note.Text != nobodyWaits {
			t.Fatalf("a list for a guest: %s", text)
		}
	}
	for i := range 100 {
		s.command(&iq{ID: "g", From: fmt.Sprint("guest", i, "@g/x"), Command: new(submitted("admit", "r@c g@h"))})
	}
	for range 100 - maxStrangersInFlight {
		if out := <-s.queue; !strings.Contains(string(out), "resource-constraint") {
			t.Fatalf("answered %s", out)
		}
	}
	for i := range maxInFlight { // all of the moderators' places are free
		s.command(&iq{ID: "m", From: fmt.Sprint("alice", i, "@h/x"), Command: &command{Node: commandNode}})
		s.command(&iq{ID: "m", From: fmt.Sprint("alice", i, "@h/y"), Command: &command{Node: commandNode}})
		if out := <-s.queue; !strings.Contains(string(out), "resource-constraint") {
			t.Fatalf("a second command of one account: %s", out)
		}
	}
	s.command(&iq{ID: "m", From: "alice-last@h/x", Command: &command{Node: commandNode}})
	if out := <-s.queue; !strings.Contains(string(out), "resource-constraint") {
		t.Fatalf("one too many: %s", out)
	}
	close(d.block)
	for range maxInFlight + maxStrangersInFlight {
		<-s.queue
	}
	if _, text := s.ask(t, "alice-last@h/x", command{Node: commandNode}); strings.Contains(text, "resource-constraint") {
		t.Errorf("no place is free again: %s", text)
	}
}

// TestOneAfterAnother: with the answer to its command an account may send the next.
func TestOneAfterAnother(t *testing.T) {
	s := withCommand(t, &decisions{})
	for range 3000 {
		if _, text := s.ask(t, "alice@h/phone", command{Node: commandNode}); strings.Contains(text, "resource-constraint") {
			t.Fatalf("a command after the answer to the one before: %s", text)
		}
	}
}

// TestCommandsEnd: a command that is under way ends with the connection.
func TestCommandsEnd(t *testing.T) {
	d := &decisions{block: make(chan bool)}
	s := newSession(&stream{conn: new(net.TCPConn)}, "usher.example.com", Options{Command: notify.NewDialog(d, d), Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	s.ctx = ctx
	s.command(&iq{ID: "1", From: "alice@h/x", Command: &command{Node: commandNode}})
	cancel()
	s.commands.Wait() // or the test hangs
}

// TestNothingWaitsForNothing: what was asked before a change that cannot be sent is given up.
func TestNothingWaitsForNothing(t *testing.T) {
	c := New(Config{}, Options{})
	c.session = newSession(&stream{}, "usher.example.com", c.o)
	for range maxPending {
		if _, err := c.ReadAndSet(t.Context(), "r@c", "a\x00@h", moderation.Member); !errors.Is(err, errUnwritable) {
			t.Fatal(err)
		}
		for len(c.session.queue) > 0 {
			<-c.session.queue
		}
	}
	if n := len(c.session.pending); n > 0 {
		t.Errorf("%d questions wait for an answer", n)
	}
}
