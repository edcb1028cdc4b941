package notify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"usher/lobby"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
)

// TestKnocksFlood: 10,000 made-up guests knock; moderators are not flooded, memory and series stay bounded, and honest
// knocks are seen.
func TestKnocksFlood(t *testing.T) {
	inBothOrders(t, lobby.Gate, func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func()) {
		defer stop()
		time.Sleep(time.Second)
		h := &muc.Handler{Service: f.Service}
		knock := func(guest, nick string) {
			t.Helper()
			code, answer := moderationtest.Ask(h, "/muc/join?userJID="+guest+"%40guest."+host+"&mucJID=standup%40"+conference+"&nickname="+nick)
			if code != 403 || answer["allowed"] != false || answer["error"] != "lobby" {
				t.Fatalf("%s: %d %v", guest, code, answer)
			}
		}
		before := moderationtest.Heap()
		knock("early", "Early")
		for i := range 10_000 {
			knock(fmt.Sprint("flood", i), strings.Repeat("x", 1000))
			if i%100 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		knock("late", "Late")
		time.Sleep(time.Second)
		if grown := moderationtest.Heap() - before; grown > 4<<20 {
			t.Errorf("the heap grew by %d KiB", grown>>10)
		}
		seen := map[string]bool{}
		for _, k := range f.Lobby.Knocks("") {
			seen[k.Name] = true
		}
		if !seen["Early"] || !seen["Late"] || len(f.Lobby.Knocks("")) > 200 {
			t.Errorf("%d knocks are kept; early %v, late %v", len(f.Lobby.Knocks("")), seen["Early"], seen["Late"])
		}
		told := len(r.Seen().Told)
		if told == 0 || told > 11 {
			t.Errorf("%d messages to a moderator", told)
		}
		if n, _ := testutil.GatherAndCount(f.Metrics.Gatherer(), "usher_joins_total"); n > 30 {
			t.Errorf("%d series", n)
		}
		f.Pass(2 * time.Hour)
		f.Lobby.Sweep(t.Context())
		if n := len(f.Lobby.Knocks("")); n != 0 {
			t.Errorf("%d knocks after two hours", n)
		}
	})
}
