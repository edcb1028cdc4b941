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

// cuts keeps whose streams were cut, and as what the room had those whose demotion was noted.
type cuts struct {
	of    []string
	noted map[string]moderation.Affiliation
	has   func(account string) moderation.Affiliation
}

func (c *cuts) Cut(account string) { c.of = append(c.of, account) }

func (c *cuts) Demote(_ context.Context, account string) {
	if _, again := c.noted[account]; !again {
		c.noted[account] = c.has(account)
	}
}

// TestDemotedIsCut: whose owner's rights were taken back has Prosody read its rights anew, after the room has it so.
func TestDemotedIsCut(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		r := newRooms(t, order, time.Millisecond)
		f, c := newFixture(t, moderationtest.State{}), &cuts{noted: map[string]moderation.Affiliation{}}
		c.has = func(account string) moderation.Affiliation { return r.has(standup, account) }
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
		if noted := c.noted["bob@"+host]; noted != moderation.Owner || len(c.noted) != 1 {
			t.Errorf("noted %v, not before the room had it so", c.noted)
		}
		if has := r.has(standup, "bob@"+host); has == moderation.Owner {
			t.Errorf("bob is %s", has)
		}
	})
}
