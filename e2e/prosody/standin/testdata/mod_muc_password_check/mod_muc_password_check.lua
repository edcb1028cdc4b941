-- STAND-IN, for usher's tests only: what Jitsi's module of this name tells of a room by HTTP, as it was seen; written anew. It
-- reads the token in a header, and looks at nothing but whether that is a good one.

local json = require "cjson.safe";
local formdecode = require "util.http".formdecode;
local lib = module:require "jitsi_standin";

local options = lib.options_of(module);

module:depends("http");
module:provides("http", {
	default_path = "/";
	route = {
		["GET /room-info"] = function (event)
			local asked = formdecode(event.request.url.query or "");
			local token = (event.request.headers.authorization or ""):match("^Bearer (.+)$");
			if not token or not lib.accept({ auth_token = token }, options) then return 403; end
			local tenant = (asked.prefix or "") ~= "" and "[" .. asked.prefix .. "]" or "";
			local room = lib.room(tenant .. (asked.room or "") .. "@" .. options.muc);
			if not room then return 404; end
			local about = { conference = room.jid, passcodeProtected = room:get_password() ~= nil,
				lobbyEnabled = room._data.lobbyroom ~= nil };
			return { status_code = 200, headers = { content_type = "application/json" }, body = json.encode(about) };
		end;
	};
});
