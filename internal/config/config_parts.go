package config

import (
	"usher/lobby"
	"usher/moderation"
)

// mendUnplaced is the advice of the last gate, which knows no place.
const MendUnplaced = "correct the setting that it names"

// checkParts runs what every part of the daemon checks before it takes a
// configuration, so that none refuses what the reader found good. Each of these
// checks is also made where the value stands, with its line; here is only what
// got past that.
func (c *Config) checkParts(root value) {
	refused := func(part string, err error) {
		if err != nil {
			root.problem(MendUnplaced, "%s: %v", part, err)
		}
	}
	refused("hosts", c.Auth.Check())
	_, err := moderation.NewPolicy(c.Rooms)
	refused("rooms", err)
	refused("whitelist", lobby.CheckWhitelist(c.Whitelist))
	refused("gateway", c.Gateway.Check())
}
