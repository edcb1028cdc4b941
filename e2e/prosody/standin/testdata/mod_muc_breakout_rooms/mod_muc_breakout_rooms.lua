-- STAND-IN, for usher's tests only: what Jitsi's module of this name does, as it was seen; written anew. A moderator asks the
-- component for a breakout room, and everybody is told its address. It is there once jicofo is in it, and has no
-- affiliations of its own: those of the main room count. It lets in whose session was in the main room.

local st = require "util.stanza";
local json = require "cjson.safe";
local uuid = require "util.uuid".generate;
local lib = module:require "jitsi_standin";
local jid = lib.jid;

local main_host = assert(module:get_option_string("main_muc"), "main_muc is not set");
local breakout_host = module:get_option_string("breakout_rooms_muc", "breakout." .. module.host);

local mains = {}; -- addresses of main rooms, by those of their breakout rooms

local function main_of(address)
	return lib.room(jid.host(address) == main_host and address or mains[address] or "");
end

local function each_of(main, run)
	run(main.jid, main);
	for address in pairs(main._data.standin_breakouts or {}) do run(address, lib.room(address)); end
end

local function everybody(main, run)
	each_of(main, function (address, room)
		if not room then return; end
		for _, occupant in room:each_occupant() do
			if not lib.admin(occupant.bare_jid) then run(occupant, address); end
		end
	end);
end

-- tell tells everybody, some moments later, which rooms there are.
local function tell(main)
	if main.standin_telling then return; end
	main.standin_telling = true;
	module:add_timer(0.3, function ()
		main.standin_telling = nil;
		local rooms = {};
		each_of(main, function (address)
			rooms[jid.node(address)] = { id = jid.node(address), jid = address, isMainRoom = address == main.jid or nil };
		end);
		local text = json.encode({ type = "breakout_rooms", event = "features/breakout-rooms/update", rooms = rooms });
		everybody(main, function (occupant)
			module:send(st.message({ from = breakout_host, to = occupant.jid })
				:tag("json-message", { xmlns = "http://jitsi.org/jitmeet" }):text(text):up());
		end);
	end);
end

local function add(main)
	local address = uuid() .. "@" .. breakout_host;
	main._data.standin_breakouts = main._data.standin_breakouts or {};
	main._data.standin_breakouts[address] = true;
	mains[address] = main.jid;
	main:set_persistent(true);
	tell(main);
end

local function remove(main, address)
	if mains[address] ~= main.jid then return; end
	local room = lib.room(address);
	if room then room:destroy(main.jid, "Breakout room removed."); end
	main._data.standin_breakouts[address], mains[address] = nil, nil;
	tell(main);
end

-- asked is a message to the component; whose room is meant stands in the address of the connection.
local function asked(event)
	local session, request = event.origin, event.stanza:get_child("breakout_rooms");
	if not request or not session.jitsi_web_query_room then return; end
	local tenant, name = session.jitsi_web_query_prefix or "", session.jitsi_web_query_room;
	local main = lib.room(jid.join((tenant == "" and "" or "[" .. tenant .. "]") .. name, main_host));
	local occupant = main and main:get_occupant_by_real_jid(event.stanza.attr.from);
	if not occupant or occupant.role ~= "moderator" then return; end
	if request.attr.type == "features/breakout-rooms/add" then add(main); return true; end
	if request.attr.type == "features/breakout-rooms/remove" then remove(main, request.attr.breakoutRoomJid); return true; end
end

local function before_join(event)
	local room, session, stanza = event.room, event.origin, event.stanza;
	local main = main_of(room.jid);
	if not main then
		session.send(st.error_reply(stanza, "cancel", "service-unavailable"));
		return true;
	end
	if lib.admin(stanza.attr.from) or room == main or session.standin_main == main.jid then return; end
	session.send(st.error_reply(stanza, "cancel", "not-allowed"));
	return true;
end

local function joined(event)
	local main = main_of(event.room.jid);
	if not main or lib.admin(event.occupant.bare_jid) then return; end
	if event.room == main then event.origin.standin_main = main.jid; end
	if main._data.standin_breakouts then tell(main); end
end

-- left ends a conference with breakout rooms 5 s after its last occupant.
local function left(event)
	local address = event.room.jid;
	local main = main_of(address);
	if not main or not main._data.standin_breakouts then return; end
	module:add_timer(5, function ()
		local empty = true;
		main = main_of(address);
		if not main then return; end
		everybody(main, function () empty = false; end);
		if not empty then return; end
		main:set_persistent(false);
		main:destroy(nil, "All occupants left.");
	end);
end

local function with_breakout(host, muc)
	module:add_identity("component", "breakout_rooms", breakout_host);
	host:hook("message/host", asked);
	host:hook("muc-occupant-pre-join", before_join);
	host:hook("muc-occupant-joined", joined);
	host:hook("muc-occupant-left", left);
	host:hook("muc-room-pre-create", function (event)
		if main_of(event.room.jid) then return; end
		event.room:destroy(nil, "Breakout room is invalid.");
		return true;
	end);
	host:hook("muc-config-form", function (event)
		table.insert(event.form, { name = "muc#roominfo_isbreakout", label = "Is this a breakout room?", type = "boolean",
			value = true });
		table.insert(event.form, { name = "muc#roominfo_breakout_main_room",
			label = "The main room associated with this breakout room", value = mains[event.room.jid] });
	end);
	muc.room_mt.get_members_only = function (room)
		local main = main_of(room.jid);
		return main and main:get_members_only() or false;
	end;
	muc.room_mt.get_affiliation = function (room, who)
		local main = main_of(room.jid);
		return main and main:get_affiliation(who) or "none";
	end;
end

local function with_main(host)
	host:hook("muc-occupant-pre-join", before_join);
	host:hook("muc-occupant-joined", joined);
	host:hook("muc-occupant-left", left);
	host:hook("muc-room-destroyed", function (event)
		for address in pairs(event.room._data.standin_breakouts or {}) do remove(event.room, address); end
	end, 1);
end

lib.once_there(main_host, with_main);
lib.once_there(breakout_host, with_breakout);
