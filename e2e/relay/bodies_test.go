package relay

import (
	"strings"
	"sync"
	"testing"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// inBodies binds an account by BOSH.
func inBodies(t testing.TB, w *world.World, l world.Link) (b *client.Bodies, c *caller) {
	t.Helper()
	b = w.Bodies(t, l)
	jid, err := b.Bind(world.Within(t))
	if err != nil {
		t.Fatal(err)
	}
	return b, &caller{jid: jid}
}

func ping(id string) string {
	return "<iq type='get' id='" + id + "' to='" + world.Meet + "'><ping xmlns='urn:xmpp:ping'/></iq>"
}

// TestBodies: a refused stanza among others in a body, bodies out of order and sent twice leave the session in order.
func TestBodies(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		w.Begin(room)
		b, c := inBodies(t, w, link(t, "alice", "one", tokens.Moderator(), "one"))
		answer, err := b.Say(world.Within(t), ping("a"), joining(world.Room("two"), c.nick()), joining(room, c.nick()),
			ping("b"))
		if err == nil {
			answer, err = b.Until(world.Within(t), answer, "'a'", "not-allowed", "code='110'", "'b'")
		}
		if err != nil {
			t.Fatalf("%v: %s", err, answer)
		}
		if n := strings.Count(answer, "not-allowed"); n != 1 || strings.Contains(answer, "ushr.") {
			t.Errorf("answered with %s", answer)
		}
		first, second := b.Next(), b.Next()
		var all sync.WaitGroup
		answers := make([]string, 3)
		all.Go(func() { answers[1], _ = b.Post(world.Within(t), second, "", namespaced(ping("d"))) })
		answers[0], _ = b.Post(world.Within(t), first, "", namespaced(ping("c"))+namespaced(joining(world.Room("two"), "n")))
		all.Wait()
		answers[2], _ = b.Until(world.Within(t), strings.Join(answers, ""), "'c'", "'d'", "not-allowed")
		again, err := b.Post(world.Within(t), second, "", namespaced(ping("d"))) // as if its answer had been lost
		if err != nil || strings.Contains(again, "terminate") {
			t.Errorf("sent again: %s, %v", again, err)
		}
		if answer, err = b.Say(world.Within(t), ping("e")); err == nil {
			_, err = b.Until(world.Within(t), answer, "'e'")
		}
		if err != nil {
			t.Errorf("the session is out of order: %v", err)
		}
		again, err = b.Post(world.Within(t), second, "", namespaced(ping("other")))
		if err == nil && !strings.Contains(again, "terminate") {
			t.Errorf("two bodies with one number: %s", again)
		}
	})
}

func namespaced(stanza string) string {
	name, rest, _ := strings.Cut(stanza, " ")
	return name + " xmlns='jabber:client' " + rest
}

// TestBodiesEnd: a revoked client of BOSH is shown out by the answer that it waits for, and told of the error by the next,
// however often it asks; Prosody lets go of it at once. After a restart of usher a session is not known any more.
func TestBodiesEnd(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		watcher := w.Follow(t, link(t, "watcher", "*", tokens.Moderator(), "one"))
		watcher.Meets(room)
		enters := func(account string) (*client.Bodies, *caller) {
			b, c := inBodies(t, w, link(t, account, "one", tokens.Moderator(), "one"))
			answer, err := b.Say(world.Within(t), joining(room, c.nick()))
			if err == nil {
				_, err = b.Until(world.Within(t), answer, "code='110'")
			}
			if err != nil {
				t.Fatal(err)
			}
			return b, c
		}
		b, c := enters("alice")
		held := make(chan string)
		go func() {
			answer, _ := b.Until(world.Within(t), "", `code="307"`)
			held <- answer
		}()
		w.Usher.Run(t, "sessions", "revoke", "--user", "alice")
		if told := <-held; !strings.Contains(told, shownOut(room, c.nick(), c.jid)) || strings.Contains(told, "code='301'") {
			t.Errorf("it was told %s", told)
		}
		want := `<body xmlns="http://jabber.org/protocol/httpbind" type="terminate" condition="remote-stream-error">` + lastWord() + `</body>`
		for range 2 {
			if told, err := b.Say(world.Within(t)); err != nil || told != want {
				t.Errorf("then it was told %s, %v", told, err)
			}
		}
		if err := watcher.Absent(world.Within(t), room, c.nick()); err != nil {
			t.Error(err)
		}
		b, c = enters("bob")
		w.Usher.Kill()
		w.Usher.Start()
		told, err := b.Say(world.Within(t), ping("late"))
		if err != nil || !strings.Contains(told, "terminate") || !strings.Contains(told, "item-not-found") {
			t.Errorf("after a restart it was told %s, %v", told, err)
		}
		late := w.Follow(t, link(t, "late", "*", tokens.Moderator(), "one")) // the watcher's connection went with usher
		late.Joins(room)
		if shown := late.Shown(room, c.nick()); shown != "" && late.Absent(world.Within(t), room, c.nick()) != nil {
			t.Errorf("it is in the room: %s", shown)
		}
	})
}
