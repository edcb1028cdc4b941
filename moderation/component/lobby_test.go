package component

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/moderation"
)

// TestReadAndSetOrder: what the lists say was so before the change, as Prosody works in the order in which it reads.
func TestReadAndSetOrder(t *testing.T) {
	s := newServer(t)
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
}

// TestMessagesEscapeNames: a name is data in a message, too, and one that XML cannot hold is not sent as another.
func TestMessagesEscapeNames(t *testing.T) {
	m := message{From: "usher.example.com", To: "a@h", Type: "chat", Body: "</body><x/>&"}
	out, err := xml.Marshal(m)
	if err != nil || strings.Contains(string(out), "<x/>") {
		t.Errorf("%s, %v", out, err)
	}
	s := newServer(t)
	c, _ := s.client(t, testSecret)
	up(t, c)
	for _, err := range []error{c.Tell(t.Context(), "a@h", "\x00"), c.Tell(t.Context(), "a\ufffe@h", "x"), c.Invite(t.Context(), "r\x01@c", "a@h")} {
		if !errors.Is(err, errUnwritable) {
			t.Errorf("%v", err)
		}
	}
}

// desk is a moderator's desk that notes what it is asked.
type desk struct {
	mu      sync.Mutex
	asked   []string
	waiting []moderation.Waiter
	err     error
	block   chan bool
}

func (d *desk) Waiting(ctx context.Context, moderator string) ([]moderation.Waiter, error) {
	if d.block != nil {
		select {
		case <-d.block:
		case <-ctx.Done():
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, "waiting "+moderator)
	return d.waiting, d.err
}

func (d *desk) DecideAs(_ context.Context, moderator, room, jid string, admit bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, fmt.Sprint(moderator, " ", room, " ", jid, " ", admit))
	return d.err
}

// step does one step of the command, as the bare session of a client.
func step(t *testing.T, d *desk, c command) (command, error) {
	t.Helper()
	s := newSession(&stream{}, "usher.example.com", Options{Desk: d})
	return s.step(t.Context(), &iq{ID: "1", From: "alice@h/phone", Command: &c})
}

func submitted(decision string, who ...string) command {
	return command{Node: lobbyNode, Session: "s", Action: "complete", Form: &form{Type: "submit", Fields: []formField{
		{Var: "who", Values: who}, {Var: "decision", Values: []string{decision}}}}}
}

// TestCommand: the two stages, and what may be submitted.
func TestCommand(t *testing.T) {
	d := &desk{}
	if out, err := step(t, d, command{Node: lobbyNode}); err != nil || out.Status != "completed" || !strings.Contains(out.Note.Text, "Nobody waits") {
		t.Errorf("nobody waits: %+v, %v", out, err)
	}
	for i := range maxListed + 5 {
		d.waiting = append(d.waiting, moderation.Waiter{Room: "r@c", JID: fmt.Sprint("g", i, "@h"), Name: "</x>"})
	}
	out, err := step(t, d, command{Node: lobbyNode, Action: "execute"})
	if err != nil || out.Status != "executing" || len(out.Form.Fields[1].Options) != maxListed || !strings.Contains(out.Form.Instructions, "5 more") {
		t.Errorf("many wait: %+v, %v", out, err)
	}
	if text, err := xml.Marshal(out); err != nil || strings.Contains(string(text), "</x>\"") {
		t.Errorf("%s, %v", text, err)
	}
	if out, err := step(t, d, command{Node: lobbyNode, Session: "s", Action: "cancel"}); err != nil || out.Status != "canceled" || out.Session != "s" {
		t.Errorf("cancelled: %+v, %v", out, err)
	}
	d.asked = nil
	if out, err := step(t, d, submitted("admit", "r@c g1@h", "r@c g2@h")); err != nil || !strings.Contains(out.Note.Text, "Let in: 2") {
		t.Errorf("admitted: %+v, %v", out, err)
	}
	if got := strings.Join(d.asked, ", "); got != "alice@h r@c g1@h true, alice@h r@c g2@h true" {
		t.Errorf("asked %s", got)
	}
	d.asked = nil
	for _, bad := range []command{submitted("open", "r@c g@h"), submitted("admit"), submitted("admit", "nobody"), submitted("", "r@c g@h"),
		submitted("admit", make([]string, maxListed+1)...), {Node: lobbyNode, Form: &form{Type: "submit"}}} {
		if out, err := step(t, d, bad); err != nil || out.Note == nil || out.Note.Type != "error" {
			t.Errorf("%+v: %+v, %v", bad, out, err)
		}
	}
	if len(d.asked) > 0 {
		t.Errorf("a bad form asked %v", d.asked)
	}
	d.err = moderation.ErrNotModerator
	if out, err := step(t, d, submitted("deny", "r@c g@h")); err != nil || out.Note.Type != "error" || !strings.Contains(out.Note.Text, "not moderator of r@c") {
		t.Errorf("no moderator: %+v, %v", out, err)
	}
	d.err = moderation.ErrUnreachable
	if _, err := step(t, d, submitted("deny", "r@c g@h")); !errors.Is(err, moderation.ErrUnreachable) {
		t.Errorf("without an answer: %v", err)
	}
}

// TestCommandsAreBounded: commands that hang take their places, and no more; the next is told to wait.
func TestCommandsAreBounded(t *testing.T) {
	d := &desk{block: make(chan bool)}
	defer close(d.block)
	s := newSession(&stream{conn: new(net.TCPConn)}, "usher.example.com", Options{Desk: d})
	for i := range maxAtDesk + 3 {
		s.command(&iq{ID: fmt.Sprint(i), From: "alice@h/phone", Command: &command{Node: lobbyNode}})
	}
	for range 3 {
		select {
		case out := <-s.queue:
			if !strings.Contains(string(out), "resource-constraint") {
				t.Errorf("answered %s", out)
			}
		case <-time.After(3 * time.Second):
			t.Fatal("no answer to one too many")
		}
	}
}
