package lobby

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"usher/e2e/parts"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// python is Debian's: slixmpp is a package of Debian (scripts/install.sh slixmpp).
const python = "/usr/bin/python3"

// adhoc runs the command as a client of somebody else's making does, and returns what it printed, an object a line.
func adhoc(t *testing.T, w *world.World, account string, claims map[string]any, args ...string) []map[string]any {
	t.Helper()
	all := append([]string{"testdata/adhoc.py", portOf(w.Prosody.C2S()), account + "@" + world.Meet,
		tokens.Sign(t, world.Meet, claims), world.UsherJID}, args...)
	cmd := exec.CommandContext(world.Within(t), python, all...)
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
	if exec.Command(python, "-c", "import slixmpp").Run() != nil {
		parts.Need(t, parts.Why("slixmpp", errors.New("slixmpp is not installed: run scripts/install.sh slixmpp")))
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

// TestRoomsLobbyCommands: a moderator sees who waits and decides, with any client that knows XEP-0050; nobody else
// does.
func TestRoomsLobbyCommands(t *testing.T) {
	requireSlixmpp(t)
	prosodytest.Require(t, "")
	eachLobby(t, func(t *testing.T, w *world.World, mode string) {
		r, other := world.Room("commands"), world.Room("commands-2")
		w.Moderator(t, "alice", "commands").JoinsAs(r, "moderator/owner")
		joinsAtOnce(t, w, w.Moderator(t, "carol", "commands"), r, mode, "moderator/owner")
		w.Moderator(t, "zoe", "commands-2").JoinsAs(other, "moderator/owner")
		first, second, elsewhere := w.Guest(t), w.Guest(t), w.Guest(t)
		first.IsRefused(r, waits(mode))
		second.IsRefused(r, waits(mode))
		elsewhere.IsRefused(other, waits(mode))

		carol := tokens.Claims("carol", "commands", tokens.Moderator())
		seen := adhoc(t, w, "carol", carol, r, "see", "-")
		if got := text(t, seen); !strings.Contains(got, `"lobby","Lobby`) || !strings.Contains(got, first.Bare()) ||
			!strings.Contains(got, second.Bare()) || strings.Contains(got, elsewhere.Bare()) {
			t.Errorf("a moderator sees %s", got)
		}
		if got := text(t, adhoc(t, w, "carol", carol, r, "admit", first.Bare())); !strings.Contains(got, "Let in: 1") {
			t.Errorf("admitting says %s", got)
		}
		first.IsInvited(r)
		first.Joins(r)
		if got := text(t, adhoc(t, w, "carol", carol, r, "deny", second.Bare())); !strings.Contains(got, "Denied: 1") {
			t.Errorf("denying says %s", got)
		}
		second.IsRefused(r, "not-authorized")

		// Who is no moderator sees nothing, and can decide nothing, whatever he submits.
		third := w.Guest(t)
		third.IsRefused(r, waits(mode))
		bob := tokens.Claims("bob", "commands", nil)
		for _, args := range [][]string{{r, "see", "-"}, {"-", "see", "-"}, {r, "admit", r + " " + third.Bare()}} {
			if got := text(t, adhoc(t, w, "bob", bob, args...)); !strings.Contains(got, "Nobody waits") ||
				strings.Contains(got, third.Bare()) {
				t.Errorf("a participant: %v: %s", args, got)
			}
		}
		zoe := adhoc(t, w, "zoe", tokens.Claims("zoe", "commands-2", tokens.Moderator()), "-", "admit",
			r+" "+third.Bare())
		if got := text(t, zoe); !strings.Contains(got, "You are not moderator of") {
			t.Errorf("the moderator of another room: %s", got)
		}
		bobs := w.Participant(t, "bob", "commands")
		bobs.Joins(r)
		if note := command(t, bobs, r+" "+third.Bare(), "admit"); !strings.Contains(note, "not moderator") {
			t.Errorf("a participant who submits at once: %q", note)
		}
		third.IsRefused(r, waits(mode))

		// What a moderator decided is known by the moderator's name, and nobody else is said to have decided.
		for command, about := range map[string]*world.Person{"lobby admit": first, "lobby deny": second} {
			w.Usher.Await(t, 0, fmt.Sprintf("msg=audit command=%q target=%q result=done account=carol@%s", command,
				r+" "+about.Bare(), world.Meet))
		}
		log := w.Usher.Log()
		if n := strings.Count(log, "msg=audit command=\"lobby"); n != 2 {
			t.Errorf("%d changes are audited\n%s", n, log)
		}
	})
}

// command submits a decision without having asked for the form.
func command(t *testing.T, p *world.Person, who, decision string) string {
	t.Helper()
	note, err := p.Command(world.Within(t), world.UsherJID, "lobby",
		map[string]string{"who": who, "decision": decision})
	if err != nil {
		t.Fatal(err)
	}
	return note
}
