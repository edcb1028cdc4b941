package relay

import (
	"strings"
	"sync"
	"syscall"
	"testing"

	"usher/e2e/child"
	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// endsFor says something at once, and returns what comes until the end. Prosody stands still meanwhile: with its answer
// to the first message known, the second may be good.
func (c *caller) endsFor(t *testing.T, w *world.World, messages ...string) (rest []string, err error) {
	t.Helper()
	if err := child.Suspend(w.Prosody.PID()); err != nil {
		t.Error(err)
	}
	defer func() {
		if err := syscall.Kill(w.Prosody.PID(), syscall.SIGCONT); err != nil {
			t.Error(err)
		}
	}()
	if err := c.Send(messages...); err != nil {
		return nil, err
	}
	return c.Ended(world.Within(t))
}

// ends wants a stream to end with this error for what is said at once, and nobody to be in the room.
func (c *caller) ends(t *testing.T, w *world.World, watcher *world.Person, condition string, messages ...string) {
	t.Helper()
	rest, err := c.endsFor(t, w, messages...)
	if err != nil || len(of(rest, "<"+condition+" ")) != 1 || len(of(rest, "<presence")) > 0 {
		t.Errorf("it ended with %q, %v; want %s", rest, err, condition)
	}
	if err := watcher.Ping(world.Within(t), world.Meet); err != nil {
		t.Fatal(err)
	}
	if shown := watcher.Shown(world.Room("one"), "early"); shown != "" {
		t.Errorf("it is in the room: %s", shown)
	}
}

// TestBeforeBind: nothing but what leads to an account passes before usher knows that account, in one write, in one
// body, or in two bodies at once; the client is told its account when usher's state has it.
func TestBeforeBind(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		watcher := w.Follow(t, link(t, "watcher", "*", tokens.Moderator(), "one"))
		watcher.Meets(world.Room("one"))
		join := joining(world.Room("one"), "early")
		for name, messages := range map[string][]string{
			"bind and join": {client.BindRequest, join}, "join": {join}, "two binds": {client.BindRequest, client.BindRequest},
			"message":         {"<message to='" + world.Room("one") + "' type='groupchat'><body>x</body></message>"},
			"bind and enable": {client.BindRequest, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"},
			"bind of another": {strings.Replace(client.BindRequest, "<iq ", "<iq to='"+world.Meet+"' ", 1)},
		} {
			t.Run(name, func(t *testing.T) {
				c := &caller{Wire: w.Wire(t, link(t, "alice", "one", nil, "one"))}
				c.ends(t, w, watcher, "policy-violation", messages...)
			})
		}
		t.Run("in one body", func(t *testing.T) {
			b := w.Bodies(t, link(t, "alice", "one", nil, "one"))
			answer, err := b.Say(world.Within(t), client.BindRequest, join)
			if err != nil || !strings.Contains(answer, "terminate") || !strings.Contains(answer, "policy-violation") {
				t.Errorf("answered with %s, %v", answer, err)
			}
		})
		t.Run("in two bodies", func(t *testing.T) {
			b := w.Bodies(t, link(t, "alice", "one", nil, "one"))
			first, second := b.Next(), b.Next()
			var all sync.WaitGroup
			answers := make([]string, 2)
			all.Go(func() { answers[1], _ = b.Post(world.Within(t), second, "", join) })
			answers[0], _ = b.Post(world.Within(t), first, "", client.BindRequest)
			all.Wait()
			// Where the second came once the account was recorded it passes, and is alice's.
			text := strings.Join(answers, "")
			refused, joined := strings.Contains(text, "policy-violation"), strings.Contains(text, "code='110'")
			switch {
			case refused == joined:
				t.Errorf("answered with %s", text)
			case joined && (!strings.Contains(answers[0], "<jid>") || !strings.Contains(text, "<id>alice</id>")):
				t.Errorf("it joined before it was bound: %s", text)
			}
		})
		t.Run("recorded first", func(t *testing.T) {
			c := &caller{Wire: w.Wire(t, link(t, "alice", "one", nil, "one"))}
			var err error
			if c.jid, err = c.Bind(world.Within(t)); err != nil {
				t.Fatal(err)
			}
			w.Usher.Kill()
			w.Usher.Start()
			if list := w.Usher.Run(t, "sessions", "list"); !strings.Contains(list, c.bare()) {
				t.Errorf("usher does not know %s:\n%s", c.bare(), list)
			}
		})
	})
}
