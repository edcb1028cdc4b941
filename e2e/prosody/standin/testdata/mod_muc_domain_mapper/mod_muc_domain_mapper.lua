-- STAND-IN, for usher's tests only: of Jitsi's module of this name it does one thing, showing the users of a host the room
-- [tenant]name of the MUC component PREFIX.BASE as name@PREFIX.tenant.BASE, with the same looseness: another byte may stand
-- for the dot behind PREFIX, and anything behind BASE.

local jid = require "util.jid";
local st = require "util.stanza";
local filters = require "util.filters";

local base = module:get_option_string("muc_mapper_domain_base", "meet.example.com");
local prefix = module:get_option_string("muc_mapper_domain_prefix", "conference");
local muc = prefix .. "." .. base;

local function escaped(text)
	return (text:gsub("%p", "%%%0"));
end

local shown = "^" .. escaped(prefix) .. ".([^%.]+)%." .. escaped(base);

local function inward(address)
	local node, host, resource = jid.split(address);
	local tenant = node and host and host:match(shown);
	return tenant and jid.join("[" .. tenant .. "]" .. node, muc, resource) or address;
end

local function outward(address)
	local node, host, resource = jid.split(address);
	local tenant, name = (host == muc and node or ""):match("^%[([^%]]+)%](.+)$");
	return tenant and jid.join(name, prefix .. "." .. tenant .. "." .. base, resource) or address;
end

for _, kind in ipairs { "message", "presence", "iq" } do
	for _, to in ipairs { "full", "bare", "host" } do
		module:hook("pre-" .. kind .. "/" .. to, function (event)
			local attr, conference = event.stanza.attr, event.stanza:child_with_name("conference");
			attr.to = attr.to and inward(attr.to);
			if kind == "iq" and conference and conference.attr.room then
				conference.attr.room = inward(conference.attr.room);
			end
		end, 100);
	end
end

local function show(stanza)
	if not st.is_stanza(stanza) or not stanza.attr.from or outward(stanza.attr.from) == stanza.attr.from then
		return stanza;
	end
	local copy = st.clone(stanza);
	copy.attr.from = outward(stanza.attr.from);
	return copy;
end

module:hook("resource-bind", function (event)
	filters.add_filter(event.session, "stanzas/out", show);
end);
