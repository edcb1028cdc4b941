package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/lobby"
)

// lobbyOf turns the lobby on for all rooms but those that begin with "open-".
func lobbyOf(mode string) roomsOptions {
	return roomsOptions{muc: "muc_room_default_public = false\n", host: "    lobby:\n      enforce: " + mode + "\n      rooms: {\"*\": on, \"open-*\": off}\n      whitelist: [focus@" + services + ", \"fixed@" + meet + " room=board-*\"]\n"}
}

// waits is what a client sees whom the lobby holds back.
func waits(mode string) string {
	if mode == "gate" {
		return "not-authorized"
	}
	return "registration-required"
}

func eachLobby(t *testing.T, test func(t *testing.T, w *roomsWorld, mode string)) {
	for _, mode := range []string{"members-only", "gate"} {
		t.Run(mode, func(t *testing.T) {
			eachRooms(t, lobbyOf(mode), func(t *testing.T, w *roomsWorld) { test(t, w, mode) })
		})
	}
}

func (w *roomsWorld) knocks(t *testing.T) []lobby.Knock {
	t.Helper()
	var list []lobby.Knock
	if err := json.Unmarshal([]byte(w.run(t, "lobby", "knocks", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestRoomsLobby is the table of who waits and who passes, at the first attempt.
func TestRoomsLobby(t *testing.T) {
	facts := map[string]func(t *testing.T, w *roomsWorld, mode string){
		"guest is admitted": func(t *testing.T, w *roomsWorld, mode string) {
			r := room("admitted")
			alice := w.enter(t, "alice", "admitted", moderator)
			alice.joinAs(r, "moderator/owner")
			guest := w.guest(t)
			guest.refused(r, waits(mode))
			w.knocked(t, r, guest)
			if out := w.run(t, "lobby", "admit", "admitted", guest.bare()); !strings.Contains(out, "admitted "+guest.bare()+" to "+r) {
				t.Errorf("admit says %q", out)
			}
			guest.invited(r)
			want := "participant/member"
			if mode == "gate" {
				want = "participant/none"
			}
			if first := guest.join(r); first != want {
				t.Errorf("the guest came in as %s, want %s", first, want)
			}
			for _, k := range w.knocks(t) {
				if k.JID == guest.bare() {
					t.Error("the knock is still there")
				}
			}
			alice.stays(r, "moderator/owner")
		},
		"let in by the room itself": func(t *testing.T, w *roomsWorld, mode string) {
			if mode == "gate" { // there usher decides alone
				return
			}
			r := room("by-hand")
			alice := w.enter(t, "alice", "by-hand", moderator)
			alice.joinAs(r, "moderator/owner")
			guest := w.guest(t)
			guest.refused(r, waits(mode))
			if err := alice.InviteTo(r, guest.bare()); err != nil { // what Jitsi's client does when a moderator admits
				t.Fatal(err)
			}
			w.member(t, r, guest, mode)
			if first := guest.join(r); first != "participant/member" {
				t.Errorf("the guest came in as %s", first)
			}
			for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
				if !slices.ContainsFunc(w.knocks(t), func(k lobby.Knock) bool { return k.JID == guest.bare() }) {
					break
				}
				if time.Since(began) > 5*time.Second {
					t.Fatal("who is in the room is still among those who wait")
				}
			}
			guest.stays(r, "participant/member")
		},
		"nothing else of the room changes": func(t *testing.T, w *roomsWorld, mode string) {
			alice := w.enter(t, "alice", "*", moderator)
			var features [2][]string
			for i, name := range []string{"open-9", "closed-9"} {
				r := room(name)
				alice.joinAs(r, "moderator/owner")
				if i == 1 {
					w.guest(t).refused(r, waits(mode)) // the lobby is on by now
				}
				var err error
				if features[i], err = alice.Features(within(t), r); err != nil {
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
		"denied stays out": func(t *testing.T, w *roomsWorld, mode string) {
			r := room("denied")
			w.enter(t, "alice", "denied", moderator).joinAs(r, "moderator/owner")
			guest := w.guest(t)
			guest.refused(r, waits(mode))
			w.run(t, "lobby", "deny", r, guest.bare())
			guest.refused(r, "not-authorized")
			guest.refused(r, "not-authorized")
			w.run(t, "lobby", "admit", r, guest.bare()) // a later decision counts
			guest.invited(r)
			guest.join(r)
		},
		"moderator enters and enters again": func(t *testing.T, w *roomsWorld, _ string) {
			r := room("again")
			alice := w.enter(t, "alice", "again", moderator)
			carol := w.enter(t, "carol", "*", moderator)
			for range 2 { // the second time in a new room: everybody has left
				if first := alice.join(r); first != "moderator/owner" {
					t.Errorf("the first presence said %s", first)
				}
				carol.joinAs(r, "moderator/owner")
				alice.leave(r)
				if first := alice.join(r); first != "moderator/owner" {
					t.Errorf("again: the first presence said %s", first)
				}
				carol.leave(r)
				alice.leave(r)
			}
		},
		"tokens pass": func(t *testing.T, w *roomsWorld, mode string) {
			r := room("tokens")
			old := w.enter(t, "olga", "*", nil) // logged in before the room is there
			w.enter(t, "alice", "tokens", moderator).joinAs(r, "moderator/owner")
			w.guest(t).refused(r, waits(mode)) // the lobby is on by now
			for account, claimed := range map[string]any{"bob": "tokens", "dave": "*", "erin": []any{"x", "tokens"}} {
				w.enter(t, account, claimed, nil).joinAtOnce(r, "participant/member", mode)
			}
			regex := w.enter(t, "judy", "tok.*", map[string]any{"room.regex": true})
			regex.joinAtOnce(r, "participant/member", mode)
			bypass := w.enter(t, "kim", "tokens", map[string]any{"user.lobby_bypass": "true"})
			bypass.joinAtOnce(r, "participant/member", mode)
			old.joinAs(r, "participant/member")
			w.enter(t, "mallory", "another", moderator).refused(r, "not-authorized")
		},
		"token that says so waits": func(t *testing.T, w *roomsWorld, mode string) {
			r := room("nobypass")
			w.enter(t, "alice", "nobypass", moderator).joinAs(r, "moderator/owner")
			bob := w.enter(t, "bob", "nobypass", map[string]any{"user.lobby_bypass": false})
			bob.refused(r, waits(mode))
			w.knocked(t, r, bob)
			w.run(t, "lobby", "admit", r, bob.bare())
			bob.invited(r)
			bob.joinAs(r, "participant/member")
			w.enter(t, "carol", "nobypass", map[string]any{"user.lobby_bypass": false, "moderator": true}).joinAs(r, "moderator/owner")
		},
		"whitelist changes while it runs": func(t *testing.T, w *roomsWorld, mode string) {
			r := room("board-1")
			w.enter(t, "alice", "board-1", moderator).joinAs(r, "moderator/owner")
			guest := w.guest(t)
			guest.refused(r, waits(mode))
			w.run(t, "lobby", "allow", "--room", "board-*", "--ttl", "1h", "--note", "audit", "--", guest.bare())
			w.member(t, r, guest, mode)
			guest.join(r)
			if out := w.run(t, "lobby", "list"); !strings.Contains(out, guest.bare()) || !strings.Contains(out, "audit") || !strings.Contains(out, "(configuration)") {
				t.Errorf("list says\n%s", out)
			}
			guest.leave(r)
			w.run(t, "lobby", "remove", "--room", "board-*", "--", guest.bare())
			guest.refusedAny(r)
			other := room("other-1")
			w.enter(t, "alice", "other-1", moderator).joinAs(other, "moderator/owner")
			w.run(t, "lobby", "allow", "--room", "board-*", "--", guest.bare())
			guest.refused(other, waits(mode))
		},
		"whitelisted before the room": func(t *testing.T, w *roomsWorld, _ string) {
			r := room("early")
			guest := w.guest(t)
			w.run(t, "lobby", "allow", "--room", "early", "--", guest.bare())
			guest.refused(r, "not-authorized") // never starts a room
			w.enter(t, "alice", "early", moderator).joinAs(r, "moderator/owner")
			guest.join(r)
		},
		"recorder": func(t *testing.T, w *roomsWorld, mode string) {
			r := room("recorded")
			w.enter(t, "alice", "recorded", moderator).joinAs(r, "moderator/owner")
			recorder := w.login(t, services, client.Plain("recorder", "secret"))
			recorder.refused(r, "not-authorized") // of a host that has no say here
			w.run(t, "lobby", "allow", recorder.bare())
			w.member(t, r, recorder, mode)
			recorder.join(r)
			w.run(t, "lobby", "remove", recorder.bare())
			if got, err := recorder.Self(r); err != nil || got.Role != "participant" {
				t.Errorf("who was in became %v, %v", got, err)
			}
		},
		"a whole domain": func(t *testing.T, w *roomsWorld, mode string) {
			r := room("domain-1")
			w.enter(t, "alice", "domain-1", moderator).joinAs(r, "moderator/owner")
			w.guest(t).refused(r, waits(mode))
			out := w.run(t, "lobby", "allow", "--room", "domain-*", guests)
			if warned := strings.Contains(out, "second try"); warned != (mode == "members-only") {
				t.Errorf("allow says %q", out)
			}
			guest := w.guest(t)
			if mode == "gate" {
				guest.join(r)
			} else { // a domain cannot be a member: usher check and lobby allow say so
				guest.refusedAny(r)
				w.member(t, r, guest, mode)
				guest.join(r)
			}
			w.run(t, "lobby", "remove", "--room", "domain-*", guests)
		},
		"export and import": func(t *testing.T, w *roomsWorld, _ string) {
			w.run(t, "lobby", "allow", "--room", "ex-*", "--ttl", "2h", "--note", "for a while", "ex@"+meet)
			exported := w.run(t, "lobby", "export")
			if !strings.Contains(exported, "ex@"+meet+" room=ex-* until=") || !strings.Contains(exported, "# for a while") || strings.Contains(exported, "fixed@") {
				t.Errorf("export says\n%s", exported)
			}
			w.usher.write("whitelist.txt", exported+"\n# a comment\nnew@"+meet+"\n")
			if out := w.run(t, "lobby", "import", "--replace", w.usher.path("whitelist.txt")); !strings.Contains(out, "0 taken off") {
				t.Errorf("import says %q", out)
			}
			if again := w.run(t, "lobby", "export"); !strings.Contains(again, exported) && !strings.Contains(again, "new@"+meet) {
				t.Errorf("after the import\n%s", again)
			}
			w.run(t, "lobby", "remove", "--room", "ex-*", "ex@"+meet)
			w.run(t, "lobby", "remove", "new@"+meet)
		},
		"off for other rooms": func(t *testing.T, w *roomsWorld, _ string) {
			r := room("open-1")
			w.enter(t, "alice", "open-1", moderator).joinAs(r, "moderator/owner")
			w.guest(t).joinAs(r, "participant/none")
		},
		"the token turns it on and off": func(t *testing.T, w *roomsWorld, mode string) {
			on, off := room("open-2"), room("closed-2")
			w.enter(t, "alice", "open-2", map[string]any{"moderator": true, "room.lobby": "true"}).joinAs(on, "moderator/owner")
			w.guest(t).refused(on, waits(mode))
			w.enter(t, "alice", "closed-2", map[string]any{"moderator": true, "room.lobby_autostart": false}).joinAs(off, "moderator/owner")
			w.guest(t).joinAs(off, "participant/none")
			running := room("open-3")
			w.enter(t, "bob", "open-3", nil).joinAs(running, "participant/member")
			early := w.guest(t)
			early.joinAs(running, "participant/none")
			w.enter(t, "alice", "open-3", map[string]any{"moderator": true, "room.lobby": true}).joinAs(running, "moderator/owner")
			w.guest(t).refused(running, waits(mode))
			time.Sleep(300 * time.Millisecond)
			if got, err := early.Self(running); err != nil || got.Role != "participant" {
				t.Errorf("who was in is %v, %v", got, err)
			}
		},
		"service account": func(t *testing.T, w *roomsWorld, _ string) {
			r := room("service-lobby")
			focus := w.focus(t)
			focus.join(r)
			w.enter(t, "alice", "service-lobby", moderator).joinAs(r, "moderator/owner")
			focus.leave(r)
			focus.join(r)
		},
	}
	eachLobby(t, func(t *testing.T, w *roomsWorld, mode string) {
		for name, fact := range facts {
			t.Run(name, func(t *testing.T) { fact(t, w, mode) })
		}
	})
}

// knocked wants somebody to be listed.
func (w *roomsWorld) knocked(t *testing.T, room string, who *person) {
	t.Helper()
	for _, k := range w.knocks(t) {
		if k.Room == room && k.JID == who.bare() && k.Count > 0 && k.Name == who.nick() {
			return
		}
	}
	t.Errorf("%s is not among the knocks %+v", who.bare(), w.knocks(t))
}

// member waits until somebody is a member, where that matters; it must not take a second.
func (w *roomsWorld) member(t *testing.T, room string, who *person, mode string) {
	t.Helper()
	if mode == "gate" {
		return
	}
	focus := w.focus(t)
	for began := time.Now(); time.Since(began) < time.Second; time.Sleep(20 * time.Millisecond) {
		list, err := focus.Admin(within(t), room, "get", client.Item{Affiliation: "member"})
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range list {
			if it.JID == who.bare() {
				return
			}
		}
	}
	t.Errorf("%s is no member of %s after a second", who.bare(), room)
}

// refusedAny wants not to be let in, for whatever reason.
func (p *person) refusedAny(room string) {
	p.t.Helper()
	if first, err := p.Join(within(p.t), room, p.nick()); err == nil {
		p.t.Errorf("%s came into %s as %s", p.bare(), room, first)
	}
}

// invited wants both kinds of invitation.
func (p *person) invited(room string) {
	p.t.Helper()
	if err := p.Invited(within(p.t), room); err != nil {
		p.t.Fatalf("%s was not invited to %s: %v\n%s", p.bare(), room, err, p.w.usher.log())
	}
}
