package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
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

func (w *roomsWorld) status(t *testing.T) mucOf {
	t.Helper()
	var s mucOf
	if err := json.Unmarshal([]byte(w.run(t, "status", "--json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// becomesUnready waits until status, /readyz and the metric say that a module is missing.
func (w *roomsWorld) becomesUnready(t *testing.T, module string) mucOf {
	t.Helper()
	for began := time.Now(); time.Since(began) < 45*time.Second; time.Sleep(200 * time.Millisecond) {
		s := w.status(t)
		if s.Ready {
			continue
		}
		if all := strings.Join(s.NotReady, "\n"); !strings.Contains(all, module) || !strings.Contains(all, `Component "`+conference+`"`) {
			t.Errorf("not ready, as %q", s.NotReady)
		}
		if out := w.usher.scrape(t); !strings.Contains(out, fmt.Sprintf("usher_prosody_unasked{module=%q} 1", module)) {
			t.Errorf("the metric does not say so")
		}
		t.Logf("found after %v", time.Since(began).Round(100*time.Millisecond))
		return s
	}
	t.Fatalf("usher stays ready: %s", w.run(t, "status"))
	return mucOf{}
}

// TestRoomsNobodyAsks: without the modules a token for another room becomes owner of a room, and everything that an
// operator looks at says so, also where rooms are hidden, as in Jitsi.
func TestRoomsNobodyAsks(t *testing.T) {
	for name, more := range map[string]string{"public": "", "hidden": "muc_room_default_public = false\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it is a wait for the next round
			eachRooms(t, roomsOptions{modules: "{ }", muc: more}, func(t *testing.T, w *roomsWorld) {
				if s := w.status(t); !s.Ready || s.Hosts[0].MUC[0].Joins != "not seen" || s.Hosts[0].MUC[0].Begins != "not seen" {
					t.Errorf("at first: %+v", s)
				}
				mark := w.usher.mark(t)
				r := room("standup")
				mallory := w.enter(t, "mallory", "another", nil)
				if first := mallory.join(r); first != "moderator/owner" {
					t.Fatalf("the first presence said %s: this tests nothing", first)
				}
				s := w.becomesUnready(t, "muc_http_auth")
				if m := s.Hosts[0].MUC[0]; m.Joins != "missing" || m.Unasked != 1 {
					t.Errorf("%+v", s)
				}
				w.usher.await(t, mark, "joins are not under usher's control")
				if out := w.run(t, "status"); !strings.Contains(out, "asks about joins (mod_muc_http_auth): NO") || !strings.Contains(out, "mallory@"+meet) {
					t.Errorf("status says\n%s", out)
				}
			})
		})
	}
}

// TestRoomsOnlyNewRoomsAsked: with mod_muc_http_defaults alone nobody is asked about joins.
func TestRoomsOnlyNewRoomsAsked(t *testing.T) {
	eachRooms(t, roomsOptions{modules: `{ "muc_http_defaults" }`, muc: "muc_room_default_public = false\n"}, func(t *testing.T, w *roomsWorld) {
		r := room("standup")
		w.enter(t, "alice", "standup", moderator).join(r)
		w.guest(t).join(r) // a guest is let in as well
		if s := w.becomesUnready(t, "muc_http_auth"); s.Hosts[0].MUC[0].Begins != "asked" || s.Hosts[0].MUC[0].Unasked != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// TestRoomsOnlyJoinsAsked: with mod_muc_http_auth alone no guest begins a room that has emptied, nobody keeps being owner
// of what he began, and it is found.
func TestRoomsOnlyJoinsAsked(t *testing.T) {
	eachRooms(t, roomsOptions{modules: `{ "muc_http_auth" }`}, func(t *testing.T, w *roomsWorld) {
		r := room("standup")
		bob := w.enter(t, "bob", "standup", nil)
		bob.join(r)
		w.becomesUnready(t, "muc_http_defaults")
		bob.becomes(r, "participant/member")
		guest := w.guest(t)
		guest.joinAs(r, "participant/none")
		guest.leave(r)
		bob.leave(r)
		for range 3 {
			guest.refused(r, "not-authorized") // it would make the room, and own it
		}
		alice := w.enter(t, "alice", "standup", moderator)
		alice.joinAs(r, "moderator/owner")
		guest.joinAs(r, "participant/none")
		owners, err := alice.Admin(within(t), r, "get", client.Item{Affiliation: "owner"})
		if err != nil || len(owners) != 1 || owners[0].JID != alice.bare() {
			t.Errorf("owners are %+v, %v", owners, err)
		}
	})
}

// TestRoomsAllAsked: where both modules ask usher stays ready, whatever comes and goes.
func TestRoomsAllAsked(t *testing.T) {
	eachRooms(t, roomsOptions{}, func(t *testing.T, w *roomsWorld) {
		r := room("standup")
		w.focus(t).join(r)
		alice := w.enter(t, "alice", "standup", moderator)
		alice.joinAs(r, "moderator/owner")
		guest := w.guest(t)
		guest.joinAs(r, "participant/none")
		ready := func(when string) {
			t.Helper()
			if s := w.status(t); !s.Ready {
				t.Errorf("%s: %q", when, s.NotReady)
			}
		}
		time.Sleep(time.Second)
		if s := w.status(t); !s.Ready || s.Hosts[0].MUC[0].Joins != "asked" || s.Hosts[0].MUC[0].Begins != "asked" {
			t.Errorf("%+v", s)
		}
		w.restartUsher() // people are there about whom this one was never asked
		time.Sleep(2 * time.Second)
		ready("after a restart")
		if s := w.status(t); s.Hosts[0].MUC[0].Joins != "not seen" {
			t.Errorf("after a restart: %+v", s)
		}
		w.guest(t).joinAs(r, "participant/none") // in the running room
		time.Sleep(time.Second)
		ready("after a join")
		mark := w.usher.mark(t)
		if err := w.prosody.Restart(within(t)); err != nil {
			t.Fatal(err)
		}
		w.usher.awaitFor(t, mark, "component connected", 30*time.Second)
		w.enter(t, "alice", "standup", moderator).joinAs(r, "moderator/owner")
		w.guest(t).joinAs(r, "participant/none")
		time.Sleep(32 * time.Second) // another round
		ready("after Prosody's restart")
	})
}
