-- STAND-IN, for usher's tests only: what Jitsi's module of this name tells of a room by HTTP, as it was seen; written anew. It
-- decodes nothing of the address, and reads the token there.

local json = require "cjson.safe";
local lib = module:require "jitsi_standin";
local jid = lib.jid;

local options = lib.options_of(module);
local wanted = module:get_option_boolean("enable_roomsize_token_verification", false);

-- about finds the room of a question, or the status that refuses it.
local function about(event)
	local asked = {};
	for name, value in (event.request.url.query or ""):gmatch("([^=&]+)=([^&]*)") do asked[name] = value; end
	if not asked.room or not asked.domain then return nil, 400; end
	local tenant = (asked.subdomain or "") ~= "" and "[" .. asked.subdomain .. "]" or "";
	local address = tenant .. asked.room .. "@" .. options.prefix .. "." .. asked.domain;
	if wanted and not lib.verified(asked.token, address, options) then return nil, 403; end
	return lib.room(address), 404;
end

local function people(room)
	local list = {};
	for nick, occupant in room:each_occupant() do
		if jid.resource(nick) ~= "focus" then
			local name = occupant:get_presence():get_child_text("nick", "http://jabber.org/protocol/nick") or "";
			table.insert(list, { jid = nick, display_name = name });
		end
	end
	return list;
end

local function answers(tell)
	return function (event)
		local room, status = about(event);
		if not room then return status; end
		return { status_code = 200, body = json.encode(tell(room)) };
	end
end

module:depends("http");
module:provides("http", {
	default_path = "/";
	route = {
		["GET /room-size"] = answers(function (room) return { participants = #people(room) }; end);
		["GET /room"] = answers(people);
	};
});
