package component

import (
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"usher/moderation/notify"
)

// says has a session read one stanza.
func (s *session) says(t *testing.T, text string) {
	t.Helper()
	s.in = &limited{r: strings.NewReader(text)}
	s.dec = xml.NewDecoder(s.in)
	start, err := s.next()
	if err == nil {
		err = s.receive(start)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestForeignAttributes: Prosody stamps from and no more; an attribute of that name in another namespace, before it or
// behind it, makes nobody a moderator, and has nobody else be answered.
func TestForeignAttributes(t *testing.T) {
	const real, forged = " type='set' id='1' from='guest@g/r'", " xmlns:x='urn:x' x:from='alice@h/r' x:id='2' x:type='get'"
	for _, attributes := range []string{real + forged, forged + real} {
		d := &decisions{}
		s := newSession(&stream{}, "usher.example.com", Options{Command: notify.NewDialog(d, d), Log: slog.New(slog.DiscardHandler)})
		s.ctx = t.Context()
		s.says(t, "<iq"+attributes+"><command xmlns='http://jabber.org/protocol/commands' node='lobby'><x xmlns='jabber:x:data' type='submit'>"+
			"<field var='who'><value>r@c guest@g</value></field><field var='decision'><value>admit</value></field></x></command></iq>")
		select {
		case out := <-s.queue:
			if got := string(out); !strings.HasPrefix(got, "<iq type='result' id='1' from='usher.example.com' to='guest@g/r'>") {
				t.Errorf("the answer %s", got)
			}
		case <-time.After(3 * time.Second):
			t.Fatal("no answer")
		}
		s.commands.Wait()
		if got := fmt.Sprint(d.asked); got != "[guest@g r@c guest@g true]" {
			t.Errorf("with%s: asked as %s", attributes, got)
		}
	}
}
