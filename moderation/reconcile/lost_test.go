package reconcile_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/metrics"
	"usher/moderation"
	"usher/moderation/moderationtest"
)

// TestLostJoins: that nobody whom usher lets in comes into a room that is there is counted; not where the room lets in
// members only, nor while others come in.
func TestLostJoins(t *testing.T) {
	for name, row := range map[string]struct {
		lost        int
		membersOnly bool
		want        string
	}{"nobody": {0, false, "0"}, "one": {1, false, "0"}, "three": {3, false, "3"}, "members only": {3, true, "0"}} {
		t.Run(name, func(t *testing.T) {
			inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
				r := newRooms(t, order, time.Millisecond)
				f := newFixture(t, moderationtest.State{})
				t.Cleanup(f.Act(t, r))
				f.Moderator(t, "alice", "standup")
				f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
				r.enter(standup, "alice@"+host)
				time.Sleep(time.Minute)
				if err := r.SetMembersOnly(t.Context(), standup, row.membersOnly); err != nil {
					t.Fatal(err)
				}
				for i := range row.lost {
					user := fmt.Sprint("lost", i)
					f.Login(t, f.Identity(user, "token of "+user, "standup"))
					f.Joins(t, user+"@"+host, standup, moderation.ReasonToken)
				}
				time.Sleep(20 * time.Second)
				f.Joins(t, "alice@"+host, standup, moderation.ReasonToken) // has the room looked at
				time.Sleep(20 * time.Second)
				scrape := httptest.NewRecorder()
				f.Metrics.Handler().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
				if !strings.Contains(scrape.Body.String(), metrics.JoinsLost+" "+row.want+"\n") {
					t.Errorf("not %s are lost", row.want)
				}
			})
		})
	}
}
