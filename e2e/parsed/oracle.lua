-- Reads what a client sends as this Prosody would, by its own modules and parser, and says what came of it. It is
-- asked by lines on its standard input: "websocket N" and N lines of hex, one a frame; or "bosh N" and N lines of hex,
-- one a body. It answers N lines, with what each became, and an empty one.

if not pcall(require, "prosody.loader") then
	pcall(require, "loader")
end

local function nothing() end

-- What the modules want of a server.
local routes = {}
local shared = setmetatable({}, { __index = function(t, k) t[k] = {} return t[k] end })
local function default(_, _, value) return value end
local function named(name)
	local m = { name = name, host = "*", _log = nothing }
	m.set_global, m.depends, m.hook, m.log, m.fire_event, m.add_timer = nothing, nothing, nothing, nothing, nothing, nothing
	m.get_option, m.get_option_number, m.get_option_integer, m.get_option_period = default, default, default, default
	m.get_option_boolean, m.get_option_string = default, default
	function m.measure() return nothing end
	function m.shared(_, path) return shared[path] end
	function m.context() return m end
	function m.provides(_, _, what)
		for route, handler in pairs(what.route) do routes[name .. " " .. route] = handler end
	end
	return m
end

local function stub(name, value)
	package.preload[name] = function() return value end
	package.preload["prosody." .. name] = package.preload[name]
end

local seen -- what came of the frame or the body that is being read
local function note(text) seen[#seen + 1] = text end

local make_session
stub("util.timer", { add_task = nothing })
stub("util.async", { runner = function() return { run = nothing } end })
stub("core.sessionmanager", { destroy_session = nothing })
stub("core.modulemanager", { get_modules_for_host = function() return { contains = nothing } end })
stub("core.portmanager", { get_service = function()
	return { listener = { onconnect = function(conn) shared["c2s/sessions"][conn] = make_session() end } }
end })
prosody = { hosts = {}, core_process_stanza = nothing }

local function load_module(name)
	local module = named(name)
	local file = assert(os.getenv("MODULES")) .. "/mod_" .. name .. ".lua"
	assert(loadfile(file, "t", setmetatable({ module = module }, { __index = _G, __newindex = rawset })))()
	module.add_host(module)
end
load_module("websocket")
load_module("bosh")

local new_stream = require "util.xmppstream".new
local filters = require "util.filters"
local frames = require "net.websocket.frames"

local function escape(s)
	return (s:gsub("[^%w%-._:/#]", function(c) return ("%%%02x"):format(c:byte()) end))
end

-- An element with all that it holds, in one spelling.
local function show(e, top)
	local list = {}
	for k, v in pairs(e.attr) do
		if k ~= "xmlns" and not (top and k == "xml:lang") then
			list[#list + 1] = " " .. escape(k:gsub("^xml:", "http://www.w3.org/XML/1998/namespace\1")) .. "=" .. escape(v)
		end
	end
	table.sort(list)
	local out = { "(", escape(e.name), " ", escape(e.attr.xmlns or "jabber:client"), table.concat(list) }
	local text = ""
	for _, child in ipairs(e) do
		if type(child) == "string" then
			text = text .. child
		else
			out[#out + 1] = show(child)
		end
	end
	if text ~= "" then out[#out + 1] = "'" .. escape(text) end
	out[#out + 1] = ")"
	return table.concat(out)
end

-- A stream as mod_c2s has it.
function make_session()
	local session = { notopen = true, log = nothing, ip = "127.0.0.1" }
	filters.initialize(session)
	session.stream = new_stream(session, {
		default_ns = "jabber:client",
		streamopened = function() session.notopen = nil; note("opened") end,
		streamclosed = function() note("closed") end,
		error = function() session.over = true; note("error") end,
		handlestanza = function(_, stanza) note(show(stanza, true)) end,
	}, 256 * 1024)
	return session
end

local function websocket(list)
	local conn = { setlistener = nothing, write = nothing, close = nothing }
	routes["websocket GET"]({
		request = { method = "GET", headers = { sec_websocket_key = "x", sec_websocket_protocol = "xmpp" } },
		response = { conn = conn, headers = {} },
	})
	local session = shared["c2s/sessions"][conn]
	shared["c2s/sessions"][conn] = nil
	function session.close() session.over = true; note("error") end
	return function(data)
		if session.over then return end
		-- Prosody logs what is thrown, and goes on with the next frame.
		local called, filtered = pcall(session.filter, "bytes/in", frames.build({ FIN = true, opcode = 1, data = data }))
		if not called then return note("dropped") end
		local fed, ok = pcall(session.stream.feed, session.stream, filtered)
		if not fed then return note("dropped") end
		if not ok then
			session.over = true
			note("error")
		end
	end
end

local function bosh()
	local session = {
		sid = "s", rid = 1, requests = {}, send_buffer = {}, bosh_responses = {}, log = nothing, send = nothing,
		filter = function(_, stanza) return stanza end,
		thread = { run = function(_, stanza) note(show(stanza, true)) end },
	}
	function session.close() session.over = true; note("closed") end
	return function(data)
		if session.over then return end
		shared.sessions.s = session
		local response = { headers = {}, send = function(r) r.finished = true end }
		local called, answer = pcall(routes["bosh POST"], { request = { body = data }, response = response })
		if not called then return note("dropped") end
		if type(answer) == "string" then note("error") end
	end
end

local ways = { websocket = websocket, bosh = bosh }
for line in io.lines() do
	local way, count = line:match("^(%l+) (%d+)$")
	local feed = ways[way]()
	for _ = 1, tonumber(count) do
		seen = {}
		feed((io.read("l"):gsub("..", function(h) return string.char(tonumber(h, 16)) end)))
		io.write(table.concat(seen, "\t"), "\n")
	end
	io.flush()
end
