-- STAND-IN, for usher's tests only: what Jitsi's module of this name does with the token of a connection, as it was seen;
-- written anew. It reads the token from the query only, as it did until 2024; e2e/jitsi.sh runs the tests on the real one.

local formdecode = require "util.http".formdecode;
local generate = require "util.uuid".generate;
local sasl = require "util.sasl";
local lib = module:require "jitsi_standin";

local options = lib.options_of(module);
if not options then return; end

module:provides("auth", {
	get_sasl_handler = function (session)
		return sasl.new(module.host, { anonymous = function (handler, username)
			local ok, condition, text = lib.accept(session, options);
			if not ok then
				module:log("warn", "Error verifying token err:%s, reason:%s", condition, text);
				session.auth_token = nil;
				return false, condition, text;
			end
			-- Whoever names a stream to resume gets its account, whatever the token says.
			for _, other in pairs(session.previd and prosody.full_sessions or {}) do
				if other.resumption_token == session.previd then username = other.username; end
			end
			handler.username = username;
			session.standin_verified = true;
			return true;
		end });
	end;
	test_password = function () return nil, "not supported"; end;
	get_password = function () return nil; end;
	set_password = function () return nil, "not supported"; end;
	user_exists = function () return nil; end;
	create_user = function () return nil, "not supported"; end;
	delete_user = function () return nil, "not supported"; end;
});

-- Prosody's own mechanism cannot refuse.
sasl.registerMechanism("ANONYMOUS", { "anonymous" }, function (handler)
	local username = generate();
	local ok, condition, text = handler.profile.anonymous(handler, username, handler.realm);
	if not ok then return "failure", condition, text; end
	handler.username = handler.username or username;
	return "success";
end);

local function begin(event)
	local session, query = event.session, event.request.url.query;
	local asked = query and formdecode(query) or {};
	session.previd = asked.previd;
	session.jitsi_web_query_room = asked.room;
	session.jitsi_web_query_prefix = asked.prefix or "";
	session.auth_token = asked.token;
end
module:hook_global("bosh-session", begin, 1);
module:hook_global("websocket-session", begin, 1);

local kept = { "auth_token", "jitsi_meet_context_user", "jitsi_meet_context_group", "jitsi_meet_context_features",
	"jitsi_meet_context_room", "jitsi_meet_room", "jitsi_meet_str_tenant", "jitsi_meet_domain", "jitsi_meet_tenant_mismatch" };

-- A resumed stream has what the token of the new connection says; Prosody 0.12 does not tell of resumptions here.
local function resumed(session, from)
	if not from.auth_token then return; end
	if from.host ~= module.host then -- a guest who has signed in meanwhile
		session.auth_token = from.auth_token;
		if not lib.accept(session, options) then session:close(); end
		return;
	end
	if not from.standin_verified then session:close(); return; end
	for _, field in ipairs(kept) do session[field] = from[field]; end
end
module:hook_global("c2s-session-updated", function (event) resumed(event.session, event.from_session); end, 1);
