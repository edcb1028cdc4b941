package rooms

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"usher/auth"
	"usher/auth/authtest"
	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/e2e/tokens"
	"usher/e2e/world"
	"usher/internal/record"
	"usher/moderation"
)

// TestRoomsTakeBack is about taking back what was given, and only that.
func TestRoomsTakeBack(t *testing.T) {
	facts := map[string]func(*testing.T, *world.World){
		"a moderator's own grant stays": func(t *testing.T, w *world.World) {
			r := world.Room("own-grant")
			alice, bob := w.Moderator(t, "alice", "own-grant"), w.Participant(t, "bob", "own-grant")
			alice.JoinsAs(r, "moderator/owner")
			bob.JoinsAs(r, "participant/member")
			alice.Sets(r, bob, "owner")
			bob.Stays(r, "moderator/owner")
			bob.Leaves(r)
			bob.JoinsAs(r, "moderator/owner")
			w.Participant(t, "bob", "own-grant") // a further login takes nothing back either
			bob.Stays(r, "moderator/owner")
		},
		"what an owner took away is not given again": func(t *testing.T, w *world.World) {
			r := world.Room("taken")
			alice := w.Moderator(t, "alice", "taken")
			alice.JoinsAs(r, "moderator/owner")
			secret := world.Token(t, "mallory", "taken", tokens.Moderator())
			mallory := w.EnterWith(t, "mallory", secret)
			mallory.JoinsAs(r, "moderator/owner")
			confirmed(t, w, r, mallory)
			alice.Sets(r, mallory, "none")
			mallory.Becomes(r, "participant/none")
			mallory.Leaves(r)
			mallory.Joins(r)
			mallory.Stays(r, "participant/none")
			again := w.EnterWith(t, "mallory", secret) // the same token
			again.Joins(r)
			again.Stays(r, "participant/none")
			w.RestartUsher()
			again.Stays(r, "participant/none")
			// a new token is a new decision
			w.Enter(t, "mallory", "taken", map[string]any{"moderator": true, "jti": "new"})
			again.Becomes(r, "moderator/owner")
		},
		"a ban stays": func(t *testing.T, w *world.World) {
			r := world.Room("ban")
			alice, bob := w.Moderator(t, "alice", "ban"), w.Participant(t, "bob", "ban")
			alice.JoinsAs(r, "moderator/owner")
			bob.JoinsAs(r, "participant/member")
			alice.Sets(r, bob, "outcast")
			bob.Becomes(r, "")
			bob.IsRefused(r, "forbidden")
			w.Moderator(t, "bob", "ban").IsRefused(r, "forbidden")
		},
		"revoked": func(t *testing.T, w *world.World) {
			r := world.Room("revoked")
			bob := w.Participant(t, "bob", "revoked")
			bob.JoinsAs(r, "participant/member")
			secret := world.Token(t, "eve", "revoked", tokens.Moderator())
			eve := w.EnterWith(t, "eve", secret)
			eve.JoinsAs(r, "moderator/owner")
			if out := w.Usher.Run(t, "sessions", "list"); !strings.Contains(out, "eve@"+world.Meet) ||
				!strings.Contains(out, r) {
				t.Errorf("sessions list says\n%s", out)
			}
			if out := w.Usher.Run(t, "sessions", "revoke", "eve@"+world.Meet); !strings.Contains(out, "leaves "+r) {
				t.Errorf("sessions revoke says\n%s", out)
			}
			eve.Becomes(r, "")
			eve.IsRefused(r, "not-authorized")
			dead(t, w, "eve", secret)
			bob.Stays(r, "participant/member")
			w.RestartUsher()
			dead(t, w, "eve", secret)
			w.Usher.Run(t, "sessions", "allow", "eve@"+world.Meet)
			w.Enter(t, "eve", "revoked", map[string]any{"jti": "new"}).JoinsAs(r, "participant/member")
		},
		"a removed key": func(t *testing.T, w *world.World) {
			r := world.Room("key")
			old := w.EnterWith(t, "olga", authtest.TokenBy(t, daemon.OldSecret,
				authtest.Claims(world.Meet, tokens.Claims("olga", "key", tokens.Moderator()))))
			old.JoinsAs(r, "moderator/owner")
			alice := w.Moderator(t, "alice", "key")
			alice.JoinsAs(r, "moderator/owner")
			before := w.Usher.Read("usher.yaml")
			w.Usher.Write("usher.yaml", strings.Replace(before, "my-app.secret, old.secret", "my-app.secret", 1))
			old.Becomes(r, "participant/none") // in the room, as nothing more
			old.Leaves(r)
			old.IsRefused(r, "not-authorized")
			alice.Stays(r, "moderator/owner")
			w.Usher.Write("usher.yaml", before)
		},
		"expired, kept": func(t *testing.T, w *world.World) {
			r := world.Room("expired")
			p := w.Enter(t, "ken", "expired", soon(map[string]any{"moderator": true}))
			p.JoinsAs(r, "moderator/owner")
			time.Sleep(soonIs + 7*time.Second) // the leeway, and the next look at what has expired
			p.Stays(r, "moderator/owner")
			p.Leaves(r)
			p.IsRefused(r, "not-authorized")
		},
	}
	world.Each(t, world.Options{Host: shortLeeway}, func(t *testing.T, w *world.World) {
		for name, fact := range facts {
			t.Run(name, func(t *testing.T) { fact(t, w) })
		}
	})
}

// confirmed waits until the state says that usher saw in the room what it had given.
func confirmed(t *testing.T, w *world.World, room string, p *world.Person) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.Usher.Path("usher.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var last moderation.Assignment
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
		var value []byte
		err := db.QueryRowContext(t.Context(), "SELECT value FROM assignments WHERE room = ? AND jid = ?", room,
			p.Bare()).Scan(&value)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			t.Fatal(err)
		}
		last = moderation.Assignment{}
		if err := record.DecodeValue(value, &last); err != nil {
			t.Fatal(err)
		}
		if last.Confirmed {
			return
		}
	}
	t.Fatalf("not seen: %+v\n%s", last, w.Usher.Log())
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
func dead(t *testing.T, w *world.World, account, token string) {
	t.Helper()
	s, err := client.Dial(world.Within(t), client.Plain(account, token).At(w.Prosody.C2S(), world.Meet))
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
			world.Each(t, world.Options{Moderation: "on_expiry: " + row.setting, Host: shortLeeway},
				func(t *testing.T, w *world.World) {
					r := world.Room("expiry")
					alice := w.Moderator(t, "alice", "expiry")
					alice.JoinsAs(r, "moderator/owner")
					ken := w.Enter(t, "ken", "expiry", soon(map[string]any{"moderator": true}))
					ken.JoinsAs(r, "moderator/owner")
					ken.Becomes(r, row.becomes)
					alice.Stays(r, "moderator/owner")
					if row.becomes != "" {
						ken.Leaves(r)
					}
					ken.IsRefused(r, "not-authorized")
				})
		})
	}
}

// TestRoomsStrict: owners that no token made are demoted, and it is said who may have made them.
func TestRoomsStrict(t *testing.T) {
	world.Each(t, world.Options{Moderation: "strict: true"}, func(t *testing.T, w *world.World) {
		r := world.Room("strict")
		focus, bob := w.Focus(t), w.Participant(t, "bob", "strict")
		focus.Joins(r)
		bob.JoinsAs(r, "participant/member")
		mark := w.Usher.Mark()
		focus.Sets(r, bob, "owner") // what jicofo's enable-auto-owner does
		w.Usher.Await(t, mark, "an owner that no token made was demoted")
		bob.Becomes(r, "participant/member")
		w.Usher.Await(t, mark, "made_by_one_of=[focus@"+world.Services+"]")
		guest := w.Guest(t)
		guest.JoinsAs(r, "participant/none")
		mark = w.Usher.Mark()
		focus.Sets(r, guest, "owner")
		w.Usher.Await(t, mark, "account="+guest.Bare())
		guest.Becomes(r, "participant/none")
		alice := w.Moderator(t, "alice", "strict")
		alice.JoinsAs(r, "moderator/owner")
		alice.Stays(r, "moderator/owner")
		if got, _ := focus.Self(r); got.String() != "moderator/owner" {
			t.Errorf("the service account became %s", got)
		}
	})
}

// TestRoomsTenants: a token is for the rooms of its tenant.
func TestRoomsTenants(t *testing.T) {
	world.Each(t, world.Options{Host: "    tokens: {subject: tenant}\n"}, func(t *testing.T, w *world.World) {
		acme := w.Enter(t, "alice", "standup", map[string]any{"sub": "Acme", "moderator": true})
		acme.JoinsAs(world.Room("[acme]standup"), "moderator/owner")
		for _, name := range []string{
			"[other]standup", "standup", "[acme]other", "[acme][other]standup", "acme]standup",
		} {
			acme.IsRefused(world.Room(name), "not-authorized")
		}
		all := w.Enter(t, "bob", "*", map[string]any{"sub": "acme"})
		all.JoinsAs(world.Room("[acme]retro"), "participant/member")
		all.IsRefused(world.Room("[other]retro"), "not-authorized")
		w.Enter(t, "carol", "standup", map[string]any{"sub": "*"}).JoinsAs(world.Room("[other]standup"),
			"participant/member")
		w.Enter(t, "dave", "plain", map[string]any{"sub": world.Meet}).JoinsAs(world.Room("plain"),
			"participant/member")
	})
}

// TestRoomsBreakout: a breakout room is open to who is in its main room, or was just before, and whose token opens
// that; also where Jitsi's mod_muc_hide_all forbids disco#info, and after a restart of usher.
func TestRoomsBreakout(t *testing.T) {
	world.Each(t, world.Options{}, func(t *testing.T, w *world.World) {
		b := "6b7e7c2a-8c1f-4d53-9c55-7b9a0e0f1c2d@" + world.Breakout
		alice, guest := w.Participant(t, "alice", "main"), w.Guest(t)
		alice.IsRefused(b, "not-authorized")
		guest.IsRefused(b, "not-authorized")
		alice.Joins(world.Room("main"))
		alice.Joins(b)
		bob := w.Participant(t, "bob", "*")
		bob.Joins(world.Room("other"))
		bob.IsRefused(b, "not-authorized")
		bob.Joins(world.Room("main"))
		if err := bob.Leave(world.Within(t), world.Room("main")); err != nil {
			t.Fatal(err)
		}
		bob.Joins(b)
		guest.Joins(world.Room("main"))
		guest.Joins(b)
		eve := w.Moderator(t, "eve", "other")
		eve.Joins(world.Room("other"))
		eve.IsRefused(b, "not-authorized")
		carol := w.Participant(t, "carol", "main")
		carol.JoinsAs(world.Room("main"), "participant/member")
		another := w.Guest(t)
		another.Joins(world.Room("main"))
		w.RestartUsher()
		carol.Joins(b)
		another.Joins(b)
		w.Guest(t).IsRefused(b, "not-authorized")
	})
}

// TestRoomsWithoutRights: usher says what is missing in Prosody's configuration, and nobody who should not be is
// moderator.
func TestRoomsWithoutRights(t *testing.T) {
	world.Each(t, world.Options{NoRights: true}, func(t *testing.T, w *world.World) {
		w.AwaitComponent(0)
		mark := w.Usher.Mark()
		bob := w.Moderator(t, "bob", "*")
		bob.Joins(world.Room("rights"))
		w.Usher.Await(t, mark, "component_admins_as_room_owners = true")
		if out := w.Usher.Status(t); !strings.Contains(out, "admins = {") {
			t.Errorf("usher status says\n%s", out)
		}
		if got, _ := bob.Self(world.Room("rights")); got.String() != "participant/none" {
			t.Errorf("bob is %s", got)
		}
		alice := w.Moderator(t, "alice", "rights-named")
		if first := alice.Joins(world.Room("rights-named")); first != "moderator/owner" {
			t.Errorf("a room that begins needs no component: %s", first)
		}
	})
}

// TestRoomsComponentRefused: the log says what to put into Prosody.
func TestRoomsComponentRefused(t *testing.T) {
	w := world.New(t, world.AnyVersion(t), world.Options{})
	for secret, want := range map[string]string{"a wrong one": "component_secret under Component"} {
		mark := w.Usher.Mark()
		w.Usher.Write("component.secret", secret)
		w.Usher.Await(t, mark, want)
	}
	mark := w.Usher.Mark()
	w.Usher.Write("usher.yaml", strings.Replace(w.Usher.Read("usher.yaml"), world.UsherJID, "nobody.example.com", 1))
	w.Usher.Await(t, mark, `put into Prosody's configuration: Component \"nobody.example.com\"`)
}
