package e2e

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"usher/auth"
	"usher/auth/authtest"
	"usher/e2e/client"
)

// TestRoomsTakeBack is about taking back what was given, and only that.
func TestRoomsTakeBack(t *testing.T) {
	facts := map[string]func(*testing.T, *roomsWorld){
		"a moderator's own grant stays": func(t *testing.T, w *roomsWorld) {
			r := room("own-grant")
			alice, bob := w.enter(t, "alice", "own-grant", moderator), w.enter(t, "bob", "own-grant", nil)
			alice.joinAs(r, "moderator/owner")
			bob.joinAs(r, "participant/member")
			alice.set(r, bob, "owner")
			bob.stays(r, "moderator/owner")
			bob.leave(r)
			bob.joinAs(r, "moderator/owner")
			w.enter(t, "bob", "own-grant", nil) // a further login takes nothing back either
			bob.stays(r, "moderator/owner")
		},
		"what an owner took away is not given again": func(t *testing.T, w *roomsWorld) {
			r := room("taken")
			alice := w.enter(t, "alice", "taken", moderator)
			alice.joinAs(r, "moderator/owner")
			secret := token(t, meet, claims("mallory", "taken", moderator))
			mallory := w.enterWith(t, "mallory", secret)
			mallory.joinAs(r, "moderator/owner")
			w.confirmed(t, r, mallory)
			alice.set(r, mallory, "none")
			mallory.becomes(r, "participant/none")
			mallory.leave(r)
			mallory.join(r)
			mallory.stays(r, "participant/none")
			again := w.enterWith(t, "mallory", secret) // the same token
			again.join(r)
			again.stays(r, "participant/none")
			w.restartUsher()
			again.stays(r, "participant/none")
			w.enter(t, "mallory", "taken", map[string]any{"moderator": true, "jti": "new"}) // a new token is a new decision
			again.becomes(r, "moderator/owner")
		},
		"a ban stays": func(t *testing.T, w *roomsWorld) {
			r := room("ban")
			alice, bob := w.enter(t, "alice", "ban", moderator), w.enter(t, "bob", "ban", nil)
			alice.joinAs(r, "moderator/owner")
			bob.joinAs(r, "participant/member")
			alice.set(r, bob, "outcast")
			bob.becomes(r, "")
			bob.refused(r, "forbidden")
			w.enter(t, "bob", "ban", moderator).refused(r, "forbidden")
		},
		"revoked": func(t *testing.T, w *roomsWorld) {
			r := room("revoked")
			bob := w.enter(t, "bob", "revoked", nil)
			bob.joinAs(r, "participant/member")
			secret := token(t, meet, claims("eve", "revoked", moderator))
			eve := w.enterWith(t, "eve", secret)
			eve.joinAs(r, "moderator/owner")
			if out := w.run(t, "sessions", "list"); !strings.Contains(out, "eve@"+meet) || !strings.Contains(out, r) {
				t.Errorf("sessions list says\n%s", out)
			}
			if out := w.run(t, "sessions", "revoke", "eve@"+meet); !strings.Contains(out, "leaves "+r) {
				t.Errorf("sessions revoke says\n%s", out)
			}
			eve.becomes(r, "")
			eve.refused(r, "not-authorized")
			w.dead(t, "eve", secret)
			bob.stays(r, "participant/member")
			w.restartUsher()
			w.dead(t, "eve", secret)
			w.run(t, "sessions", "allow", "eve@"+meet)
			w.enter(t, "eve", "revoked", map[string]any{"jti": "new"}).joinAs(r, "participant/member")
		},
		"a removed key": func(t *testing.T, w *roomsWorld) {
			r := room("key")
			old := w.enterWith(t, "olga", authtest.TokenBy(t, oldSecret, authtest.Claims(meet, claims("olga", "key", moderator))))
			old.joinAs(r, "moderator/owner")
			alice := w.enter(t, "alice", "key", moderator)
			alice.joinAs(r, "moderator/owner")
			before := w.usher.read("usher.yaml")
			w.usher.write("usher.yaml", strings.Replace(before, "my-app.secret, old.secret", "my-app.secret", 1))
			old.becomes(r, "participant/none") // in the room, as nothing more
			old.leave(r)
			old.refused(r, "not-authorized")
			alice.stays(r, "moderator/owner")
			w.usher.write("usher.yaml", before)
		},
		"expired, kept": func(t *testing.T, w *roomsWorld) {
			r := room("expired")
			p := w.enter(t, "ken", "expired", soon(map[string]any{"moderator": true}))
			p.joinAs(r, "moderator/owner")
			time.Sleep(soonIs + 7*time.Second) // the leeway, and the next look at what has expired
			p.stays(r, "moderator/owner")
			p.leave(r)
			p.refused(r, "not-authorized")
		},
	}
	eachRooms(t, roomsOptions{host: shortLeeway}, func(t *testing.T, w *roomsWorld) {
		for name, fact := range facts {
			t.Run(name, func(t *testing.T) { fact(t, w) })
		}
	})
}

// confirmed waits until the state says that usher saw in the room what it had given.
func (w *roomsWorld) confirmed(t *testing.T, room string, p *person) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.usher.path("usher.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	last := ""
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
		err := db.QueryRowContext(t.Context(), "SELECT value FROM givens WHERE room = ? AND jid = ?", room, p.bare()).Scan(&last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			t.Fatal(err)
		}
		if strings.Contains(last, `"Confirmed":true`) {
			return
		}
	}
	t.Fatalf("not seen: %s\n%s", last, w.usher.log())
}

// soonIs is how long a token of soon is good; the leeway comes on top.
const (
	soonIs      = 3 * time.Second
	shortLeeway = "    tokens: {leeway: 1s}\n"
)

func soon(more map[string]any) map[string]any {
	more["exp"] = time.Now().Add(soonIs).Unix()
	return more
}

// dead wants a token to be refused because it was revoked.
func (w *roomsWorld) dead(t *testing.T, account, token string) {
	t.Helper()
	s, err := client.Dial(within(t), client.Plain(account, token).At(w.prosody.C2S(), meet))
	if err == nil {
		_ = s.Close()
		t.Fatal("a revoked token was let in")
	}
	if want := auth.ReasonRevoked.ClientText(); !strings.Contains(err.Error(), want) {
		t.Errorf("refused with %v, want %q", err, want)
	}
}

func TestRoomsExpiry(t *testing.T) {
	for _, row := range []struct{ setting, becomes string }{{"demote", "participant/none"}, {"remove", ""}} {
		t.Run(row.setting, func(t *testing.T) {
			eachRooms(t, roomsOptions{moderation: "on_expiry: " + row.setting, host: shortLeeway}, func(t *testing.T, w *roomsWorld) {
				r := room("expiry")
				alice := w.enter(t, "alice", "expiry", moderator)
				alice.joinAs(r, "moderator/owner")
				ken := w.enter(t, "ken", "expiry", soon(map[string]any{"moderator": true}))
				ken.joinAs(r, "moderator/owner")
				ken.becomes(r, row.becomes)
				alice.stays(r, "moderator/owner")
				if row.becomes != "" {
					ken.leave(r)
				}
				ken.refused(r, "not-authorized")
			})
		})
	}
}

// TestRoomsStrict: owners that no token made are demoted, and it is said who may have made them.
func TestRoomsStrict(t *testing.T) {
	eachRooms(t, roomsOptions{moderation: "strict: true"}, func(t *testing.T, w *roomsWorld) {
		r := room("strict")
		focus, bob := w.focus(t), w.enter(t, "bob", "strict", nil)
		focus.join(r)
		bob.joinAs(r, "participant/member")
		mark := w.usher.mark(t)
		focus.set(r, bob, "owner") // what jicofo's enable-auto-owner does
		w.usher.await(t, mark, "an owner that no token made was demoted")
		bob.becomes(r, "participant/member")
		w.usher.await(t, mark, "made_by_one_of=[focus@"+services+"]")
		guest := w.guest(t)
		guest.joinAs(r, "participant/none")
		mark = w.usher.mark(t)
		focus.set(r, guest, "owner")
		w.usher.await(t, mark, "account="+guest.bare())
		guest.becomes(r, "participant/none")
		alice := w.enter(t, "alice", "strict", moderator)
		alice.joinAs(r, "moderator/owner")
		alice.stays(r, "moderator/owner")
		if got, _ := focus.Self(r); got.String() != "moderator/owner" {
			t.Errorf("the service account became %s", got)
		}
	})
}

// TestRoomsTenants: a token is for the rooms of its tenant.
func TestRoomsTenants(t *testing.T) {
	eachRooms(t, roomsOptions{host: "    tokens: {subject: tenant}\n"}, func(t *testing.T, w *roomsWorld) {
		acme := w.enter(t, "alice", "standup", map[string]any{"sub": "Acme", "moderator": true})
		acme.joinAs(room("[acme]standup"), "moderator/owner")
		for _, name := range []string{"[other]standup", "standup", "[acme]other", "[acme][other]standup", "acme]standup"} {
			acme.refused(room(name), "not-authorized")
		}
		all := w.enter(t, "bob", "*", map[string]any{"sub": "acme"})
		all.joinAs(room("[acme]retro"), "participant/member")
		all.refused(room("[other]retro"), "not-authorized")
		w.enter(t, "carol", "standup", map[string]any{"sub": "*"}).joinAs(room("[other]standup"), "participant/member")
		w.enter(t, "dave", "plain", map[string]any{"sub": meet}).joinAs(room("plain"), "participant/member")
	})
}

// TestRoomsBreakout: a breakout room is open to who is in its main room, or was just before, and whose token opens that; also
// where Jitsi's mod_muc_hide_all forbids disco#info, and after a restart of usher.
func TestRoomsBreakout(t *testing.T) {
	eachRooms(t, roomsOptions{global: "breakout_standin_hides = true\n"}, func(t *testing.T, w *roomsWorld) {
		b := "6b7e7c2a-8c1f-4d53-9c55-7b9a0e0f1c2d@" + breakout
		alice, guest := w.enter(t, "alice", "main", nil), w.guest(t)
		alice.refused(b, "not-authorized")
		guest.refused(b, "not-authorized")
		alice.join(room("main"))
		alice.join(b)
		bob := w.enter(t, "bob", "*", nil)
		bob.join(room("other"))
		bob.refused(b, "not-authorized")
		bob.join(room("main"))
		if err := bob.Leave(within(t), room("main")); err != nil {
			t.Fatal(err)
		}
		bob.join(b)
		guest.join(room("main"))
		guest.join(b)
		eve := w.enter(t, "eve", "other", moderator)
		eve.join(room("other"))
		eve.refused(b, "not-authorized")
		carol := w.enter(t, "carol", "main", nil)
		carol.joinAs(room("main"), "participant/member")
		another := w.guest(t)
		another.join(room("main"))
		w.restartUsher()
		carol.join(b)
		another.join(b)
		w.guest(t).refused(b, "not-authorized")
	})
}

// TestRoomsWithoutRights: usher says what is missing in Prosody's configuration, and nobody who should not be is
// moderator.
func TestRoomsWithoutRights(t *testing.T) {
	eachRooms(t, roomsOptions{noRights: true}, func(t *testing.T, w *roomsWorld) {
		w.usher.awaitFor(t, 0, "component connected", 10*time.Second)
		mark := w.usher.mark(t)
		bob := w.enter(t, "bob", "*", moderator)
		bob.join(room("rights"))
		w.usher.awaitFor(t, mark, "component_admins_as_room_owners = true", 5*time.Second)
		if out := w.run(t, "status"); !strings.Contains(out, "admins = {") {
			t.Errorf("usher status says\n%s", out)
		}
		if got, _ := bob.Self(room("rights")); got.String() != "participant/none" {
			t.Errorf("bob is %s", got)
		}
		if first := w.enter(t, "alice", "rights-named", moderator).join(room("rights-named")); first != "moderator/owner" {
			t.Errorf("a room that begins needs no component: %s", first)
		}
	})
}

// TestRoomsComponentRefused: the log says what to put into Prosody.
func TestRoomsComponentRefused(t *testing.T) {
	w := newRoomsWorld(t, anyVersion(t), roomsOptions{})
	for secret, want := range map[string]string{"a wrong one": "component_secret under Component"} {
		mark := w.usher.mark(t)
		w.usher.write("component.secret", secret)
		w.usher.awaitFor(t, mark, want, 5*time.Second)
	}
	mark := w.usher.mark(t)
	w.usher.write("usher.yaml", strings.Replace(w.usher.read("usher.yaml"), usherJID, "nobody.example.com", 1))
	w.usher.awaitFor(t, mark, fmt.Sprintf("put into Prosody's configuration: Component \\\"%s\\\"", "nobody.example.com"), 10*time.Second)
}

// restartUsher kills the daemon and starts it again.
func (w *roomsWorld) restartUsher() {
	w.t.Helper()
	w.usher.kill()
	mark := w.usher.mark(w.t)
	w.usher.start()
	w.awaitComponent(mark)
	w.warm()
}

// warm lets the one login fail that a closed connection costs Prosody.
func (w *roomsWorld) warm() {
	w.t.Helper()
	secret := token(w.t, meet, claims("warm", "*", nil))
	for range 3 {
		s, err := client.Dial(within(w.t), client.Plain("warm", secret).At(w.prosody.C2S(), meet))
		if err == nil {
			_ = s.Close()
			return
		}
	}
	w.t.Fatal("no login succeeds after the restart")
}
