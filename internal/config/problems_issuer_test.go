package config

var badConfigs = []badConfig{
	// syntax
	{"", `1:1: error: the configuration is empty — start with hosts: and the name of Prosody's VirtualHost`},
	{"# nothing\n", `1:1: error: the configuration is empty — start with hosts: and the name of Prosody's VirtualHost`},
	{"[1]", `1:1: error: the configuration is a list, not a mapping — write a mapping`},
	{"hosts", `1:1: error: the configuration is a text, not a mapping — write a mapping`},
	{"hosts: [a, b\n", `2:1: error: not YAML: while parsing a flow sequence: did not find expected ',' or ']' — correct the syntax here or just above: indentation, quotes, brackets`},
	{"hosts: b: c\n", `1:9: error: not YAML: mapping values are not allowed in this context — correct the syntax here or just above: indentation, quotes, brackets`},
	{"a:\n  - b\n c: d\n", `3:2: error: not YAML: while parsing a block mapping: did not find expected key — correct the syntax here or just above: indentation, quotes, brackets`},
	{"\tlog: 1\n", `1:1: error: not YAML: a tab indents the line — put spaces in the place of tabs`},
	{"log:\n  level: info\n\tformat: text\n", `3:1: error: not YAML: a tab indents the line — put spaces in the place of tabs`},
	{"log:\n  level: info\n  \tformat: text\n", `3:1: error: not YAML: a tab indents the line — put spaces in the place of tabs`},
	{"hosts: *none\n", `1:8: error: not YAML: unknown anchor 'none' referenced — correct the syntax here or just above: indentation, quotes, brackets`},
	{"log: \"\\q\"", `1:7: error: not YAML: while scanning a quoted scalar: found unknown escape character — correct the syntax here or just above: indentation, quotes, brackets`},
	{"log:\n  level: a\x01\n", `2:11: error: not YAML: control characters are not allowed (value: 1) — correct the syntax here or just above: indentation, quotes, brackets`},
	{"log:\n  level: caf\xe9\n", `2:13: error: the file is not UTF-8 here — save the file as UTF-8`},
	{"top: ---\n---", `1:1: error: the configuration is empty — start with hosts: and the name of Prosody's VirtualHost
2:1: error: the file holds more than one document — keep one, and remove the line "---"`},
	{"top: --- {}\n---", `1:5: error: there are no hosts — name Prosody's VirtualHost, and who issues its tokens, under hosts
2:1: error: the file holds more than one document — keep one, and remove the line "---"`},
	// keys and types
	{"top: lisen: {}", `1:1: error: unknown key "lisen" in the configuration — did you mean "listen"? known keys: listen, http_secret_file, http_insecure, http_hosts, state, cluster, gateway, console, login, component, log, peers, max_token_size, hosts`},
	{"top: log: {level: info, level: info}", `1:20: error: the key "level" is already in line 1 — keep one of them`},
	{"top: log: &l {level: info}\n<<: *l", `2:1: error: merge keys (<<) are not supported — write the keys out`},
	{"top: ? [x]\n: 1", `1:3: error: a key in the configuration is a list, not a text — write a text`},
	{"top: 12: x", `1:1: error: a key in the configuration is a number, not a text — put it in quotes: "12"`},
	{"top: ~: x", `1:1: error: a key in the configuration has no value — write a text, or remove the key`},
	{"top: log:", `1:5: error: log has no value — write a mapping, or remove the key`},
	{"top: log: []", `1:6: error: log is a list, not a mapping — write a mapping`},
	{"top: log: {level: 3}", `1:14: error: level is a number, not a text — put it in quotes: "3"`},
	{"top: log: {level: ''}", `1:14: error: level is empty — write a value, or remove it`},
	{"top: log: {format: !json text}", `1:15: error: format is a value with the tag "!json", not a text — put it in quotes: "text"`},
	{"top: max_token_size: 8k", `1:17: error: max_token_size is a text, not a number — write a number`},
	{"top: max_token_size: 0x2000", `1:17: error: max_token_size: 0x2000 is out of range — write 512 to 65536`},
	{"top: max_token_size: 65537", `1:17: error: max_token_size: 65537 is out of range — write 512 to 65536`},
	{"hosts: &h {x: *h}", `1:12: error: unknown key "x" in host "x" — known keys: issuers, tokens, service_accounts, muc, breakout, guests, moderation, lobby, guests_start, lobby_domain, relay, context, features`},
	// addresses and peers
	{"top: listen: {dovecot: 0.0.0.0:8281, metrics: ':9280'}", `1:19: warning: dovecot: 0.0.0.0:8281 is not loopback: passwords would cross the network in plain text — use a path or 127.0.0.1, unless the network is your own
1:42: warning: metrics: :9280 is not loopback: everybody on that network could read the metrics — use a path or 127.0.0.1, unless the network is your own`},
	{"top: listen: {metrics: '127.0.0.1:http'}", `1:19: error: metrics: "127.0.0.1:http" is no address — write a path, or host:port such as 127.0.0.1:9280 or [::1]:9280`},
	{"top: listen: {metrics: '::1:9280:'}", `1:19: error: metrics: "::1:9280:" is no address — write a path, or host:port such as 127.0.0.1:9280 or [::1]:9280`},
	{"top: listen: {dovecot: auth.sock}", `1:19: error: dovecot: "auth.sock" is no absolute path — write an absolute path, such as /run/usher/auth.sock, or host:port`},
	{"top: listen: {http: 8280}\nhttp_secret_file: http.secret", `1:16: error: http: 8280 is a port alone, not an address — write 127.0.0.1:8280`},
	{"top: listen: {gateway: '8281', metrics: 9280, dovecot: 0}", `1:19: error: gateway: 8281 is a port alone, not an address — write 127.0.0.1:8281
1:36: error: metrics: 9280 is a port alone, not an address — write 127.0.0.1:9280
1:51: error: dovecot is a number, not a text — put it in quotes: "0"`},
	{"top: listen: {dovecot: /run/usher/}", `1:19: error: dovecot: "/run/usher/" is a folder — add the socket's name`},
	{"top: listen: {dovecot: /run/usher/admin.sock}", `1:19: error: two listeners have the address /run/usher/admin.sock — give each listener its own`},
	{"top: listen: {dovecot: /x/a.sock, admin: /x//a.sock}", `1:37: error: two listeners have the address /x/a.sock — give each listener its own`},
	{"top: listen: {admin: /" + "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345x}", `1:17: error: admin: the path has 108 bytes, too many for a Unix socket — use a shorter path, at most 107 bytes`},
	{"top: listen: {extauth: '127.0.0.1:8282'}", `1:19: error: extauth: "127.0.0.1:8282" is no absolute path — write an absolute path, such as /run/usher/extauth.sock`},
	// the HTTP door
	{"top: listen: {http: '127.0.0.1:8280'}", `1:16: error: listen.http has no secret: whoever reaches it could try tokens and ask which accounts exist — name a file under http_secret_file (openssl rand -hex 32 makes the content), or set http_insecure: true`},
	{"top: listen: {http: '0.0.0.0:8280'}\nhttp_secret_file: http.secret", `1:16: warning: http: 0.0.0.0:8280 is not loopback: tokens would cross the network in plain text — use a path or 127.0.0.1, unless the network is your own`},
	{"top: listen: {http: /run/usher/http.sock}\nhttp_insecure: true", `2:16: warning: http_insecure: whoever reaches listen.http can try tokens and ask which accounts exist — name a http_secret_file (openssl rand -hex 32)`},
	{"top: http_secret_file: http.secret\nhttp_insecure: true", `2:16: warning: http_insecure: the secret is not asked for — remove http_insecure, or http_secret_file`},
	{"top: listen: {http: '127.0.0.1:8280'}\nhttp_secret_file: none.secret", `2:19: error: the http secret file "none.secret" cannot be read: no such file or directory — create it, or correct the name`},
	{"top: http_secret_file: weak.secret", `1:19: error: the http secret file "weak.secret": the secret has 5 characters, not 16 to 256 — make a new one: openssl rand -hex 32`},
	{"top: http_secret_file: rsa.pem", `1:19: warning: the http secret file "rsa.pem" is open to every user of this machine — chmod 640 rsa.pem
1:19: error: the http secret file "rsa.pem": the secret has 450 characters, not 16 to 256 — make a new one: openssl rand -hex 32`},
	{"top: http_secret_file: odd.secret", `1:19: error: the http secret file "odd.secret": the secret has characters besides letters, digits and -._~ (RFC 3986 section 2.3) — make a new one: openssl rand -hex 32`},
	{"top: http_hosts: ['usher:8280', usher, '[::1]:80', 192.0.2.1, 'http://usher']", `1:58: error: http_hosts: "http://usher" is no host — write what stands after http:// in Prosody's URL, such as usher:8280`},
	{"hosts: {h: {issuers: {a: {secret_files: [my-app.secret]}}, service_accounts: [focus, focus@Auth.h, 'Jvb@auth.h', 'a b@auth.h', j@auth.h]}}", `1:79: error: service_accounts: "focus" is no bare JID — write user@host, such as focus@auth.meet.example.com
1:86: error: service_accounts: "focus@Auth.h" is not as Prosody spells it — write focus@auth.h
1:100: error: service_accounts: "Jvb@auth.h" is not as Prosody spells it — write jvb@auth.h
1:114: error: service_accounts: "a b@auth.h" is no bare JID — write user@host, such as focus@auth.meet.example.com`},
	{"top: peers: root", `1:8: error: peers is a text, not a list — write a list, such as [prosody]`},
	{"top: peers: [root, 0]", `1:15: error: peers has the user with the uid 0 twice — keep one of them`},
	{"top: peers: [-1, ~, '']", `1:9: error: an entry of peers: -1 is out of range — write 0 to 4294967294
1:13: error: an entry of peers has no value — write a text, or remove the key
1:16: error: an entry of peers is empty — write a value, or remove it`},
	// hosts
	{"log: {}", `1:1: error: there are no hosts — name Prosody's VirtualHost, and who issues its tokens, under hosts`},
	{"hosts: {}", `1:8: error: there are no hosts — name Prosody's VirtualHost, and who issues its tokens, under hosts`},
	{"hosts:", `1:7: error: hosts has no value — write a mapping, or remove the key`},
	{"hosts: {h: {}}", `1:9: error: the host "h" has no issuers — name who issues its tokens (their iss) under issuers`},
	{"hosts: {h: {issuers: {}}}", `1:9: error: the host "h" has no issuers — name who issues its tokens (their iss) under issuers`},
	{"hosts: {h: {issuers: }}", `1:22: error: issuers has no value — write a mapping, or remove the key`},
	{"hosts: {h_h: {issuers: {a: {secret_files: [my-app.secret]}}}}", `1:9: error: the host "h_h" is no domain name — write it as Prosody's VirtualHost line has it, such as meet.example.com`},
	{"hosts: {Münster.example: {issuers: {a: {secret_files: [my-app.secret]}}}}", `1:9: error: the host "Münster.example" is not in ASCII — write it in punycode: xn--mnster-3ya.example`},
	{"hosts: {MEET: {issuers: {a: {secret_files: [my-app.secret]}}}}", `1:9: error: the host "MEET" is not in lower case — write meet`},
	{"hosts: {'*': {issuers: {a: {secret_files: [my-app.secret]}}}}", `1:9: error: the host "*" is no domain name — write it as Prosody's VirtualHost line has it, such as meet.example.com`},
	{"hosts: {example.com.: {issuers: {a: {secret_files: [my-app.secret]}}}}", `1:9: error: the host "example.com." is no domain name — write it as Prosody's VirtualHost line has it, such as meet.example.com`},
	// tokens
	{"tokens: leeway: -1s", `4:22: error: leeway is negative — write 0s or more`},
	{"tokens: leeway: 5m1s", `4:22: error: leeway is 5m1s, too long — write at most 5m`},
	{"tokens: leeway: 10", `4:22: error: leeway: "10" is no duration — write a number with a unit, such as 10s, 5m or 24h`},
	{"tokens: leeway: soon", `4:22: error: leeway: "soon" is no duration — write a number with a unit, such as 10s, 5m or 24h`},
	{"tokens: leeway: true", `4:22: error: leeway is true or false, not a duration — write a duration, such as 10s`},
	{"tokens: max_lifetime: -1h", `4:28: error: max_lifetime is negative — write 0s or more`},
	{"tokens: subject: domian", `4:23: error: subject: unknown value "domian" — did you mean "domain"? use one of: domain, tenant, any`},
	{"tokens: account: [context..id, sub, sub]", `4:24: error: account: "context..id" is no claim path: it has an empty name — write names with dots between, such as context.user.id, and those with dots in quotes
4:42: error: account has "sub" twice — keep one of them`},
	{"tokens: account: ['a=b', '\"a.b', 'a\"b\"']", `4:24: error: account: "a=b" is no claim path: it has an equals sign outside quotes — write names with dots between, such as context.user.id, and those with dots in quotes
4:31: error: account: "\"a.b" is no claim path: it has a quote that is not closed, or an escape that is none — write names with dots between, such as context.user.id, and those with dots in quotes
4:39: error: account: "a\"b\"" is no claim path: it has a quote inside a name — write names with dots between, such as context.user.id, and those with dots in quotes`},
	{"issuer: secret_files: [my-app.secret], account_prefix: Acme-", `4:58: error: account_prefix "Acme-" has capital letters, which Prosody writes small — write "acme-"`},
	{"issuer: secret_files: [my-app.secret], account_prefix: 'a@'", `4:58: error: account_prefix "a@" has a character that is not itself in every account — use small letters, digits, dots, - and _`},
	{"issuer: secret_files: [my-app.secret], account_prefix: ä-", `4:58: error: account_prefix "ä-" has a character that is not itself in every account — use small letters, digits, dots, - and _`},
	{"issuer: secret_files: [my-app.secret], account_prefix: 7", `4:58: error: account_prefix is a number, not a text — put it in quotes: "7"`},
	{"hosts: {h: {issuers: {a: {secret_files: [my-app.secret], account_prefix: x-}, b: {secret_files: [other.secret], account_prefix: x-}, c: {jwks_url: 'https://k.h', algorithms: [RS256], account_prefix: x-y}, d: {jwks_url: 'https://k.h', algorithms: [RS256]}}}}",
		`1:79: warning: the issuers "a" and "b" have the same account_prefix "x-": each can name the other's accounts — give each a prefix of its own, unless both are one application
1:134: warning: the account_prefix "x-y" begins with another issuer's, "x-": an account under both is of the longer one's issuer only — choose prefixes of which none begins with another, such as a- and b-`},
	{"tokens: account: context.user.id", `4:23: error: account is a text, not a list — write a list, such as [a, b]`},
	{"tokens: account_charset: utf-8", `4:31: error: account_charset: unknown value "utf-8" — use one of: ascii, unicode`},
	{"tokens: typ: []", `4:19: error: typ is an empty list — write at least one entry, or remove the key`},
	{"tokens: typ: [JWT, '']", `4:25: error: an entry of typ is empty — write a value, or remove it`},
	// keys
	{"issuer: ", `4:7: error: the issuer "a" has no keys — give it secret_files, public_key_files, jwks_url or asap_url`},
	{"issuer: secret_files: []", `4:7: error: the issuer "a" has no keys — give it secret_files, public_key_files, jwks_url or asap_url`},
	{"issuer: secret_flies: [my-app.secret]", `4:11: error: unknown key "secret_flies" in issuer "a" — did you mean "secret_files"? known keys: secret_files, secret_encoding, allow_weak_secret, public_key_files, jwks_url, asap_url, ca_file, insecure_http, algorithms, audience, account_prefix, tenants, rooms, require_exp, require_room`},
	{"issuer: secret_files: my-app.secret", `4:25: error: secret_files is a text, not a list — write a list, such as [a, b]`},
	{"issuer: secret_files: [folder]", `4:26: error: the secret file "folder" is a folder or device — name a file`},
	{"issuer: secret_files: [big.secret]", `4:26: error: the secret file "big.secret" has more than 64 KiB — name the right file, or shorten it`},
	{"issuer: secret_files: [/dev/null]", `4:26: error: the secret file "/dev/null" is a folder or device — name a file`},
	{"issuer: secret_files: [open.secret]", `4:26: warning: the secret file "open.secret" is open to every user of this machine — chmod 640 open.secret`},
	{"issuer: secret_files: [weak.secret]", `4:26: error: the secret file "weak.secret": the secret has 5 bytes, and 32 are the least — make a new one (openssl rand -hex 32) or set allow_weak_secret: true`},
	{"issuer: secret_files: [weak.secret], allow_weak_secret: yes", `4:26: error: the secret file "weak.secret": the secret has 5 bytes, and 32 are the least — make a new one (openssl rand -hex 32) or set allow_weak_secret: true
4:59: error: allow_weak_secret is a text, not true or false — write true or false`},
	{"issuer: secret_files: [weak.secret], allow_weak_secret: true, algorithms: [HS512]", ""},
	{"issuer: secret_files: [my-app.secret, ./my-app.secret]", `4:41: error: the file "./my-app.secret" is named twice — keep one of them`},
	{"issuer: secret_files: [my-app.secret, copy.secret]", `4:41: error: the files "my-app.secret" and "copy.secret" hold the same key — remove one of them`},
	{"issuer: secret_files: [my-app.secret], secret_encoding: hex", `4:59: error: secret_encoding: unknown value "hex" — use one of: plain, base64`},
	{"issuer: secret_files: [other.secret, open.secret], secret_encoding: base64", `4:26: warning: the secret file "other.secret": it holds hexadecimal digits, which are decoded as base64 — set secret_encoding: plain if the issuer signs with the digits as they are
4:40: warning: the secret file "open.secret" is open to every user of this machine — chmod 640 open.secret
4:40: warning: the secret file "open.secret": it holds hexadecimal digits, which are decoded as base64 — set secret_encoding: plain if the issuer signs with the digits as they are
4:40: error: the files "other.secret" and "open.secret" hold the same key — remove one of them`},
	{"issuer: secret_files: [rsa.pem]", `4:26: warning: the secret file "rsa.pem" is open to every user of this machine — chmod 640 rsa.pem
4:26: error: the secret file "rsa.pem": the file holds a PEM, DER or JWK key, not a shared secret — name it under public_key_files`},
	{"issuer: public_key_files: [my-app.secret], algorithms: [RS256]", `4:30: error: the public key file "my-app.secret": the file holds something that is no PEM block — put the right content into the file, or name another`},
	{"issuer: secret_files: [my-app.secret], public_key_files: [rsa.pem]", `4:7: error: the issuer "a" mixes shared secrets and public keys — keep one kind; tokens of the other kind want an issuer of their own`},
	{"issuer: secret_files: [my-app.secret], jwks_url: 'https://example.com/jwks', algorithms: [HS256]", `4:7: error: the issuer "a" mixes shared secrets and public keys — keep one kind; tokens of the other kind want an issuer of their own`},
	{"issuer: jwks_url: 'http://example.com/jwks', algorithms: [RS256]", `4:21: error: jwks_url: http to another machine, where anybody on the way can change the keys — use https, or set insecure_http: true`},
	{"issuer: jwks_url: 'http://192.0.2.1/jwks', algorithms: [RS256]", `4:21: error: jwks_url: http to another machine, where anybody on the way can change the keys — use https, or set insecure_http: true`},
	{"issuer: jwks_url: 'http://keys.example.com/jwks', algorithms: [RS256], insecure_http: true", `4:89: warning: insecure_http: who is on the way to the key server can let in anybody — use https, unless the network to the key server is your own`},
	{"issuer: insecure_http: true, jwks_url: 'http://169.254.169.254/jwks', algorithms: [RS256]", `4:26: warning: insecure_http: who is on the way to the key server can let in anybody — use https, unless the network to the key server is your own
4:42: error: jwks_url: 169.254.169.254 is a link-local, multicast or unspecified address — name the key server's own`},
	{"issuer: jwks_url: 'https://keys.example.com/jwks', algorithms: [RS256], insecure_http: true", `4:90: warning: insecure_http has no effect: the issuer has no key server with http — remove it`},
	{"issuer: jwks_url: 'https://keys.example.com/jwks', algorithms: [RS256], ca_file: none.pem", `4:84: error: the CA file "none.pem" cannot be read: no such file or directory — create it, or correct the name`},
	{"issuer: jwks_url: 'https://keys.example.com/jwks', algorithms: [RS256], ca_file: my-app.secret", `4:84: error: the CA file "my-app.secret": it holds no PEM certificate — name the file that begins with -----BEGIN CERTIFICATE-----`},
	{"issuer: jwks_url: 'https://keys.example.com/jwks', algorithms: [RS256], ca_file: rsa.pem", `4:84: error: the CA file "rsa.pem": block 1 is a "PUBLIC KEY" — leave only certificates in it`},
	{"issuer: jwks_url: 'https://keys.example.com/jwks', algorithms: [RS256], ca_file: cut.pem", `4:84: error: the CA file "cut.pem": block 2 is no whole PEM block — write it anew`},
	{"issuer: jwks_url: 'https://keys.example.com/jwks', algorithms: [RS256], ca_file: ca.pem", ``},
	{"issuer: secret_files: [my-app.secret], ca_file: ca.pem", `4:51: warning: ca_file has no effect: the issuer has no key server with https — remove it, or name the key server under jwks_url or asap_url, with https`},
	{"issuer: jwks_url: 'http://localhost:8080/jwks', algorithms: [RS256]", ""},
	{"issuer: asap_url: 'https://u:p@example.com/keys', algorithms: [RS256]", `4:21: error: asap_url: the URL holds a user name — key sets are public, leave it out`},
	{"issuer: jwks_url: 1, algorithms: [RS256]", `4:21: error: jwks_url is a number, not a text — put it in quotes: "1"`},
	// algorithms
	{"issuer: public_key_files: [ec.pem]", `4:7: error: the issuer "a" has no algorithms — name what its tokens are signed with: algorithms: [ES256]`},
	{"issuer: jwks_url: 'https://example.com/jwks'", `4:7: error: the issuer "a" has no algorithms — name what its tokens are signed with: algorithms: [RS256]`},
	{"issuer: secret_files: [my-app.secret], algorithms: []", `4:54: error: algorithms is an empty list — write at least one entry, or remove the key`},
	{"issuer: secret_files: [my-app.secret], algorithms: [none]", `4:55: error: algorithms: tokens without a signature are never let in — name what the tokens are signed with, such as HS256`},
	{"issuer: secret_files: [my-app.secret], algorithms: [hs256]", `4:55: error: algorithms: unknown algorithm "hs256" — did you mean "HS256"? use some of: HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519`},
	{"issuer: secret_files: [my-app.secret], algorithms: [RS256]", `4:55: error: algorithms: RS256 wants a public key, and the issuer has shared secrets — use HS256, or give it public keys instead`},
	{"issuer: secret_files: [my-app.secret], algorithms: [HS512]", `4:55: error: algorithms: no secret of the issuer has the 512 bits that HS512 wants — make a longer one (openssl rand -hex 64), or use HS256`},
	{"issuer: secret_files: [my-app.secret, other.secret], algorithms: [HS512]", `4:26: warning: a key of "my-app.secret" fits none of the issuer's algorithms — add an algorithm for it, or remove the file`},
	{"issuer: public_key_files: [rsa.pem], algorithms: [HS256]", `4:53: error: algorithms: HS256 wants a shared secret, and the issuer has public keys — use RS256, or give it secret_files instead`},
	{"issuer: public_key_files: [rsa.pem], algorithms: [ES256]", `4:53: error: algorithms: no public key of the issuer fits ES256 — use RS256, or add a key for it`},
	{"issuer: asap_url: 'https://example.com/keys', algorithms: [HS256, ES256]", `4:62: error: algorithms: HS256 wants a shared secret, and the issuer has public keys — use RS256, or give it secret_files instead`},
	{"issuer: public_key_files: [rsa.pem, ec.pem], algorithms: [ES256]", `4:30: warning: a key of "rsa.pem" fits none of the issuer's algorithms — add an algorithm for it, or remove the file`},
	{"issuer: secret_files: [my-app.secret], algorithms: [HS256, HS256], audience: [jitsi, jitsi, '', \"a\\tb\"]", `4:62: error: algorithms has "HS256" twice — keep one of them
4:88: error: audience has "jitsi" twice — keep one of them
4:95: error: an entry of audience is empty — write a value, or remove it
4:99: error: an entry of audience has a control character — write it without line breaks, tabs and the like`},
	{"issuer: secret_files: [my-app.secret], require_exp: 'true', require_room: no", `4:55: error: require_exp is a text, not true or false — write true or false
4:77: error: require_room is a text, not true or false — write true or false`},
}
