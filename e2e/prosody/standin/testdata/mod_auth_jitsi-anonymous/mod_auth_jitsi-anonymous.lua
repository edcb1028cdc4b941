-- STAND-IN, for usher's tests only: what Jitsi's module of this name does with guests, as it was seen; written anew. Who
-- names a stream to resume gets its account. What the address says was read by mod_auth_token.

local generate = require "util.uuid".generate;
local sasl = require "util.sasl";

-- account_of is that of the stream that a session wants to resume, or nil.
local function account_of(session)
	for _, other in pairs(session.previd and prosody.full_sessions or {}) do
		if other.resumption_token == session.previd then return other.username; end
	end
end

module:provides("auth", {
	get_sasl_handler = function (session)
		return sasl.new(module.host, { anonymous = function (handler)
			local account = account_of(session);
			if not account then session.auth_token = nil; end
			handler.username = account or generate();
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
