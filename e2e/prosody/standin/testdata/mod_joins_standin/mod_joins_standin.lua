-- For usher's tests only: says in Prosody's log who has come into which room, by the room's own name.

module:hook("muc-occupant-joined", function (event)
	module:log("info", "%s is in <%s>", event.occupant.bare_jid, event.room.jid);
end);
