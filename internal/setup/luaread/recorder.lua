-- Runs one configuration file of Prosody and writes down what it sets. It knows no files, no environment, no modules.
local text, name = io.read("a") or "", "config"
local write, getinfo, tostring, type, pairs, ipairs = io.write, debug.getinfo, tostring, type, pairs, ipairs
local format, byte, sub, gsub, lower, gmatch = string.format, string.byte, string.sub, string.gsub, string.lower, string.gmatch
local concat = table.concat
local floor, setmetatable, rawget, next, count = math.floor, setmetatable, rawget, next, collectgarbage
local quit, sethook, error, load, pcall, rawequal, select = os.exit, debug.sethook, error, load, pcall, rawequal, select
local LIMIT, MEMORY, BYTES, DEPTH = 1000000, 16 * 1024, 1048576, 8

local function fail(why)
	write('{"failed":', '"', (gsub(tostring(why), '[%c"\\\127-\255]', function(c)
		return format("\\u%04x", byte(c))
	end)), '"}\n')
	quit(0, false)
end

local written = 0
local function out(s)
	written = written + #s
	if written > BYTES then fail("it sets more than 1 MiB of values") end
	write(s)
end

local function quote(s)
	return '"' .. gsub(s, '[%c"\\\127-\255]', function(c) return format("\\u%04x", byte(c)) end) .. '"'
end

-- What this program cannot know: a file's content, the environment. Whatever is done with it gives the same again.
local unknown = {}
local function same() return unknown end
local hidden = {
	__index = same, __newindex = function() end, __call = same, __concat = same, __unm = same, __len = function() return 0 end,
	__add = same, __sub = same, __mul = same, __div = same, __mod = same, __pow = same, __idiv = same,
	__band = same, __bor = same, __bxor = same, __shl = same, __shr = same, __bnot = same,
	__eq = function() return false end, __lt = function() return false end, __le = function() return false end,
	__tostring = function() return "" end, __metatable = false,
}
setmetatable(unknown, hidden)

local encode
local function encodeTable(t, depth)
	if depth > DEPTH then return '{"unknown":true}' end
	local list, n = {}, 0
	for i, v in ipairs(t) do
		list[i] = encode(v, depth + 1)
		n = i
	end
	local map = {}
	local k, v = next(t)
	while k ~= nil do
		if type(k) == "string" then
			map[#map + 1] = quote(k) .. ":" .. encode(v, depth + 1)
		elseif type(k) ~= "number" or k < 1 or k > n or floor(k) ~= k then
			map[#map + 1] = quote("[" .. tostring(k) .. "]") .. ":" .. encode(v, depth + 1)
		end
		k, v = next(t, k)
	end
	local parts = {}
	if n > 0 then parts[1] = '"list":[' .. concat(list, ",") .. "]" end
	if #map > 0 then parts[#parts + 1] = '"map":{' .. concat(map, ",") .. "}" end
	return '{"table":true' .. (#parts > 0 and "," or "") .. concat(parts, ",") .. "}"
end

function encode(v, depth)
	local kind = type(v)
	if rawequal(v, unknown) then return '{"unknown":true}' end
	if kind == "string" then return '{"text":' .. quote(v) .. "}" end
	if kind == "boolean" then return '{"bool":' .. tostring(v) .. "}" end
	if kind == "number" then return '{"number":' .. quote(tostring(v)) .. "}" end
	if kind == "nil" then return '{"none":true}' end
	if kind == "table" then return encodeTable(v, depth) end
	return '{"unknown":true}'
end

local function line()
	for level = 3, 12 do
		local info = getinfo(level, "Sl")
		if not info then return 0 end
		if info.source == "=" .. name then return info.currentline end
	end
	return 0
end

local section, kept = "*", {}
local function emit(kind, fields)
	out('{"kind":' .. quote(kind) .. ',"line":' .. line() .. "," .. fields .. "}\n")
end
local function set(k, v)
	kept[section] = kept[section] or {}
	kept[section][k] = v
	emit("option", '"section":' .. quote(section) .. ',"name":' .. quote(tostring(k)) .. ',"value":' .. encode(v, 1))
end
local function needText(v, what)
	if type(v) ~= "string" then error(what .. " has no name that can be read", 0) end
	return v
end
local function options(of)
	return function(given)
		section = of
		if type(given) ~= "table" then error("options were expected after " .. of, 0) end
		for k, v in pairs(given) do set(k, v) end
		section = "*"
	end
end

local env = {}
local function virtualHost(host)
	section = lower(needText(host, "a VirtualHost"))
	emit("host", '"section":' .. quote(section))
	return options(section)
end
local function component(host)
	section = lower(needText(host, "a Component"))
	local own = section
	emit("component", '"section":' .. quote(own))
	return function(module)
		if type(module) == "string" then
			emit("module", '"section":' .. quote(own) .. ',"name":' .. quote(module))
			return options(own)
		end
		return options(own)(module)
	end
end
local function include(file)
	emit("include", '"name":' .. quote(needText(file, "an Include")))
end

-- Prosody 13: a list that is set already can be added to.
local function adder(k)
	local proxy = {}
	local function append(_, more)
		local list = {}
		for i, v in ipairs(kept[section][k]) do list[i] = v end
		for _, v in ipairs(more) do list[#list + 1] = v end
		set(k, list)
		return proxy
	end
	return setmetatable(proxy, { __call = append, __index = { append = append }, __metatable = false })
end

local function copy(from, names)
	local to = {}
	for word in gmatch(names, "%S+") do to[word] = from[word] end
	return to
end
local strings = copy(string, "byte char find format gmatch gsub len lower match reverse sub upper")
getmetatable("").__index = strings
getmetatable("").__metatable = false
local given = {
	VirtualHost = virtualHost, Host = virtualHost, host = virtualHost, Component = component, component = component,
	Include = include, include = include, string = strings,
	math = copy(math, "abs ceil floor fmod huge max min pi tointeger"), table = copy(table, "concat insert remove sort unpack"),
	ipairs = ipairs, pairs = pairs, next = next, select = select, tonumber = tonumber, tostring = tostring, type = type,
}
local hide = {}
for word in gmatch("Lua _G io os require package debug dofile loadfile load loadstring RunScript FileContents FileLine " ..
	"FileLines Credential assert error pcall xpcall print coroutine setmetatable getmetatable rawget rawset rawequal prosody", "%S+") do
	hide[word] = true
end
setmetatable(env, {
	__index = function(_, k)
		if given[k] ~= nil then return given[k] end
		if hide[k] or (type(k) == "string" and sub(k, 1, 4) == "ENV_") then return unknown end
		local v = kept[section] and kept[section][k]
		if type(v) == "table" and not rawequal(v, unknown) then return adder(k) end
		return v
	end,
	__newindex = function(_, k, v) set(k, v) end,
	__metatable = false,
})

local chunk, why = load(text, "=" .. name, "t", env)
if not chunk then fail(why) end
local used = 0
sethook(function()
	used = used + 1000
	if used > LIMIT then fail("it runs for more than a million steps") end
	if count("count") > MEMORY then fail("it wants more than 16 MiB") end
end, "", 1000)
local ok, problem = pcall(chunk)
sethook()
if not ok then fail(problem) end
write('{"kind":"end"}\n')
quit(0, false)
