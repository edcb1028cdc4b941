-- STAND-IN, for usher's tests only: what Jitsi's module of this name does, as it was seen; written anew. A room that becomes
-- one for members only gets a lobby room, in which the owners of the main room are owners, and nobody else sees anybody.

local filters = require "util.filters";
local lib = module:require "jitsi_standin";
local st, jid = lib.st, lib.jid;

local muc_ns = "http://jabber.org/protocol/muc";
local main_host = assert(module:get_option_string("main_muc"), "main_muc is not set");
local lobby_host = assert(module:get_option_string("lobby_muc"), "lobby_muc is not set");
local whitelist = module:get_option_set("muc_lobby_whitelist", {});

local function muc(host)
	return prosody.hosts[host] and prosody.hosts[host].modules.muc;
end

local function main_of(lobby_jid)
	return muc(main_host).get_room_from_jid(jid.join(jid.node(lobby_jid), main_host));
end

local function open(room)
	local address = jid.join(jid.node(room.jid), lobby_host);
	if muc(lobby_host).get_room_from_jid(address) then return; end
	muc(lobby_host).create_room(address):set_persistent(true);
	room._data.lobbyroom = address;
	return true;
end

local function close(room)
	local lobby = room._data.lobbyroom and muc(lobby_host).get_room_from_jid(room._data.lobbyroom);
	room._data.lobbyroom = nil;
	if lobby then
		lobby:set_persistent(false);
		lobby:destroy(nil, "Lobby room closed.");
	end
end

local function answer(event, kind, condition, code, tag, text)
	local reply = st.error_reply(event.stanza, kind, condition);
	reply.tags[1].attr.code = code;
	reply:tag(tag, { xmlns = "http://jitsi.org/jitmeet" }):text(text):up():up();
	if tag == "lobbyroom" then reply:tag(tag):text(text):up(); end -- where clients of before 2024 look for it
	event.origin.send(reply:tag("x", { xmlns = muc_ns }));
	return true;
end

local function at_the_door(event)
	local room, occupant, stanza = event.room, event.occupant, event.stanza;
	local join = stanza:get_child("x", muc_ns);
	if not join or not room:get_members_only() or jid.resource(occupant.nick) == "focus" then return; end
	local who = jid.bare(stanza.attr.from);
	local password = join:get_child_text("password", muc_ns);
	local known = password and room:get_password() == password;
	if known or whitelist:contains(jid.host(who)) or whitelist:contains(who) then
		occupant.role = "participant";
		room:set_affiliation(true, who, "member");
		room:save_occupant(occupant);
		return;
	end
	if (stanza:get_child_text("nick", "http://jabber.org/protocol/nick") or "") == "" then -- members too
		return answer(event, "modify", "not-acceptable", "406", "displayname-required");
	end
	local affiliation = room:get_affiliation(who);
	if affiliation and affiliation ~= "none" then return; end
	return answer(event, "auth", "registration-required", "407", "lobbyroom", room._data.lobbyroom);
end

-- Only owners see who waits, and whoever waits sees owners leave and himself.
local function hide(stanza)
	local from = stanza.attr and stanza.attr.from;
	if not from or jid.host(from) ~= lobby_host or stanza.name ~= "presence" then return stanza; end
	local x = stanza:get_child("x", muc_ns .. "#user");
	local room = main_of(from);
	if not x or not room or stanza.attr.type == "unavailable" then return stanza; end
	for tag in x:childtags("status") do
		if tag.attr.code == "110" then return stanza; end
	end
	local item = x:get_child("item");
	local shown = room:get_affiliation(stanza.attr.to) == "owner" and room:get_affiliation(item.attr.jid) ~= "owner";
	return shown and stanza or nil;
end

local function with_main(main)
	main:hook("muc-config-submitted", function (event)
		if jid.node(event.actor) == "focus" then return; end
		if event.fields["muc#roomconfig_membersonly"] then
			if open(event.room) then event.status_codes["104"] = true; end
		else
			close(event.room);
		end
	end);
	main:hook("muc-room-destroyed", function (event) close(event.room); end, 1);
	main:hook("muc-disco#info", function (event) -- from which moderators learn it
		local lobby = event.room._data.lobbyroom;
		if not lobby or not event.room:get_members_only() then return; end
		table.insert(event.form, { name = "muc#roominfo_lobbyroom", value = "" });
		event.formdata["muc#roominfo_lobbyroom"] = lobby;
	end);
	main:hook("muc-occupant-pre-join", at_the_door, -4);
end

local function with_lobby()
	filters.add_filter_hook(function (session) filters.add_filter(session, "stanzas/out", hide, -1); end);
	module:add_identity("component", "lobbyrooms", lobby_host);
	muc(lobby_host).room_mt.get_affiliation = function (room, who)
		local main = main_of(room.jid);
		return main and main:get_affiliation(who) or "none";
	end;
end

lib.once_there(main_host, with_main);
lib.once_there(lobby_host, with_lobby);
