-- STAND-IN, for usher's tests only: what Jitsi's module of this name does, as it was seen; written anew. Rooms are on no
-- list, and whoever is in none of them, admins too, is told nothing of a room.

local lib = module:require "jitsi_standin";

module:hook("muc-room-pre-create", function (event) event.room:set_hidden(true); end, -1);

local function forbid(event)
	local stanza = event.stanza;
	local room = lib.room(lib.jid.bare(stanza.attr.to));
	if room and not room:get_occupant_by_real_jid(stanza.attr.from) then
		event.origin.send(lib.st.error_reply(stanza, "auth", "forbidden"));
		return true;
	end
end

module:hook("iq-get/bare/http://jabber.org/protocol/disco#info:query", forbid, 1);
module:hook("iq-get/host/http://jabber.org/protocol/disco#info:query", forbid, 1);
