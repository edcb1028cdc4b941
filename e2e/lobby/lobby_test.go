package lobby

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/world"
	"usher/lobby"
)

// lobbyOf turns the lobby on for all rooms but those that begin with "open-". As in every Jitsi since April 2025, rooms tell
// nothing to who is not in them, admins included.
func lobbyOf(mode string) world.Options {
	return world.Options{Modules: `{ "muc_http_auth", "muc_http_defaults", "muc_hide_all" }`,
		Host: "    lobby:\n      enforce: " + mode + "\n      rooms: {\"*\": on, \"open-*\": off}\n" +
			"      whitelist: [focus@" + world.Services + ", \"fixed@" + world.Meet + " room=board-*\"]\n"}
}

// waits is what a client sees whom the lobby holds back.
func waits(mode string) string {
	if mode == "gate" {
		return "not-authorized"
	}
	return "registration-required"
}

func eachLobby(t *testing.T, test func(t *testing.T, w *world.World, mode string)) {
	for _, mode := range []string{"members-only", "gate"} {
		t.Run(mode, func(t *testing.T) {
			world.Each(t, lobbyOf(mode), func(t *testing.T, w *world.World) { test(t, w, mode) })
		})
	}
}

func knocks(t *testing.T, w *world.World) []lobby.Knock {
	t.Helper()
	var list []lobby.Knock
	if err := json.Unmarshal([]byte(w.Usher.Run(t, "lobby", "knocks", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestRoomsLobby is the table of who waits and who passes, at the first attempt.
func TestRoomsLobby(t *testing.T) {
	facts := map[string]func(t *testing.T, w *world.World, mode string){
		"guest is admitted": func(t *testing.T, w *world.World, mode string) {
			r := world.Room("admitted")
			alice := w.Moderator(t, "alice", "admitted")
			alice.JoinsAs(r, "moderator/owner")
			guest := w.Guest(t)
			guest.IsRefused(r, waits(mode))
			knocked(t, w, r, guest)
			out := w.Usher.Run(t, "lobby", "admit", "admitted", guest.Bare())
			if !strings.Contains(out, "admitted "+guest.Bare()+" to "+r) {
				t.Errorf("admit says %q", out)
			}
			guest.IsInvited(r)
			want := "participant/member"
			if mode == "gate" {
				want = "participant/none"
			}
			if first := guest.Joins(r); first != want {
				t.Errorf("the guest came in as %s, want %s", first, want)
			}
			for _, k := range knocks(t, w) {
				if k.JID == guest.Bare() {
					t.Error("the knock is still there")
				}
			}
			alice.Stays(r, "moderator/owner")
		},
		"let in by the room itself": func(t *testing.T, w *world.World, mode string) {
			if mode == "gate" { // there usher decides alone
				return
			}
			r := world.Room("by-hand")
			alice := w.Moderator(t, "alice", "by-hand")
			alice.JoinsAs(r, "moderator/owner")
			guest := w.Guest(t)
			guest.IsRefused(r, waits(mode))
			if err := alice.InviteTo(r, guest.Bare()); err != nil { // what Jitsi's client does when a moderator admits
				t.Fatal(err)
			}
			member(t, w, r, guest, mode)
			if first := guest.Joins(r); first != "participant/member" {
				t.Errorf("the guest came in as %s", first)
			}
			for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
				if !slices.ContainsFunc(knocks(t, w), func(k lobby.Knock) bool { return k.JID == guest.Bare() }) {
					break
				}
				if time.Since(began) > patience {
					t.Fatal("who is in the room is still among those who wait")
				}
			}
			guest.Stays(r, "participant/member")
		},
		"nothing else of the room changes": func(t *testing.T, w *world.World, mode string) {
			alice := w.Moderator(t, "alice", "*")
			var features [2][]string
			for i, name := range []string{"open-9", "closed-9"} {
				r := world.Room(name)
				alice.JoinsAs(r, "moderator/owner")
				if i == 1 {
					w.Guest(t).IsRefused(r, waits(mode)) // the lobby is on by now
				}
				var err error
				if features[i], err = alice.Features(world.Within(t), r); err != nil {
					t.Fatal(err)
				}
				slices.Sort(features[i])
			}
			if !slices.Contains(features[1], "muc_hidden") {
				t.Errorf("the room is %v", features[1])
			}
			closed := slices.Index(features[1], "muc_membersonly")
			if (closed >= 0) != (mode == "members-only") {
				t.Errorf("the room is %v", features[1])
			}
			if closed >= 0 {
				features[1][closed] = "muc_open"
				slices.Sort(features[1])
			}
			if !slices.Equal(features[0], features[1]) {
				t.Errorf("without a lobby %v, with one %v", features[0], features[1])
			}
		},
		"the room tells nothing to who is not in it": func(t *testing.T, w *world.World, _ string) {
			r := world.Room("silent")
			alice := w.Moderator(t, "alice", "silent")
			alice.JoinsAs(r, "moderator/owner")
			focus := w.Login(t, world.Services, client.Plain("focus", "secret")) // an admin
			_, err := focus.Features(world.Within(t), r)
			if refused, ok := errors.AsType[*client.StanzaError](err); !ok || refused.Condition != "forbidden" {
				t.Errorf("an admin who is not in the room is answered %v", err)
			}
		},
		"denied stays out": func(t *testing.T, w *world.World, mode string) {
			r := world.Room("denied")
			w.Moderator(t, "alice", "denied").JoinsAs(r, "moderator/owner")
			guest := w.Guest(t)
			guest.IsRefused(r, waits(mode))
			w.Usher.Run(t, "lobby", "deny", r, guest.Bare())
			guest.IsRefused(r, "not-authorized")
			guest.IsRefused(r, "not-authorized")
			w.Usher.Run(t, "lobby", "admit", r, guest.Bare()) // a later decision counts
			guest.IsInvited(r)
			guest.Joins(r)
		},
		"moderator enters and enters again": func(t *testing.T, w *world.World, _ string) {
			r := world.Room("again")
			alice := w.Moderator(t, "alice", "again")
			carol := w.Moderator(t, "carol", "*")
			for range 2 { // the second time in a new room: everybody has left
				if first := alice.Joins(r); first != "moderator/owner" {
					t.Errorf("the first presence said %s", first)
				}
				carol.JoinsAs(r, "moderator/owner")
				alice.Leaves(r)
				if first := alice.Joins(r); first != "moderator/owner" {
					t.Errorf("again: the first presence said %s", first)
				}
				carol.Leaves(r)
				alice.Leaves(r)
			}
		},
		"tokens pass": func(t *testing.T, w *world.World, mode string) {
			r := world.Room("tokens")
			old := w.Participant(t, "olga", "*") // logged in before the room is there
			w.Moderator(t, "alice", "tokens").JoinsAs(r, "moderator/owner")
			w.Guest(t).IsRefused(r, waits(mode)) // the lobby is on by now
			for account, claimed := range map[string]any{"bob": "tokens", "dave": "*", "erin": []any{"x", "tokens"}} {
				joinsAtOnce(t, w, w.Participant(t, account, claimed), r, mode, "participant/member")
			}
			regex := w.Enter(t, "judy", "tok.*", map[string]any{"room.regex": true})
			joinsAtOnce(t, w, regex, r, mode, "participant/member")
			bypass := w.Enter(t, "kim", "tokens", map[string]any{"user.lobby_bypass": "true"})
			joinsAtOnce(t, w, bypass, r, mode, "participant/member")
			old.JoinsAs(r, "participant/member")
			w.Moderator(t, "mallory", "another").IsRefused(r, "not-authorized")
		},
		"token that says so waits": func(t *testing.T, w *world.World, mode string) {
			r := world.Room("nobypass")
			w.Moderator(t, "alice", "nobypass").JoinsAs(r, "moderator/owner")
			bob := w.Enter(t, "bob", "nobypass", map[string]any{"user.lobby_bypass": false})
			bob.IsRefused(r, waits(mode))
			knocked(t, w, r, bob)
			w.Usher.Run(t, "lobby", "admit", r, bob.Bare())
			bob.IsInvited(r)
			bob.JoinsAs(r, "participant/member")
			carol := w.Enter(t, "carol", "nobypass", map[string]any{"user.lobby_bypass": false, "moderator": true})
			joinsAtOnce(t, w, carol, r, mode, "moderator/owner")
		},
		"whitelist changes while it runs": func(t *testing.T, w *world.World, mode string) {
			r := world.Room("board-1")
			w.Moderator(t, "alice", "board-1").JoinsAs(r, "moderator/owner")
			guest := w.Guest(t)
			guest.IsRefused(r, waits(mode))
			w.Usher.Run(t, "lobby", "allow", "--room", "board-*", "--ttl", "1h", "--note", "audit", "--", guest.Bare())
			member(t, w, r, guest, mode)
			guest.Joins(r)
			if out := w.Usher.Run(t, "lobby", "list"); !strings.Contains(out, guest.Bare()) ||
				!strings.Contains(out, "audit") || !strings.Contains(out, "(configuration)") {
				t.Errorf("list says\n%s", out)
			}
			guest.Leaves(r)
			w.Usher.Run(t, "lobby", "remove", "--room", "board-*", "--", guest.Bare())
			guest.IsRefusedAnyhow(r)
			other := world.Room("other-1")
			w.Moderator(t, "alice", "other-1").JoinsAs(other, "moderator/owner")
			w.Usher.Run(t, "lobby", "allow", "--room", "board-*", "--", guest.Bare())
			guest.IsRefused(other, waits(mode))
		},
		"whitelisted before the room": func(t *testing.T, w *world.World, _ string) {
			r := world.Room("early")
			guest := w.Guest(t)
			w.Usher.Run(t, "lobby", "allow", "--room", "early", "--", guest.Bare())
			guest.IsRefused(r, "not-authorized") // never starts a room
			w.Moderator(t, "alice", "early").JoinsAs(r, "moderator/owner")
			guest.Joins(r)
		},
		"recorder": func(t *testing.T, w *world.World, mode string) {
			r := world.Room("recorded")
			w.Moderator(t, "alice", "recorded").JoinsAs(r, "moderator/owner")
			recorder := w.Login(t, world.Services, client.Plain("recorder", "secret"))
			recorder.IsRefused(r, "not-authorized") // of a host that has no say here
			w.Usher.Run(t, "lobby", "allow", recorder.Bare())
			member(t, w, r, recorder, mode)
			recorder.Joins(r)
			w.Usher.Run(t, "lobby", "remove", recorder.Bare())
			if got, err := recorder.Self(r); err != nil || got.Role != "participant" {
				t.Errorf("who was in became %v, %v", got, err)
			}
		},
		"a whole domain": func(t *testing.T, w *world.World, mode string) {
			r := world.Room("domain-1")
			w.Moderator(t, "alice", "domain-1").JoinsAs(r, "moderator/owner")
			w.Guest(t).IsRefused(r, waits(mode))
			out := w.Usher.Run(t, "lobby", "allow", "--room", "domain-*", world.Guests)
			if warned := strings.Contains(out, "second try"); warned != (mode == "members-only") {
				t.Errorf("allow says %q", out)
			}
			guest := w.Guest(t)
			if mode == "gate" {
				guest.Joins(r)
			} else { // a domain cannot be a member: usher check and lobby allow say so
				guest.IsRefusedAnyhow(r)
				member(t, w, r, guest, mode)
				guest.Joins(r)
			}
			w.Usher.Run(t, "lobby", "remove", "--room", "domain-*", world.Guests)
		},
		"export and import": func(t *testing.T, w *world.World, _ string) {
			w.Usher.Run(t, "lobby", "allow", "--room", "ex-*", "--ttl", "2h", "--note", "for a while", "ex@"+world.Meet)
			exported := w.Usher.Run(t, "lobby", "export")
			if !strings.Contains(exported, "ex@"+world.Meet+" room=ex-* until=") ||
				!strings.Contains(exported, "# for a while") || strings.Contains(exported, "fixed@") {
				t.Errorf("export says\n%s", exported)
			}
			w.Usher.Write("whitelist.txt", exported+"\n# a comment\nnew@"+world.Meet+"\n")
			out := w.Usher.Run(t, "lobby", "import", "--replace", w.Usher.Path("whitelist.txt"))
			if !strings.Contains(out, "0 taken off") {
				t.Errorf("import says %q", out)
			}
			again := w.Usher.Run(t, "lobby", "export")
			for line := range strings.Lines(exported + "new@" + world.Meet + "\n") {
				if !strings.Contains("\n"+again, "\n"+line) {
					t.Errorf("after the import %q is missing:\n%s", line, again)
				}
			}
			w.Usher.Run(t, "lobby", "remove", "--room", "ex-*", "ex@"+world.Meet)
			w.Usher.Run(t, "lobby", "remove", "new@"+world.Meet)
		},
		"off for other rooms": func(t *testing.T, w *world.World, _ string) {
			r := world.Room("open-1")
			w.Moderator(t, "alice", "open-1").JoinsAs(r, "moderator/owner")
			w.Guest(t).JoinsAs(r, "participant/none")
		},
		"the token turns it on and off": func(t *testing.T, w *world.World, mode string) {
			on, off := world.Room("open-2"), world.Room("closed-2")
			w.Enter(t, "alice", "open-2", map[string]any{"moderator": true, "room.lobby": "true"}).JoinsAs(on,
				"moderator/owner")
			w.Guest(t).IsRefused(on, waits(mode))
			w.Enter(t, "alice", "closed-2", map[string]any{"moderator": true,
				"room.lobby_autostart": false}).JoinsAs(off, "moderator/owner")
			w.Guest(t).JoinsAs(off, "participant/none")
			running := world.Room("open-3")
			w.Participant(t, "bob", "open-3").JoinsAs(running, "participant/member")
			early := w.Guest(t)
			early.JoinsAs(running, "participant/none")
			w.Enter(t, "alice", "open-3", map[string]any{"moderator": true, "room.lobby": true}).JoinsAs(running,
				"moderator/owner")
			w.Guest(t).IsRefused(running, waits(mode))
			time.Sleep(300 * time.Millisecond)
			if got, err := early.Self(running); err != nil || got.Role != "participant" {
				t.Errorf("who was in is %v, %v", got, err)
			}
		},
		"service account": func(t *testing.T, w *world.World, _ string) {
			r := world.Room("service-lobby")
			focus := w.Focus(t)
			focus.Joins(r)
			w.Moderator(t, "alice", "service-lobby").JoinsAs(r, "moderator/owner")
			focus.Leaves(r)
			focus.Joins(r)
		},
	}
	eachLobby(t, func(t *testing.T, w *world.World, mode string) {
		for name, fact := range facts {
			t.Run(name, func(t *testing.T) { fact(t, w, mode) })
		}
	})
}

// knocked wants somebody to be listed.
func knocked(t *testing.T, w *world.World, room string, who *world.Person) {
	t.Helper()
	for _, k := range knocks(t, w) {
		if k.Room == room && k.JID == who.Bare() && k.Count > 0 && k.Name == who.Nick() {
			return
		}
	}
	t.Errorf("%s is not among the knocks %+v", who.Bare(), knocks(t, w))
}

// patience is for what takes no second, unless the machine is busy.
const patience = 20 * time.Second

// member waits until somebody is a member, where that matters.
func member(t *testing.T, w *world.World, room string, who *world.Person, mode string) {
	t.Helper()
	if mode == "gate" {
		return
	}
	focus := w.Focus(t)
	for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		list, err := focus.Admin(world.Within(t), room, "get", client.Item{Affiliation: "member"})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range list {
			if it.JID == who.Bare() {
				return
			}
		}
	}
	t.Errorf("%s is no member of %s after %v", who.Bare(), room, patience)
}

// joinsAtOnce wants role/affiliation of an account that has logged in some milliseconds ago. A room that lets members in
// only may want a second try (docs/lobby.md): the role is computed before the account can be made a member.
func joinsAtOnce(t *testing.T, w *world.World, p *world.Person, room, mode, want string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		_, err := p.Join(world.Within(t), room, p.Nick())
		if err == nil {
			break
		}
		refused, ok := errors.AsType[*client.StanzaError](err)
		early := ok && refused.Condition == "registration-required" || errors.Is(err, client.ErrLeft)
		if mode == "gate" || !early || time.Since(began) > patience {
			t.Fatalf("%s joining %s: %v\n%s", p.Bare(), room, err, w.Usher.Log())
		}
		t.Logf("%s wants another try: %v", p.Bare(), err)
	}
	p.Becomes(room, want)
}
