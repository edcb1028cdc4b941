-- STAND-IN, for usher's tests only: what the stand-ins of Jitsi's modules share. Written anew from what those modules were
-- seen to do; they are not copied, and nothing of theirs is here. Odd claims are as fatal here as there: what is no text
-- where a text is wanted raises an error.

local jid = require "util.jid";
local hashes = require "util.hashes";
local base64 = require "util.encodings".base64;
local st = require "util.stanza";
local json = require "cjson.safe";

local lib = {};

-- decoded is a part of a token, which is base64 for URLs, without padding.
local function decoded(part)
	local plain = part:gsub("-", "+"):gsub("_", "/");
	return base64.decode(plain .. ("="):rep(-#plain % 4));
end

local function by_hmac(signed, signature, secret)
	return hashes.hmac_sha256(secret, signed) == signature;
end

local function by_rsa(signed, signature, pem)
	local pkey, digest = require "openssl.pkey", require "openssl.digest";
	return pkey.new(pem):verify(signature, digest.new("sha256"):update(signed));
end

local algorithms = { HS256 = by_hmac, RS256 = by_rsa };

local function listed(list, value)
	for _, good in ipairs(list) do
		if good == "*" or good == value then return true; end
	end
	return false;
end

-- in_time has no leeway.
local function in_time(claims)
	if claims.exp and type(claims.exp) ~= "number" then return nil, "exp must be number"; end
	if claims.nbf and type(claims.nbf) ~= "number" then return nil, "nbf must be number"; end
	local now = os.time();
	if claims.exp and now >= claims.exp then
		return nil, ("Not acceptable by exp (%s sec since expired)"):format(tostring(now - claims.exp));
	end
	if claims.nbf and now < claims.nbf then return nil, "Not acceptable by nbf"; end
	return true;
end

-- claims_of returns the claims of a good token, or nil and what is wrong.
local function claims_of(token, options)
	local first, second, third = token:match("^([^.]+)%.([^.]+)%.([^.]+)$");
	if not first then return nil, "Invalid token"; end
	local header = json.decode(decoded(first) or "");
	if not header then return nil, "Invalid header"; end
	local claims = json.decode(decoded(second) or "");
	if not claims then return nil, "Invalid body"; end
	if header.typ ~= "JWT" then return nil, "Invalid typ"; end
	if header.alg ~= options.algorithm then return nil, "Invalid or incorrect alg"; end
	if not algorithms[options.algorithm](first .. "." .. second, decoded(third) or "", options.secret) then
		return nil, "Invalid signature";
	end
	local ok, problem = in_time(claims);
	if not ok then return nil, problem; end
	if claims.iss == nil then return nil, "'iss' claim is missing"; end
	if not listed(options.issuers, claims.iss) then return nil, "invalid 'iss' claim"; end
	if claims.aud == nil then return nil, "'aud' claim is missing"; end
	if not listed(options.audiences, claims.aud) then return nil, "invalid 'aud' claim"; end
	return claims;
end

-- options_of reads what the virtual host says of tokens; nil where it says too little.
function lib.options_of(context)
	local o = {
		app = context:get_option_string("app_id");
		secret = context:get_option_string("app_secret");
		key_server = context:get_option_string("asap_key_server") or context:get_option_string("cache_keys_url");
		empty = context:get_option_boolean("allow_empty_token", false);
		domains = context:get_option_boolean("enable_domain_verification", true);
		room_required = context:get_option_boolean("asap_require_room_claim", true);
		audiences = context:get_option_array("asap_accepted_audiences", { "*" });
		prefix = context:get_option_string("muc_mapper_domain_prefix", "conference");
		base = context:get_option_string("muc_mapper_domain_base");
	};
	if not o.app or not (o.secret or o.key_server) then
		context:log("error", "app_id and app_secret, or a key server, must be set");
		return nil;
	end
	o.issuers = context:get_option_array("asap_accepted_issuers", { o.app });
	o.algorithm = context:get_option_string("signature_algorithm", o.key_server and "RS256" or "HS256");
	o.muc = o.base and o.prefix .. "." .. o.base;
	return o;
end

-- accept verifies the token of a session and keeps what it says there, as thirty modules expect it.
function lib.accept(session, options)
	local token = session.auth_token;
	if token == nil then
		if options.empty then return true; end
		return false, "not-allowed", "token required";
	end
	if options.key_server then -- app_secret counts for nothing beside it
		local header = json.decode(decoded(token:match("^[^.]*")) or "");
		if not header then return false, "not-allowed", "bad token format"; end
		if header.kid == nil then return false, "not-allowed", "'kid' claim is missing"; end
		return false, "not-allowed", "could not obtain public key";
	end
	local claims, problem = claims_of(token, options);
	if not claims then return false, "not-allowed", problem; end
	if options.room_required and claims.room == nil then
		return false, "not-authorized", "room claim is missing";
	end
	session.jitsi_meet_room = claims.room;
	if claims.sub == nil then return false, "not-authorized", "sub claim is missing"; end
	session.jitsi_meet_domain = claims.sub;
	session.jitsi_meet_auth_issuer = claims.iss;
	local context = claims.context;
	if context ~= nil then
		session.jitsi_meet_str_tenant = context.tenant;
		for field, name in pairs { user = "user", group = "group", features = "features", room = "room" } do
			if context[name] ~= nil then session["jitsi_meet_context_" .. field] = context[name]; end
		end
	elseif claims.user_id then
		session.jitsi_meet_context_user = { id = claims.user_id };
	end
	return true;
end

-- without_domains is the rule where the tenant is not looked at.
local function without_domains(name, claimed)
	if not claimed or claimed == "*" or name == claimed then return true; end
	local ending = "]" .. claimed;
	if name:sub(-#ending) == ending then return true; end
	return false, "room-mismatch", "Room does not match the room from token";
end

-- by_name is the name that the token has for this room, or nil.
local function by_name(session, name)
	local claimed = session.jitsi_meet_room and string.lower(session.jitsi_meet_room);
	if claimed == "*" then return name; end
	local context = session.jitsi_meet_context_room;
	if context and (context.regex == true or context.regex == "true") then
		return name:match(claimed); -- a Lua pattern, not anchored
	end
	return claimed;
end

-- may_enter tells whether the token of a session is for the room of an address.
function lib.may_enter(session, address, options)
	local localpart = jid.node(address);
	if not localpart then return false, "invalid-room-address", "Room address is invalid"; end
	if not lib.room(jid.join(localpart, options.muc or jid.host(address))) then
		return false, "room-does-not-exist", "Room does not exist";
	end
	if options.empty and session.auth_token == nil then return true; end
	if not options.domains then
		return without_domains(localpart, session.jitsi_meet_room and string.lower(session.jitsi_meet_room));
	end
	local tenant, name = localpart:match("^%[([^%]]+)%](.+)$");
	local wanted = by_name(session, name or localpart);
	if not wanted then
		if not options.room_required then return true; end
		return false, "room-name-does-not-match", "Room name cannot be matched to the one from token.";
	end
	local claimed = session.jitsi_meet_str_tenant;
	session.jitsi_meet_tenant_mismatch = claimed and claimed:lower() ~= session.jitsi_web_query_prefix or nil;
	local sub = string.lower(session.jitsi_meet_domain);
	if tenant then
		if not options.base then return false, "server-missing-config", "Misconfiguration of server"; end
		return jid.bare(address) == jid.join("[" .. (sub == "*" and tenant or sub) .. "]" .. wanted, options.muc);
	end
	return jid.bare(address) == jid.join(wanted, sub == "*" and options.muc or options.prefix .. "." .. sub);
end

-- verified tells whether a token that came by HTTP is good, and for the room of an address.
function lib.verified(token, address, options)
	local session = { auth_token = token };
	return token and lib.accept(session, options) and lib.may_enter(session, address, options);
end

-- admin tells whether an address is in the option admins of this host, or of all.
function lib.admin(address)
	return module:get_option_set("admins", {}):contains(jid.bare(address));
end

-- room is the one of a bare address, or nil.
function lib.room(address)
	local host = prosody.hosts[jid.host(address)];
	local muc = host and host.modules.muc;
	return muc and muc.get_room_from_jid(address);
end

-- allowed tells whether a session may use a feature: its token's features count, else the role.
function lib.allowed(session, feature, is_moderator)
	local features = session.jitsi_meet_context_features;
	if features then return features[feature] == true or features[feature] == "true"; end
	return is_moderator;
end

-- identify replaces what a presence says of its sender's identity. A part that cannot be XML loses the presence.
function lib.identify(stanza, session)
	stanza:maptags(function (tag) return tag.name ~= "identity" and tag or nil; end);
	local user, group = session.jitsi_meet_context_user, session.jitsi_meet_context_group;
	if not user then return; end
	stanza:tag("identity"):tag("user");
	for name, value in pairs(user) do stanza:tag(name):text(tostring(value)):up(); end
	stanza:up();
	if group then stanza:tag("group"):text(group):up(); end
	stanza:up();
end

-- once_there runs a function with a host's context and its rooms when they are loaded, which may be later than this module.
function lib.once_there(host, run)
	local done = false;
	local function check()
		local muc = prosody.hosts[host] and prosody.hosts[host].modules.muc;
		if done or not muc then return; end
		done = true;
		run(module:context(host), muc);
	end
	check();
	if done then return; end
	prosody.events.add_handler("host-activated", function (name)
		if name ~= host then return; end
		check();
		prosody.hosts[host].events.add_handler("module-loaded", check);
	end);
	if prosody.hosts[host] then prosody.hosts[host].events.add_handler("module-loaded", check); end
end

lib.st, lib.jid = st, jid;

return lib;
