package main

import (
	"usher/lobby"
	"usher/moderation"
)

// mendUnplaced is the advice of the last gate, which knows no place.
const mendUnplaced = "correct the setting that it names"

// checkParts runs what every part of the daemon checks before it takes a
// configuration, so that none refuses what the reader found good. Each of these
// checks is also made where the value stands, with its line; here is only what
// got past that.
func (c *config) checkParts(root value) {
	refused := func(part string, err error) {
		if err != nil {
			root.problem(mendUnplaced, "%s: %v", part, err)
		}
	}
	refused("hosts", c.auth.Check())
	_, err := moderation.NewPolicy(c.rooms)
	refused("rooms", err)
	refused("whitelist", lobby.CheckWhitelist(c.whitelist))
	refused("gateway", c.gateway.Check())
}
