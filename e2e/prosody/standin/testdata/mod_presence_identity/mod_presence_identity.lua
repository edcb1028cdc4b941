-- STAND-IN, for usher's tests only: what Jitsi's module of this name does, as it was seen; written anew. Each presence says
-- who its sender is by his token, and nothing else does. A token with odd parts loses the presence: an error is raised.

local lib = module:require "jitsi_standin";

local function identify(event)
	if event.stanza and event.origin then lib.identify(event.stanza, event.origin); end
end

module:hook("pre-presence/bare", identify);
module:hook("pre-presence/full", identify);
