-- STAND-IN, for usher's tests only: what Jitsi's module of this name does with a request to record, as it was seen; written
-- anew. The features of the session decide or, where it has none, the role.

local lib = module:require "jitsi_standin";

module:hook("pre-iq/full", function (event)
	local stanza, session = event.stanza, event.origin;
	local jibri = stanza:get_child("jibri", "http://jitsi.org/protocol/jibri");
	if not jibri then return; end
	local room = lib.room(lib.jid.bare(stanza.attr.to));
	if not room then
		session.send(lib.st.error_reply(stanza, "cancel", "item-not-found"));
		return true;
	end
	local occupant = room:get_occupant_by_real_jid(stanza.attr.from);
	local feature = jibri.attr.recording_mode == "file" and "recording" or "livestreaming";
	if lib.allowed(session, feature, occupant and occupant.role == "moderator") then return; end
	session.send(lib.st.error_reply(stanza, "auth", "forbidden"));
	return true;
end);
