package notify_test

import (
	"testing"
	"testing/synctest"
	"time"

	"usher/lobby"
	"usher/moderation/moderationtest"
)

const (
	host       = moderationtest.Host
	conference = moderationtest.Conference
	standup    = moderationtest.Standup
)

// A fixture is a world, and what the tests of this package do there.
type fixture struct{ *moderationtest.World }

// inBothOrders has a test in the time of a bubble, with alice, a moderator, in the room standup. Until stop is called
// everything is done in rooms, and people are written to.
func inBothOrders(t *testing.T, mode lobby.Mode, test func(t *testing.T, f *fixture, r *moderationtest.MUC, stop func())) {
	t.Helper()
	for _, order := range moderationtest.Orders() {
		t.Run(order.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, m, stop := moderationtest.StartLobby(t, mode, order)
				test(t, &fixture{w}, m, stop)
			})
		})
	}
}

// setting has affiliations be set in so long from now on.
func setting(r *moderationtest.MUC, d time.Duration) {
	r.Delay(func(delays *moderationtest.Delays) { delays.Setting = d })
}
