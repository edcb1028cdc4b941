-- STAND-IN, for usher's tests only: what Jitsi's module of this name does before a join, as it was seen; written anew.
-- It is shipped since 2026: the first presence has what the token says. Every other holder of a token becomes a member,
-- even if another module has just made an owner of him.

local lib = module:require "jitsi_standin";

local owners = { owner = true, moderator = true, teacher = true };

local function wanted(session)
	local user = session.jitsi_meet_context_user;
	if user and (owners[user.affiliation] or user.moderator == true or user.moderator == "true") then return "owner"; end
	return "member";
end

module:hook("muc-occupant-pre-join", function (event)
	local room, occupant, session = event.room, event.occupant, event.origin;
	if lib.admin(occupant.bare_jid) or not session.auth_token then return; end
	local has = room:get_affiliation(occupant.bare_jid);
	if room:get_members_only() and (not has or has == "none") then return; end -- the lobby's turn
	local affiliation = wanted(session);
	room:set_affiliation(true, occupant.bare_jid, affiliation);
	if affiliation == "owner" then occupant.role = "moderator"; end
end, -3.5);
