-- STAND-IN, for usher's tests only: what the community module of this name does, written anew from its documentation,
-- because Debian does not ship it and we may not. Same options, same hook, same priority; of the answer it knows
-- affiliations (as a map) and the booleans of config.
-- Operators install the real one: prosodyctl install --server=https://modules.prosody.im/rocks/ mod_muc_http_defaults
-- e2e/community.sh runs the same tests on it.

module:depends "muc";

local http = require "net.http";
local async = require "util.async";
local json = require "util.json";
local jid = require "util.jid";
local st = require "util.stanza";
local encode = require "util.http".urlencode;

local template = assert(module:get_option_string("muc_create_api_url"), "muc_create_api_url is not set");
local headers = { accept = "application/json", authorization = module:get_option_string("muc_create_api_auth") };

local function fetch(room)
	local wait, done = async.waiter();
	local answer;
	local url = template:gsub("{room%.jid}", function () return encode(room.jid); end);
	http.request(url, { headers = headers }, function (body, code)
		if code >= 200 and code < 300 then answer = json.decode(body); end
		done();
	end);
	wait();
	return answer;
end

local function apply(room, answer)
	if answer.affiliations ~= nil then
		if type(answer.affiliations) ~= "table" then return false; end
		local present = {};
		for who in pairs(room._affiliations) do present[who] = true; end
		for who in pairs(present) do room:set_affiliation(true, who, "none"); end
		for who, affiliation in pairs(answer.affiliations) do
			local prepared = jid.prep(who);
			if not prepared or not room:set_affiliation(true, prepared, affiliation) then return false; end
		end
	end
	local config = answer.config or {};
	if type(config.members_only) == "boolean" then room:set_members_only(config.members_only); end
	if type(config.persistent) == "boolean" then room:set_persistent(config.persistent); end
	if type(config.public) == "boolean" then room:set_public(config.public); end
	if type(config.moderated) == "boolean" then room:set_moderated(config.moderated); end
	return true;
end

module:hook("muc-room-pre-create", function (event)
	local answer = fetch(event.room);
	if type(answer) == "table" and apply(event.room, answer) then return; end
	event.room:destroy();
	event.origin.send(st.error_reply(event.stanza, "cancel", "internal-server-error", "the room could not be set up", module.host));
	return true;
end, -2);
