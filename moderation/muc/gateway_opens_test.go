package muc_test

import (
	"testing"

	"usher/moderation"
)

// TestGatewayOpens: which rooms of a stream a token opens that is to take it over.
func TestGatewayOpens(t *testing.T) {
	f := newRelayFixture(t)
	session := func(host string, rooms ...string) *moderation.Session {
		return &moderation.Session{Host: host, Rooms: rooms}
	}
	for name, c := range map[string]struct {
		session *moderation.Session
		at      string
		want    bool
	}{
		"its room":                     {session(host, "standup"), standup + "/n", true},
		"every room":                   {session(host, "*"), standup + "/n", true},
		"another":                      {session(host, "retro"), standup + "/n", false},
		"the lobby of its room":        {session(host, "standup"), "standup@" + lobbies + "/n", true},
		"the lobby of another":         {session(host, "retro"), "standup@" + lobbies + "/n", false},
		"of another host":              {session("other.example", "*"), standup + "/n", false},
		"at another host":              {session(host, "*"), "one@conference.other.example/n", false},
		"no room":                      {session(host, "*"), "standup@elsewhere.example/n", false},
		"a breakout room of who knows": {session(host, "*"), "b1@" + breakouts + "/n", false},
		"without a token":              {&moderation.Session{Host: host, Anonymous: true}, standup + "/n", false},
	} {
		if got := f.gateway().Opens(c.session, "a@"+host, c.at); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
