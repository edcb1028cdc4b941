package sessions_test

import (
	"testing"

	"usher/moderation/moderationtest"
)

const (
	host       = moderationtest.Host
	conference = moderationtest.Conference
	leeway     = moderationtest.Leeway
	hall       = "hall@" + conference
)

// A fixture is a world, and what the tests of this package do there.
type fixture struct{ *moderationtest.World }

func newFixture(t testing.TB, state moderationtest.State) *fixture {
	t.Helper()
	return &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{State: state})}
}

// newSmallFixture is newFixture with bounds that are smaller by a factor.
func newSmallFixture(t testing.TB, state moderationtest.State, factor int) *fixture {
	t.Helper()
	return &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{State: state, Smaller: factor})}
}
