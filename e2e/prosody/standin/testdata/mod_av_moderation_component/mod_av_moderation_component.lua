-- STAND-IN, for usher's tests only: of Jitsi's module of this name it does one thing, telling everybody in a room that a
-- moderator there has switched moderation of a medium on or off; written anew. Whose room is meant stands in the address of
-- the connection.

local st = require "util.stanza";
local json = require "cjson.safe";
local lib = module:require "jitsi_standin";

local muc = assert(module:get_option_string("muc_component"), "muc_component is not set");

module:hook("message/host", function (event)
	local session, request = event.origin, event.stanza:get_child("av_moderation");
	if not request or not session.jitsi_web_query_room then return; end
	local tenant = session.jitsi_web_query_prefix or "";
	local room = lib.room((tenant == "" and "" or "[" .. tenant .. "]") .. session.jitsi_web_query_room .. "@" .. muc);
	local moderator = room and room:get_occupant_by_real_jid(event.stanza.attr.from);
	if not moderator or moderator.role ~= "moderator" then return; end
	local text = json.encode({ type = "av_moderation", enabled = request.attr.enable == "true", room = room.jid,
		actor = moderator.nick, mediaType = request.attr.mediaType });
	for _, occupant in room:each_occupant() do
		module:send(st.message({ from = module.host, to = occupant.jid })
			:tag("json-message", { xmlns = "http://jitsi.org/jitmeet" }):text(text):up());
	end
	return true;
end);
