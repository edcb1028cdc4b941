-- STAND-IN, for usher's tests only: what Jitsi's module of this name does, as it was seen; written anew. A moderator whose
-- token names no features is given all of them, and told so in his own presence; the session keeps them, also when he is no
-- moderator any more. Whoever is made owner by an occupant gets that occupant's features.

local filters = require "util.filters";
local lib = module:require "jitsi_standin";
local jid = lib.jid;

local all = { livestreaming = true, recording = true, transcription = true, ["outbound-call"] = true,
	["create-polls"] = true, ["send-groupchat"] = true, flip = true };

local function inherit(event)
	local actor = prosody.full_sessions[event.actor];
	local before, after = event.previous_affiliation, event.affiliation;
	if not actor or not actor.jitsi_meet_context_features then return; end
	for _, occupant in event.room:each_occupant() do
		local session = occupant.bare_jid == event.jid and prosody.full_sessions[occupant.jid];
		if session and after == "owner" and before ~= "owner" then
			session.jitsi_meet_context_features = actor.jitsi_meet_context_features;
			session.standin_tell = true;
		elseif session and before == "owner" and not session.auth_token then
			session.jitsi_meet_context_features = nil;
		end
	end
end

module:hook("muc-pre-set-affiliation", function (event)
	event.room.standin_changed = event.room.standin_changed or {};
	event.room.standin_changed[event.jid] = true;
	inherit(event);
end);

-- self tells whether a presence is one's own as a moderator in one of this component's rooms.
local function own(stanza)
	local x = stanza:get_child("x", "http://jabber.org/protocol/muc#user");
	if not x or stanza.attr.type then return; end
	local mine, moderator = false, false;
	for tag in x:childtags() do
		mine = mine or tag.name == "status" and tag.attr.code == "110";
		moderator = moderator or tag.name == "item" and tag.attr.role == "moderator";
	end
	return mine, moderator;
end

local function tell(stanza, session)
	if not stanza.attr or stanza.name ~= "presence" or not stanza.attr.from or not stanza.attr.to then return stanza; end
	local mine, moderator = own(stanza);
	local room = mine and lib.room(jid.bare(stanza.attr.from));
	local to = jid.bare(stanza.attr.to);
	if not room or room.standin_changed == nil or lib.admin(to) then return stanza; end
	if not session.standin_tell then
		if session.auth_token and session.jitsi_meet_context_features then return stanza; end
		if not moderator or not room.standin_changed[to] then return stanza; end
	end
	session.standin_tell = nil;
	room.standin_changed[to] = nil;
	session.jitsi_meet_context_features = session.jitsi_meet_context_features or all;
	stanza:tag("permissions", { xmlns = "http://jitsi.org/jitmeet" });
	for name, value in pairs(session.jitsi_meet_context_features) do
		stanza:tag("p", { name = name, val = tostring(value) }):up();
	end
	stanza:up();
	return stanza;
end

filters.add_filter_hook(function (session) filters.add_filter(session, "stanzas/out", tell, -2); end);
