package config

// badConsoles are rows about the console.
var badConsoles = []badConfig{
	{"console: url: console.example.com", `2:16: error: url: "console.example.com" is no address of a web server — write https:// and a host name of its own, such as https://console.example.com`},
	{"console: url: 'https://user:x@console.example.com'", `2:16: error: url has a user name or a password — write https:// and a host name of its own, such as https://console.example.com`},
	{"console: url: 'https://console.example.com/usher?x'", `2:16: error: url: "https://console.example.com/usher?x" has a path — leave out what follows the host: the console has a host name of its own`},
	{"console: url: 'http://console.example.com'", `2:16: error: url: "http://console.example.com": over plain http the console answers 127.0.0.1, [::1] and localhost only — write https:// and a host name of its own, such as https://console.example.com`},
	{"console: url: 'ftp://console.example.com'", `2:16: error: url: "ftp://console.example.com" is no address of a web server — write https:// and a host name of its own, such as https://console.example.com`},
	{"console: url: 'http://localhost:9281', hosts: ['usher:9281', 'a b', 'x:70000']", `2:63: error: hosts: "a b" is no host — write what the web server sends as Host, such as usher:9281
2:70: error: hosts: "x:70000" is no host — write what the web server sends as Host, such as usher:9281`},
	{"console: url: 'https://h/'", `2:16: warning: url: h is also where the meetings are: what runs in their page could use the console — give the console a host name of its own`},
	{"console: admins: x", `2:19: error: admins is a text, not a list — write a list, such as [{host: meet.example.com, issuer: my-app, claim: realm_access.roles=usher-admin, audience: usher-console}]`},
	{"console: admins: [x]", `2:20: error: an entry of admins is a text, not a mapping — write a mapping`},
	{"console: admins: [{}]", `2:20: error: the entry of admins has no host, issuer, claim, audience — add it: all four of host, issuer, claim and audience are needed`},
	{"console: admins: [{host: h, issuer: c, claim: 'a..b', audience: [x]}]", `2:48: error: claim: "a..b" is no claim: it has an empty name — write names with dots between, those with dots in quotes, and after = the value if it is not true: realm_access.roles=moderator
2:66: error: audience is a list, not a text — write a text`},
	{"console: admins: [{host: h, issuer: c, claim: admin, audience: x, role: y}]", `2:68: error: unknown key "role" in an entry of admins — known keys: host, issuer, claim, audience`},
	{"console: admins: [{host: x, issuer: c, claim: admin, audience: x}, {host: h, issuer: c, claim: admin, audience: x}]", `2:27: error: host: there is no host "x" — write the name of one of hosts
2:87: error: issuer: the host "h" has no issuer "c" — write one of a, b`},
	{"console: admins: [{host: h, issuer: usher-login, claim: admin, audience: x}]", `2:38: error: issuer: nobody signs in at the host "h", as it is not in login.hosts — add it there, or write one of a, b`},
	{"console: admins: [{host: h, issuer: b, claim: admin, audience: usher-console}]", `2:65: error: audience: the issuer "b" of the host "h" takes tokens for any audience, so a token for the console would open meetings, and be seen in their links — set audience: there, to what the tokens for meetings have, such as [jitsi]`},
	{"console: admins: [{host: h, issuer: a, claim: admin, audience: usher-console}]", `2:65: error: audience: the issuer "a" of the host "g" takes tokens for any audience, so a token for the console would open meetings, and be seen in their links — set audience: there, to what the tokens for meetings have, such as [jitsi]`},
	{"console: admins: [{host: g, issuer: c, claim: admin, audience: x}]", `2:65: error: audience: "x" is what the issuer "c" of the host "g" takes for meetings, so a link to a meeting would open the console — write another one, such as usher-console, which the application gives to operators only`},
	{"console: admins: [{host: g, issuer: c, claim: admin, audience: usher-console}]", ""},
	{"top: console: {url: 'https://console.example.com'}", `1:10: warning: console: nobody can open it, as there is no listen.console — name listen.console, such as 127.0.0.1:9281, or remove console`},
	{"top: listen: {console: /run/usher/console.sock}", `1:19: error: listen.console is a path, so a browser needs console.url to reach it — name console.url, such as https://console.example.com`},
	{"top: listen: {console: 9281}", `1:19: error: console: 9281 is a port alone, not an address — write 127.0.0.1:9281`},
	{"top: listen: {console: '0.0.0.0:9281', gateway: '0.0.0.0:9281'}", `1:19: warning: console: 0.0.0.0:9281 is not loopback: what operators see would cross the network in plain text — use a path or 127.0.0.1, unless the network is your own
1:19: error: two listeners have the address 0.0.0.0:9281 — give each listener its own
1:44: warning: gateway: 0.0.0.0:9281 is not loopback: tokens would cross the network in plain text — use a path or 127.0.0.1, unless the network is your own`},
}
