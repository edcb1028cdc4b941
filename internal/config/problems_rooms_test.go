package config

import "usher/internal/config/value"

import "strings"

// longNote is longer than a note of the whitelist may be.
var longNote = strings.Repeat("n", 300)

// badRooms are rows about rooms, lobbies, the component and the state.
var badRooms = []badConfig{
	{"rooms: muc: [Conference.h, '-x', conference.h]", `5:60: error: muc: "Conference.h" is not in lower case — write conference.h
5:74: error: muc: "-x" is no domain name — write it as Prosody's Component or VirtualHost line has it, such as conference.meet.example.com`},
	{"rooms: muc: [c.h], guests: [h]", `5:3: error: the host "h" is among its own guests — name the anonymous hosts only`},
	{"issuer: secret_files: [my-app.secret], tenants: [acme, Straße, '*', '[x]'], rooms: ['board-*', a/b, '*]x', 'ｘ']",
		`4:58: error: tenants: "Straße" names no tenant, as Prosody makes "strasse" of it — write "strasse"
4:66: error: tenants: "*" is no tenant — write a tenant's name, such as acme, or [] for all of them
4:71: error: tenants: "[x]" is no tenant — write a tenant's name, such as acme, or [] for all of them
4:98: error: rooms: "a/b" is no pattern of rooms: it is neither the name of a room nor name@component; * stands for any text — ` + value.MendPattern + `
4:103: error: rooms: "*]x" is no pattern of rooms: a name is for every tenant already: write board-*, or [acme]board-* for one tenant — ` + value.MendPattern + `
4:110: error: rooms: "ｘ" is no pattern of rooms: "ｘ" names no room: it has compatibility characters (full-width letters, ligatures and the like), which look like others; write "x" — ` + value.MendPattern},
	{"rooms: muc: [c.h], lobby: {whitelist: ['a@h room=x@C.h', 'a@h room=x@d.h']}", `5:104: error: whitelist: "d.h" is none of this host's muc — name one of c.h, or no component`},
	{"rooms: muc: [Conference.h], guests: [g.h], lobby: {rooms: {'*': on}}", `5:60: error: muc: "Conference.h" is not in lower case — write conference.h`},
	{"rooms: guests: [g.h]", `5:3: error: the host "h" has breakout or guests, and no muc — name the MUC components under muc`},
	{"rooms: muc: [c.h], breakout: [c.h]", `5:3: error: the component "c.h" is under host "h" and under "h" — name each component under one host`},
	{"rooms: muc: [c.h], moderation: {moderators: ['a..b', 'realm_access.roles='], others: owner, on_expiry: forget, strict: 1, idle: 1s}", `5:92: error: moderators: "a..b" is no claim: it has an empty name — write names with dots between, those with dots in quotes, and after = the value if it is not true: realm_access.roles=moderator
5:100: error: moderators: "realm_access.roles=" is no claim: there is nothing after the equals sign — write names with dots between, those with dots in quotes, and after = the value if it is not true: realm_access.roles=moderator
5:132: error: others: unknown value "owner" — use one of: member, none
5:150: error: on_expiry: unknown value "forget" — use one of: keep, demote, remove
5:166: error: strict is a number, not true or false — write true or false
5:175: error: idle is 1s: sessions would end at once — write at least 1m`},
	{"rooms: muc: [c.h], moderation: {moderators: ['roles = moderator', 'scope= x', 'a b=c d', moderator]}",
		`5:92: warning: moderators: "roles = moderator" has white space beside a name or the value, which is a part of them — write roles=moderator
5:113: warning: moderators: "scope= x" has white space beside a name or the value, which is a part of them — write scope=x`},
	{"rooms: muc: [c.h], lobby: {rooms: {'*': maybe, 'a/b': on, 'board-*': true}, enforce: door, whitelist: ['a b', 'x@', '@h', 'r@rec.h room=a/b', 'r@rec.h since=x', 'a@h until=tomorrow']}", `5:87: error: lobby of *: unknown value "maybe" — use one of: on, off
5:94: error: lobby: "a/b" is no pattern of rooms: it is neither the name of a room nor name@component; * stands for any text — write the name of a room, in which * stands for any text, such as "board-*", or "[acme]board-*" for one tenant
5:132: error: enforce: unknown value "door" — use one of: members-only, gate
5:150: error: whitelist: "b" is not understood; after the JID may come room=PATTERN, until=TIME and # a note — write user@host, or a host, such as recorder@recorder.meet.example.com
5:157: error: whitelist: "x@" is neither a bare JID (user@host) nor a host — write user@host, or a host, such as recorder@recorder.meet.example.com
5:163: error: whitelist: "@h" is neither a bare JID (user@host) nor a host — write user@host, or a host, such as recorder@recorder.meet.example.com
5:169: error: whitelist: the room "a/b": it is neither the name of a room nor name@component; * stands for any text — correct what follows the JID: room=PATTERN, until=2026-12-31T18:00:00Z, and # a note of up to 256 bytes
5:189: error: whitelist: "since=x" is not understood; after the JID may come room=PATTERN, until=TIME and # a note — write user@host, or a host, such as recorder@recorder.meet.example.com
5:208: error: whitelist: "tomorrow" is no time; write it as 2026-12-31T18:00:00Z — write user@host, or a host, such as recorder@recorder.meet.example.com`},
	{"rooms: muc: [c.h], lobby: {rooms: {'*': on}, whitelist: [rec.h, R@Rec.h]}", `5:104: warning: whitelist: everybody of "rec.h" cannot be a member: with enforce: members-only each account comes in at its second try only — set enforce: gate, or name the accounts`},
	{"rooms: muc: [c.h], lobby: {enforce: gate, whitelist: ['r@rec.h # " + longNote + "', 'x=y@h']}", `5:101: error: whitelist: the note has over 256 bytes, a control character, or a space at its ends — correct what follows the JID: room=PATTERN, until=2026-12-31T18:00:00Z, and # a note of up to 256 bytes
5:415: error: whitelist: the JID comes first — write user@host, or a host, such as recorder@recorder.meet.example.com`},
	{"rooms: lobby: {rooms: {'*': on}}", `5:61: error: the host has a lobby, and no muc — name the MUC components under muc`},
	{"top: component: {address: 'x'}", `1:12: error: the component has no jid — add jid, such as usher.meet.example.com
1:12: error: the component has no secret_file — add secret_file: a file with what stands after component_secret in Prosody's configuration
1:22: error: address: "x" is no address — write host:port, such as 127.0.0.1:5347`},
	{"top: component: {jid: Usher.h, secret_file: my-app.secret}", `1:18: error: jid: "Usher.h" is no domain name in lower case — write it as Prosody's Component line has it, such as usher.meet.example.com`},
	{"top: component: {jid: h, secret_file: my-app.secret}", `1:18: error: jid: "h" is no domain name in lower case — write it as Prosody's Component line has it, such as usher.meet.example.com`},
	{"rooms: muc: [c.h, h]", `5:59: error: muc: "h" is the VirtualHost, and no component with rooms — name the Component line with "muc" in Prosody's configuration, such as conference.h`},
	{"rooms: muc: [usher.h]", `3:12: error: jid: "usher.h" is a component with rooms — give it a name of its own, such as usher.h`},
	{"component: {jid: m.h, secret_file: other.secret}\nhosts: {m.h: {issuers: {a: {secret_files: [my-app.secret]}}}}", `1:12: error: jid: "m.h" is the VirtualHost — give it a name of its own, such as usher.m.h`},
	{"top: component: {jid: usher.h, address: '192.0.2.1:5347', secret_file: none.secret}", `1:12: warning: component: no host has muc, so that usher has no rooms in which to set anything — name the components with rooms under muc, such as conference.h
1:36: warning: address: 192.0.2.1:5347 is not loopback: the protocol of components has no encryption — use 127.0.0.1, unless the network is your own
1:67: error: the component secret file "none.secret" cannot be read: no such file or directory — create it, or correct the name`},
	{"top: state: redis://h", `1:8: error: state: each usher keeps its own state; Redis is beside it, under cluster, and never in its place — write state: sqlite:/var/lib/usher/usher.db, and the address under cluster.redis`},
	{"top: state: sqlite:usher.db", `1:8: error: state: "usher.db" is no absolute path of a file — write an absolute path: sqlite:/var/lib/usher/usher.db`},
	{"top: state: mem", `1:8: error: state: "mem" is unknown — write sqlite: and an absolute path, or memory:`},
}

// badGateways are rows about the gateway.
var badGateways = []badConfig{
	{"top: gateway: {}", `1:10: warning: gateway: nobody can connect, as there is no listen.gateway — name listen.gateway, such as 127.0.0.1:8281, or remove gateway`},
	{"top: listen: {gateway: '192.0.2.1:8281'}", `1:19: warning: gateway: 192.0.2.1:8281 is not loopback: tokens would cross the network in plain text — use a path or 127.0.0.1, unless the network is your own`},
	{"gateway: upstream: 5280", `1:59: error: upstream: 5280 is a port alone, not an address — write http://127.0.0.1:5280`},
	{"gateway: upstream: 127.0.0.1:5280", `1:59: error: upstream: "127.0.0.1:5280" is no address of a web server — write Prosody's HTTP server, such as http://127.0.0.1:5280`},
	{"gateway: upstream: 'http://127.0.0.1:5280/http-bind'", `1:59: error: upstream: "http://127.0.0.1:5280/http-bind" has a path — leave out what follows the port: /xmpp-websocket and /http-bind are added`},
	{"gateway: upstream: 'http://a:b@127.0.0.1:5280'", `1:59: error: upstream has a user name or a password — write Prosody's HTTP server, such as http://127.0.0.1:5280`},
	{"gateway: upstream: 'http://192.0.2.1:5280'", `1:59: warning: upstream: http://192.0.2.1:5280 is not loopback: what people say would cross the network in plain text — use 127.0.0.1 or https, unless the network is your own`},
	{"gateway: origins: [meet.example.com, 'https://meet.example.com/', 'https://*.example.com', 'https://MEET.example.com']", `1:59: error: origins: "meet.example.com" is no origin — write the beginning of the page's address up to the first single slash, such as https://meet.example.com, or "*" for any
1:77: error: origins: "https://meet.example.com/" is no origin — write the beginning of the page's address up to the first single slash, such as https://meet.example.com, or "*" for any
1:106: error: origins: "https://*.example.com" has a wildcard in it — name each, or write "*" alone`},
	{"gateway: origins: ['*', 'https://meet.example.com']", `1:58: warning: origins: "*" lets pages of every origin connect — remove the others`},
	{"gateway: guests: sometimes, trusted_proxies: [nginx, '10.0.0.1/33', '10.0.0.7/8', '::1']", `1:57: error: guests is a text, not true or false — write true or false
1:86: error: trusted_proxies: "nginx" is no address — write an address or a network, such as 10.0.0.5 or 10.0.0.0/24
1:93: error: trusted_proxies: "10.0.0.1/33" is no address — write an address or a network, such as 10.0.0.5 or 10.0.0.0/24`},
	{"gateway: max_connections: 0, max_connections_per_address: -1, max_message_size: 100", `1:66: error: max_connections: 0 is out of range — write 1 to 1000000
1:98: error: max_connections_per_address: -1 is out of range — write 1 to 1000000
1:120: error: max_message_size: 100 is out of range — write 10000 to 67108864`},
	{"gateway: origin: []", `1:49: error: unknown key "origin" in gateway — did you mean "origins"? known keys: upstream, origins, guests, trusted_proxies, max_connections, max_connections_per_address, max_message_size`},
}
