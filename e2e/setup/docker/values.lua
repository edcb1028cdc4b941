-- values.lua FILE: reads a configuration as Prosody does, by Prosody's own reader, and prints what matters here.
local folder = "/usr/lib/prosody"
package.path = folder .. "/?.lua;" .. package.path
package.cpath = folder .. "/?.so;" .. package.cpath
prosody = { paths = { config = arg[1]:match("^(.*)/") } }
local config = require "core.configmanager"
assert(config.load(arg[1]))

local function text(value)
	if type(value) ~= "table" then return tostring(value) end
	local all = {}
	for _, one in ipairs(value) do all[#all + 1] = text(one) end
	return "{" .. table.concat(all, " ") .. "}"
end

local function has(host, module)
	for _, one in ipairs(config.get(host, "modules_enabled") or {}) do
		if one == module then return true end
	end
	return false
end

for line in ([[
	meet.jitsi authentication
	meet.jitsi app_id
	meet.jitsi signature_algorithm
	meet.jitsi asap_key_server
	meet.jitsi allow_empty_token
	meet.jitsi enable_domain_verification
	meet.jitsi trusted_proxies
	meet.jitsi app_secret
	usher.meet.jitsi component_module
	usher.meet.jitsi component_secret
	muc.meet.jitsi component_module
	muc.meet.jitsi admins
	muc.meet.jitsi token_verification_allowlist
	muc.meet.jitsi component_admins_as_room_owners
	breakout.meet.jitsi component_module
	breakout.meet.jitsi admins
	* component_ports
	* component_interfaces
]]):gmatch("[^\n]+") do
	local host, option = line:match("(%S+) (%S+)")
	if host then print(host, option, text(config.get(host, option))) end
end
print("muc.meet.jitsi", "token_verification", has("muc.meet.jitsi", "token_verification"))
