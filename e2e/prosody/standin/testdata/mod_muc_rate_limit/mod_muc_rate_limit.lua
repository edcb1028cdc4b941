-- STAND-IN, for usher's tests only: what Jitsi's module of this name does with joins that come too fast, as it was seen;
-- written anew. They wait in a queue, from which a timer replays them, outside of any coroutine: what then wants to wait
-- for an answer raises an error, the join is lost, and the queue's timer never comes again.

local throttle = require "util.throttle";
local queue = require "util.queue";
local timer = require "util.timer";

local rate = module:get_option_number("muc_rate_joins", 3);

local function replay(room)
	for _ = 1, rate do
		local event = room.standin_joins:pop();
		if event and event.origin.conn then
			event.stanza.standin_replayed = true;
			room:handle_normal_presence(event.origin, event.stanza);
		end
	end
	if room.standin_joins:count() > 0 then return 1; end
	room.standin_timer = nil;
end

local function hold_back(room, event)
	room.standin_joins = room.standin_joins or queue.new(1000);
	if not room.standin_joins:push(event) then return; end
	if not room.standin_timer then
		room.standin_timer = true;
		timer.add_task(1, function ()
			if room.destroying then return; end
			local ok, again = pcall(replay, room);
			if not ok then module:log("error", "Error processing join queue: %s", again); end
			return ok and again or not ok and 1 or nil;
		end);
	end
	return true;
end

module:hook("muc-occupant-pre-join", function (event)
	local room, stanza = event.room, event.stanza;
	if stanza.standin_replayed then
		stanza.standin_replayed = nil;
		return;
	end
	room.standin_throttle = room.standin_throttle or throttle.create(rate, 1);
	if not room.standin_throttle:poll(1) or room.standin_timer then return hold_back(room, event); end
end, 9);
