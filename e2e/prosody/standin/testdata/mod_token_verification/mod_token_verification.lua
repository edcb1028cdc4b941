-- STAND-IN, for usher's tests only: what Jitsi's module of this name does at a join, as it was seen; written anew.
-- It logs a refused token whole, as that one does.

local lib = module:require "jitsi_standin";
local jid, st = lib.jid, lib.st;

local parent = module.host:match("^[^.]+%.(.+)$");
local options = parent and lib.options_of(module:context(parent));
if not options then return; end

local exempt = module:get_option_set("token_verification_allowlist", {});
local for_moderation = module:get_option_boolean("token_verification_require_token_for_moderation", false);

local function needs_none(address)
	return lib.admin(address) or exempt:contains(jid.host(address)) or exempt:contains(jid.bare(address));
end

local function refuse(event)
	local session, stanza = event.origin, event.stanza;
	if needs_none(stanza.attr.from) then return; end
	local ok, condition, text = lib.may_enter(session, stanza.attr.to, options);
	if ok then return; end
	text = text or not condition and "Room and token mismatched" or nil;
	module:log("error", "Token %s not allowed to join: %s err: %s reason: %s", tostring(session.auth_token),
		stanza.attr.to, condition, text);
	local answer = st.error_reply(stanza, "cancel", "not-allowed", text);
	if condition then answer:tag(condition, { xmlns = "http://jitsi.org/jitmeet" }); end
	session.send(answer);
	return true;
end

module:hook("muc-room-pre-create", refuse, 99);
module:hook("muc-occupant-pre-join", refuse, 99);

for _, event_name in ipairs { "iq-set/bare/http://jabber.org/protocol/muc#owner:query",
	"iq-set/host/http://jabber.org/protocol/muc#owner:query" } do
	module:hook(event_name, function (event)
		local session, stanza = event.origin, event.stanza;
		if not for_moderation or lib.admin(stanza.attr.from) then return; end
		if session.auth_token and session.jitsi_meet_room then return; end
		session.send(st.error_reply(stanza, "cancel", "not-allowed", "Room modification disabled for guests"));
		return true;
	end, -1);
end
