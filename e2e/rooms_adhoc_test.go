package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"usher/e2e/prosody/prosodytest"
)

// python is Debian's: slixmpp is a package of Debian (scripts/install.sh slixmpp).
const python = "/usr/bin/python3"

// adhoc runs the command as a client of somebody else's making does, and returns what it printed, an object a line.
func (w *roomsWorld) adhoc(t *testing.T, account string, claims map[string]any, args ...string) []map[string]any {
	t.Helper()
	all := append([]string{"testdata/adhoc.py", portOf(w.prosody.C2S()), account + "@" + meet, token(t, meet, claims), usherJID}, args...)
	cmd := exec.CommandContext(within(t), python, all...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("adhoc.py: %v\n%s%s", err, out, said.String())
	}
	var list []map[string]any
	for line := range strings.Lines(string(out)) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("adhoc.py says %q", line)
		}
		list = append(list, v)
	}
	return list
}

func portOf(address string) string { return address[strings.LastIndex(address, ":")+1:] }

func requireSlixmpp(t *testing.T) {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import slixmpp").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%v: %s", err, out)
		}
		t.Skipf("no slixmpp: scripts/install.sh slixmpp installs it: %s", out)
	}
}

// text is what was printed, for looking for words in it.
func text(t *testing.T, list []map[string]any) string {
	t.Helper()
	out, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestRoomsLobbyCommands: a moderator sees who waits and decides, with any client that knows XEP-0050; nobody else does.
func TestRoomsLobbyCommands(t *testing.T) {
	requireSlixmpp(t)
	prosodytest.Require(t, "")
	eachLobby(t, func(t *testing.T, w *roomsWorld, mode string) {
		r, other := room("commands"), room("commands-2")
		w.enter(t, "alice", "commands", moderator).joinAs(r, "moderator/owner")
		w.enter(t, "carol", "commands", moderator).joinAs(r, "moderator/owner")
		w.enter(t, "zoe", "commands-2", moderator).joinAs(other, "moderator/owner")
		first, second, elsewhere := w.guest(t), w.guest(t), w.guest(t)
		first.refused(r, waits(mode))
		second.refused(r, waits(mode))
		elsewhere.refused(other, waits(mode))

		carol := claims("carol", "commands", moderator)
		seen := w.adhoc(t, "carol", carol, r, "see", "-")
		if got := text(t, seen); !strings.Contains(got, `"lobby","Lobby`) || !strings.Contains(got, first.bare()) ||
			!strings.Contains(got, second.bare()) || strings.Contains(got, elsewhere.bare()) {
			t.Errorf("a moderator sees %s", got)
		}
		if got := text(t, w.adhoc(t, "carol", carol, r, "admit", first.bare())); !strings.Contains(got, "Let in: 1") {
			t.Errorf("admitting says %s", got)
		}
		first.invited(r)
		first.join(r)
		if got := text(t, w.adhoc(t, "carol", carol, r, "deny", second.bare())); !strings.Contains(got, "Denied: 1") {
			t.Errorf("denying says %s", got)
		}
		second.refused(r, "not-authorized")

		// Who is no moderator sees nothing, and can decide nothing, whatever he submits.
		third := w.guest(t)
		third.refused(r, waits(mode))
		bob := claims("bob", "commands", nil)
		for _, args := range [][]string{{r, "see", "-"}, {"-", "see", "-"}, {r, "admit", r + " " + third.bare()}} {
			if got := text(t, w.adhoc(t, "bob", bob, args...)); !strings.Contains(got, "Nobody waits") || strings.Contains(got, third.bare()) {
				t.Errorf("a participant: %v: %s", args, got)
			}
		}
		zoe := w.adhoc(t, "zoe", claims("zoe", "commands-2", moderator), "-", "admit", r+" "+third.bare())
		if got := text(t, zoe); !strings.Contains(got, "You are not moderator of") {
			t.Errorf("the moderator of another room: %s", got)
		}
		bobs := w.enter(t, "bob", "commands", nil)
		bobs.join(r)
		if note := bobs.command(r+" "+third.bare(), "admit"); !strings.Contains(note, "not moderator") {
			t.Errorf("a participant who submits at once: %q", note)
		}
		third.refused(r, waits(mode))
	})
}

// command submits a decision without having asked for the form.
func (p *person) command(who, decision string) string {
	p.t.Helper()
	note, err := p.Command(within(p.t), usherJID, "lobby", map[string]string{"who": who, "decision": decision})
	if err != nil {
		p.t.Fatal(err)
	}
	return note
}
