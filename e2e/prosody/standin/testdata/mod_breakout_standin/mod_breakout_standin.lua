-- STAND-IN, for usher's tests only: of Jitsi's mod_muc_breakout_rooms it does one thing, telling in a breakout room's
-- disco#info and configuration which room it belongs to, by the same hooks and the same field. The main room is the one
-- whose name stands in the option breakout_standin_main.

local main = module:get_option_string("breakout_standin_main", "main@conference.meet.example.com");

module:hook("muc-config-form", function (event)
	table.insert(event.form, { name = "muc#roominfo_isbreakout", label = "Is this a breakout room?", type = "boolean", value = true });
	table.insert(event.form, { name = "muc#roominfo_breakout_main_room", label = "The main room associated with this breakout room", value = main });
end);

module:hook("muc-disco#info", function (event)
	table.insert(event.form, { name = "muc#roominfo_isbreakout", label = "Is this a breakout room?", type = "boolean" });
	event.formdata["muc#roominfo_isbreakout"] = true;
	table.insert(event.form, { name = "muc#roominfo_breakout_main_room", label = "The main room associated with this breakout room" });
	event.formdata["muc#roominfo_breakout_main_room"] = main;
end);
