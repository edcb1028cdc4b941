package rooms

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/world"
)

// mucOf is what status says of the MUC component.
type mucOf struct {
	Ready    bool     `json:"ready"`
	NotReady []string `json:"not_ready"`
	Hosts    []struct {
		MUC []struct {
			MUC     string `json:"muc"`
			Joins   string `json:"joins"`
			Begins  string `json:"new_rooms"`
			Unasked int    `json:"unasked_occupants"`
		} `json:"muc"`
	} `json:"hosts"`
}

func status(t *testing.T, w *world.World) mucOf {
	t.Helper()
	var s mucOf
	if err := json.Unmarshal([]byte(w.Usher.Status(t, "--json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// twoRounds is more than usher takes to look at all rooms a second time. It does so after half a minute, or after 200 times
// what the last round took: half a second, on a busy machine.
const twoRounds = 3 * time.Minute

// becomesUnready waits until status, /readyz and the metric say that a module is missing.
func becomesUnready(t *testing.T, w *world.World, module string) mucOf {
	t.Helper()
	for began := time.Now(); time.Since(began) < twoRounds; time.Sleep(time.Second) { // each status is a process
		s := status(t, w)
		if s.Ready {
			continue
		}
		all := strings.Join(s.NotReady, "\n")
		if !strings.Contains(all, module) || !strings.Contains(all, `Component "`+world.Conference+`"`) {
			t.Errorf("not ready, as %q", s.NotReady)
		}
		if out := w.Usher.Scrape(t); !strings.Contains(out, fmt.Sprintf("usher_prosody_unasked{module=%q} 1", module)) {
			t.Errorf("the metric does not say so")
		}
		t.Logf("found after %v", time.Since(began).Round(100*time.Millisecond))
		return s
	}
	t.Fatalf("usher stays ready: %s", w.Usher.Status(t))
	return mucOf{}
}

// These tests wait for usher's rounds, which come each half minute: they do so side by side.

// TestRoomsNobodyAsks: without the modules a token for another room becomes owner of a room, and everything that an
// operator looks at says so, also where rooms are hidden, as in Jitsi.
func TestRoomsNobodyAsks(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{"public": "", "hidden": "muc_room_default_public = false\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world.Each(t, world.Options{Modules: "{ }", MUC: more}, func(t *testing.T, w *world.World) {
				if s := status(t, w); !s.Ready || s.Hosts[0].MUC[0].Joins != "not seen" ||
					s.Hosts[0].MUC[0].Begins != "not seen" {
					t.Errorf("at first: %+v", s)
				}
				mark := w.Usher.Mark()
				r := world.Room("standup")
				mallory := w.Participant(t, "mallory", "another")
				if first := mallory.Joins(r); first != "moderator/owner" {
					t.Fatalf("the first presence said %s: this tests nothing", first)
				}
				s := becomesUnready(t, w, "muc_http_auth")
				if m := s.Hosts[0].MUC[0]; m.Joins != "missing" || m.Unasked != 1 {
					t.Errorf("%+v", s)
				}
				w.Usher.Await(t, mark, "joins are not under usher's control")
				out := w.Usher.Status(t)
				if !strings.Contains(out, "asks about joins (mod_muc_http_auth): NO") ||
					!strings.Contains(out, "mallory@"+world.Meet) {
					t.Errorf("status says\n%s", out)
				}
			})
		})
	}
}

// TestRoomsOnlyNewRoomsAsked: with mod_muc_http_defaults alone nobody is asked about joins.
func TestRoomsOnlyNewRoomsAsked(t *testing.T) {
	t.Parallel()
	o := world.Options{Modules: `{ "muc_http_defaults" }`, MUC: "muc_room_default_public = false\n"}
	world.Each(t, o, func(t *testing.T, w *world.World) {
		r := world.Room("standup")
		w.Moderator(t, "alice", "standup").Joins(r)
		w.Guest(t).Joins(r) // a guest is let in as well
		if s := becomesUnready(t, w, "muc_http_auth"); s.Hosts[0].MUC[0].Begins != "asked" ||
			s.Hosts[0].MUC[0].Unasked != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// TestRoomsOnlyJoinsAsked: with mod_muc_http_auth alone no guest begins a room that has emptied, nobody keeps being
// owner of what he began, and it is found.
func TestRoomsOnlyJoinsAsked(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{Modules: `{ "muc_http_auth" }`}, func(t *testing.T, w *world.World) {
		r := world.Room("standup")
		bob := w.Participant(t, "bob", "standup")
		bob.Joins(r)
		becomesUnready(t, w, "muc_http_defaults")
		bob.Becomes(r, "participant/member")
		guest := w.Guest(t)
		guest.JoinsAs(r, "participant/none")
		guest.Leaves(r)
		bob.Leaves(r)
		for range 3 {
			guest.IsRefused(r, "not-authorized") // it would make the room, and own it
		}
		alice := w.Moderator(t, "alice", "standup")
		alice.JoinsAs(r, "moderator/owner")
		guest.JoinsAs(r, "participant/none")
		owners, err := alice.Admin(world.Within(t), r, "get", client.Item{Affiliation: "owner"})
		if err != nil || len(owners) != 1 || owners[0].JID != alice.Bare() {
			t.Errorf("owners are %+v, %v", owners, err)
		}
	})
}

// TestRoomsAllAsked: where both modules ask usher stays ready, whatever comes and goes.
func TestRoomsAllAsked(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{}, func(t *testing.T, w *world.World) {
		r := world.Room("standup")
		w.Focus(t).Joins(r)
		alice := w.Moderator(t, "alice", "standup")
		alice.JoinsAs(r, "moderator/owner")
		guest := w.Guest(t)
		guest.JoinsAs(r, "participant/none")
		ready := func(when string) {
			t.Helper()
			if s := status(t, w); !s.Ready {
				t.Errorf("%s: %q", when, s.NotReady)
			}
		}
		time.Sleep(time.Second)
		if s := status(t, w); !s.Ready || s.Hosts[0].MUC[0].Joins != "asked" || s.Hosts[0].MUC[0].Begins != "asked" {
			t.Errorf("%+v", s)
		}
		w.RestartUsher() // people are there about whom this one was never asked
		time.Sleep(2 * time.Second)
		ready("after a restart")
		if s := status(t, w); s.Hosts[0].MUC[0].Joins != "not seen" {
			t.Errorf("after a restart: %+v", s)
		}
		w.Guest(t).JoinsAs(r, "participant/none") // in the running room
		time.Sleep(time.Second)
		ready("after a join")
		mark := w.Usher.Mark()
		if err := w.Prosody.Restart(world.Within(t)); err != nil {
			t.Fatal(err)
		}
		w.AwaitComponent(mark)
		w.Moderator(t, "alice", "standup").JoinsAs(r, "moderator/owner")
		w.Guest(t).JoinsAs(r, "participant/none")
		time.Sleep(32 * time.Second) // another round
		ready("after Prosody's restart")
	})
}
