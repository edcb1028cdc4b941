package reconcile_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// cuts keeps whose streams were cut.
type cuts struct{ of []string }

func (c *cuts) Cut(_ context.Context, account string) { c.of = append(c.of, account) }

// TestDemotedIsCut: whose owner's rights were taken back has Prosody read its rights anew, after the room has it so.
func TestDemotedIsCut(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := newRooms(t, order, time.Millisecond)
		f, c := newFixture(t, sessions.State{}), &cuts{}
		f.Streams = c
		t.Cleanup(f.Act(t, r))
		for _, account := range []string{"alice", "bob"} {
			f.Moderator(t, account, "standup")
			f.Joins(t, account+"@"+host, standup, moderation.ReasonToken)
			r.enter(standup, account+"@"+host)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if len(c.of) > 0 {
			t.Errorf("cut %v for nothing", c.of)
		}
		if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !slices.Contains(c.of, "bob@"+host) || strings.Contains(strings.Join(c.of, " "), "alice") {
			t.Errorf("cut %v", c.of)
		}
		if has := r.has(standup, "bob@"+host); has == moderation.Owner {
			t.Errorf("bob is %s", has)
		}
	})
}
