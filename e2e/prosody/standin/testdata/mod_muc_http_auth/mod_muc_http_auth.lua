-- STAND-IN, for usher's tests only: what the community module of this name does, written anew from its documentation,
-- because Debian does not ship it and we may not. Same options, same hook, same priority, same reading of the answer.
-- Operators install the real one: prosodyctl install --server=https://modules.prosody.im/rocks/ mod_muc_http_auth
-- e2e/community.sh runs the same tests on it.

local http = require "net.http";
local async = require "util.async";
local json = require "util.json";
local jid = require "util.jid";
local st = require "util.stanza";
local encode = require "util.http".urlencode;

local url = module:get_option("muc_http_auth_url", "");
local header = module:get_option("muc_http_auth_authorization_header");
local only = module:get_option("muc_http_auth_enabled_for");
local never = module:get_option("muc_http_auth_disabled_for");
local insecure = module:get_option("muc_http_auth_insecure", false);

local function listed(map, user_host, room_node)
	for _, key in ipairs { user_host, "all" } do
		for _, node in ipairs(map[key] or {}) do
			if node == room_node then return true; end
		end
	end
	return false;
end

local function asks_about(user_host, room_node)
	if only then return listed(only, user_host, room_node); end
	if never then return not listed(never, user_host, room_node); end
	return true;
end

-- The status of the answer is not looked at; whatever Lua takes for true is a yes.
local function question(user, room, nick)
	local query = "?userJID=" .. encode(user) .. "&mucJID=" .. encode(room) .. "&nickname=" .. encode(nick);
	local options = { method = "GET", insecure = insecure };
	if header then options.headers = { Authorization = header }; end
	local wait, done = async.waiter();
	local allowed = false;
	http.request(url .. query, options, function (body)
		local answer = json.decode(body or "");
		allowed = type(answer) == "table" and answer.allowed;
		done();
	end);
	wait();
	return allowed;
end

module:hook("muc-occupant-pre-join", function (event)
	local stanza, room, origin = event.stanza, event.room, event.origin;
	local user = jid.bare(stanza.attr.from);
	local nick = jid.resource(stanza.attr.to);
	if not nick or not asks_about(jid.host(user), jid.node(room.jid)) then return; end
	if question(user, room.jid, nick) then return; end
	origin.send(st.error_reply(stanza, "auth", "not-authorized", nil, module.host));
	return true;
end);
