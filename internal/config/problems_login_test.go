package config

import (
	"strings"
	"testing"

	"usher/internal/config/configtest"
)

// signedIn begins the section of a host with what it needs.
const signedIn = "issuer: 'https://id.example.com', client_id: meet"

// badLogins are sections of the host h and all that is said about them; one that begins with "login: " is the whole
// section, and what follows " | " is of the host.
var badLogins = []struct{ section, want string }{
	{signedIn, ""},
	{signedIn + ", who: ['groups=staff', 'email=a@b.c'], rooms: ['team-*'], scopes: [openid, groups], ttl: 2h", ""},
	{"login: {}", `1:8: error: login has no secret_files — add secret_files: a file (openssl rand -hex 32)
1:8: error: login has no hosts — name one of hosts, and its provider, under login.hosts`},
	{"login: {secret_files: [weak.secret, open.secret, my-app.secret, login.secret, login.secret], hosts: {other: {issuer: 'https://id.example.com', client_id: x}}}", `1:24: error: the login secret file "weak.secret": the secret has 5 bytes, and 32 are the least — make a new one: openssl rand -hex 32
1:37: warning: the login secret file "open.secret" is open to every user of this machine — chmod 640 open.secret
1:37: error: the login secret file "open.secret" has the content of the component secret file "other.secret": who knows that could make tokens for anybody — make a new one for the sign-in: openssl rand -hex 32
1:79: error: secret_files has "login.secret" twice — keep one of them
1:102: error: login: "other" is none of hosts — add it there, or write it as it is there`},
	{"login: {secret_files: [weak.secret], hosts: {h: {issuer: 'https://id.example.com', client_id: x}}}\nconsole: {admins: [{host: h, issuer: usher-login, claim: admin, audience: x}]}", `1:24: error: the login secret file "weak.secret": the secret has 5 bytes, and 32 are the least — make a new one: openssl rand -hex 32
2:10: warning: console: nobody can open it, as there is no listen.console — name listen.console, such as 127.0.0.1:9281, or remove console`},
	{"{}", `1:47: error: login of "h" has no issuer — add issuer: what the provider calls itself in its /.well-known/openid-configuration
1:47: error: login of "h" has no client_id — add client_id: what the provider calls usher`},
	{"issuer: 'http://id.example.com', client_id: ''", `1:47: error: login of "h" has no client_id — add client_id: what the provider calls usher
1:59: error: issuer: http to another machine, where anybody on the way can change the keys — use https, or set insecure_http: true`},
	{"issuer: 'https://id.example.com', client_id: '*'", `1:96: error: client_id: "*" would take ID tokens for anybody — write what the provider calls usher`},
	{"issuer: 'https://login.microsoftonline.com/common/v2.0', client_id: x", `1:59: error: issuer: "https://login.microsoftonline.com/common/v2.0" signs people of every tenant in, and its ID tokens are of others — write the tenant's own id in its place`},
	{"issuer: 'https://id.example.com/{tenant}', client_id: x", `1:59: error: issuer has the placeholder {tenant} in it, for which usher puts nothing: the provider has a name there — write what is meant in its place`},
	{"issuer: 'https://id.example.com/?a', client_id: x, client_secret_file: big.secret, ca_file: cut.pem", `1:59: error: issuer: it has a query — leave out the ? and what follows it
1:122: error: the client secret file "big.secret" has more than 64 KiB — name the right file, or shorten it
1:143: error: the CA file "cut.pem": block 2 is no whole PEM block — write it anew`},
	{"issuer: 'https://id.example.com/realms/main/.well-known/openid-configuration', client_id: x", `1:59: error: issuer: it is the address of what the provider says of itself — leave out /.well-known/openid-configuration`},
	{"issuer: 'http://10.0.0.1/', client_id: x, insecure_http: true, pages: ['http://10.0.0.2']", `1:108: warning: insecure_http: who is on the way to the provider can sign in as anybody — use https, unless the network to the provider is your own`},
	{signedIn + ", scopes: [profile, 'a b']", `1:110: error: scopes: without openid the provider gives no ID token — add openid
1:110: error: scopes: "a b" is no scope — write each as a word of its own`},
	{signedIn + ", pages: [meet.example.com, 'http://meet.example.com', 'https://*.example.com', 'https://a@b.c', 'https://a/?x', 'https://a/../b', 'javascript:alert(1)', 'https://a//b']", `1:110: error: an entry of pages: "meet.example.com" is no address of a page — write it as the browser's address bar has it, without the room: https://meet.example.com
1:128: error: an entry of pages: to "http://meet.example.com" tokens would cross the network in plain text — use https; http is for this machine, or wants insecure_http: true
1:155: error: an entry of pages: "https://*.example.com" is no address of a page — write it as the browser's address bar has it, without the room: https://meet.example.com
1:180: error: an entry of pages: "https://a@b.c" is no address of a page — write it as the browser's address bar has it, without the room: https://meet.example.com
1:197: error: an entry of pages: "https://a/?x" is no address of a page — write it as the browser's address bar has it, without the room: https://meet.example.com
1:213: error: an entry of pages: "https://a/../b" has a path that browsers write otherwise — write it as the browser's address bar has it, without the room: https://meet.example.com
1:231: error: an entry of pages: "javascript:alert(1)" is no address of a page — write it as the browser's address bar has it, without the room: https://meet.example.com
1:254: error: an entry of pages: "https://a//b" has a path that browsers write otherwise — write it as the browser's address bar has it, without the room: https://meet.example.com`},
	{signedIn + ", pages: []", `1:109: error: pages is an empty list — write at least one entry, or remove the key`},
	{signedIn + ", url: 'https://a/b'", `1:107: error: url: "https://a/b" has a path — leave out what follows the host and its port`},
	{signedIn + ", pages: ['HTTPS://Meet.Example.com:443/', 'http://127.0.0.1:8080/jitsi/']", ""},
	{signedIn + ", tenants: []", `1:111: error: tenants is empty — name some, or leave it out for rooms without a tenant, or write ["*"] for all`},
	{signedIn + ", tenants: ['*', acme]", `1:112: error: tenants: "*" is no tenant — write a tenant's name, such as acme, or [] for all of them`},
	{signedIn + ", tenants: ['*'] | tokens: {subject: any}", `1:111: error: tenants: with tokens.subject: any a token for a room opens it in every tenant — set tokens.subject: tenant at the host, or leave tenants out`},
	{signedIn + ", rooms: ['a@c.h'], who: ['=x']", `1:110: error: rooms: "a@c.h" is for one component — leave out the @ and what follows it
1:126: error: who: "=x" is no claim: it has an empty name — write names with dots between, those with dots in quotes, and after = the value if it is not true: realm_access.roles=staff`},
	{signedIn + ", who: ['preferred_username=alice', 'email=a@b.c', groups=x] | moderation: {moderators: [nickname=boss, 'realm_access.name=x']}", `1:47: warning: login: those who may sign in (who) are found by preferred_username, which people may write themselves at many providers — decide by a role or a group, or by email, which counts only if it is verified
1:47: warning: login: moderators are found by nickname, which people may write themselves at many providers — decide by a role or a group, or by email, which counts only if it is verified`},
	{signedIn + ", ttl: 30s", `1:107: error: ttl is 30s: people would come too late — write at least 1m`},
	{signedIn + ", ttl: 25h", `1:107: error: ttl is 25h, too long — write at most 24h`},
	{signedIn + " | moderation: {on_expiry: demote}", `1:47: error: login: the host's on_expiry is demote, and tokens of the sign-in are good for 15m: people would lose in the middle of a meeting what they have, as the page does not renew tokens by itself — write ttl: 1h or more, or on_expiry: keep`},
	{signedIn + ", ttl: 59m | moderation: {on_expiry: remove}", `1:107: error: login: the host's on_expiry is remove, and tokens of the sign-in are good for 59m: people would lose in the middle of a meeting what they have, as the page does not renew tokens by itself — write ttl: 1h or more, or on_expiry: keep`},
	{signedIn + ", ttl: 1h | moderation: {on_expiry: remove}", ""},
	{signedIn + ", ttl: 1h | tokens: {max_lifetime: 30m}", `1:107: error: login: tokens of the sign-in are good for 1h, and the host's tokens.max_lifetime is 30m — write ttl: 30m or less, or raise tokens.max_lifetime`},
	{signedIn + ", app_schemes: {mobile: javascript, desktop: 'Jitsi', web: x}", `1:124: error: app_schemes: "javascript" is no scheme of an app — write the app's own, such as org.jitsi.meet
1:145: error: app_schemes: "Jitsi" is no scheme of an app — write the app's own, such as org.jitsi.meet
1:154: error: app_schemes: "web" is no kind of app — write mobile or desktop`},
	{signedIn + " | issuers: {'https://id.example.com': {algorithms: [RS256], jwks_url: 'https://id.example.com/keys', audience: [account]}}", ""},
	{signedIn + " | issuers: {'https://id.example.com': {algorithms: [RS256], jwks_url: 'https://id.example.com/keys', audience: [account, meet]}}", `1:96: error: client_id: "meet" is an audience of the issuer "https://id.example.com" of the host "h", so an ID token would open meetings — take that issuer out, or have the provider write another audience into access tokens, and write that one there`},
	{signedIn + " | issuers: {'https://id.example.com': {algorithms: [RS256], jwks_url: 'https://id.example.com/keys'}}", `1:96: error: client_id: the issuer "https://id.example.com" of the host "h" takes tokens for any audience, so an ID token would open meetings — set audience: there, to what the provider's access tokens have and its ID tokens have not`},
	{signedIn + " | issuers: {usher-login: {secret_files: [my-app.secret]}}", `4:76: error: the issuer "usher-login" is usher's own, of the tokens that its sign-in makes — call it otherwise`},
}

func TestLoginProblems(t *testing.T) {
	dir := configtest.KeyFolder(t)
	for _, row := range badLogins {
		section, host, _ := strings.Cut(row.section, " | ")
		if whole, found := strings.CutPrefix(section, "login: "); found {
			section = whole
		} else {
			section = "{secret_files: [login.secret], hosts: {h: {" + strings.Trim(section, "{}") + "}}}"
			if row.section != "{}" && strings.HasSuffix(row.section, "}") && host == "" {
				section = "{secret_files: [login.secret], hosts: {h: {" + row.section + "}}}"
			}
		}
		if host == "" {
			host = "issuers: {a: {secret_files: [my-app.secret]}}"
		} else if !strings.HasPrefix(host, "issuers") {
			host += ", issuers: {a: {secret_files: [my-app.secret]}}"
		}
		c, problems := Load(configtest.PutFile(t, dir, "usher.yaml",
			"login: "+section+"\nlisten: {gateway: '127.0.0.1:8281'}\ncomponent: {jid: usher.h, secret_file: other.secret}\n"+
				"hosts: {h: {muc: [c.h], relay: {app_id: x, key_file: inner.pem}, "+host+"}}\n", 0o640))
		got := strings.ReplaceAll(strings.TrimSuffix(configtest.Printed(problems, dir), "\n"), "usher.yaml:", "")
		if got != row.want {
			t.Errorf("%q:\n got %s\nwant %s", row.section, got, row.want)
		}
		if (c == nil) != strings.Contains(row.want, ": error: ") {
			t.Errorf("%q: %v", row.section, c)
		}
	}
}

// TestSignInToConsole: who comes into the console by the sign-in does so by a token that opens no meeting, and by a
// claim that is not the person's own word.
func TestSignInToConsole(t *testing.T) {
	dir := configtest.KeyFolder(t)
	for admin, want := range map[string]string{
		"claim: ops, audience: usher-console": "",
		"claim: ops, audience: jitsi": `5:109: error: audience: "jitsi" is what the issuer "usher-login" of the host "h" takes for meetings, so a link to a ` +
			`meeting would open the console — write another one, such as usher-console, which the application gives to operators only`,
		"claim: nickname=boss, audience: usher-console": "1:8: warning: login: operators (console.admins) are found by nickname, which people may write " +
			"themselves at many providers — decide by a role or a group, or by email, which counts only if it is verified",
	} {
		_, problems := Load(configtest.PutFile(t, dir, "usher.yaml",
			"login: {secret_files: [login.secret], hosts: {h: {issuer: 'https://id.example.com', client_id: meet}}}\n"+
				"listen: {gateway: '127.0.0.1:8281', console: '127.0.0.1:9281'}\ncomponent: {jid: usher.h, secret_file: other.secret}\n"+
				"hosts: {h: {muc: [c.h], relay: {app_id: x, key_file: inner.pem}}}\n"+
				"console: {url: 'https://console.example.com', admins: [{host: h, issuer: usher-login, "+admin+"}]}\n", 0o640))
		got := strings.ReplaceAll(strings.TrimSuffix(configtest.Printed(problems, dir), "\n"), "usher.yaml:", "")
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", admin, got, want)
		}
	}
}

// TestAccountsOfSignIn: at a host where tokens name accounts no other issuer names those of people who sign in.
func TestAccountsOfSignIn(t *testing.T) {
	dir := configtest.KeyFolder(t)
	const mend = " — choose another account_prefix for that issuer"
	for prefix, want := range map[string]string{
		"log": "", "a-": "",
		"login-":  `1:47: error: login: the issuer "a" has the account_prefix "login-", and accounts of those who sign in begin with "login-"` + mend,
		"login-x": `1:47: error: login: the issuer "a" has the account_prefix "login-x", and accounts of those who sign in begin with "login-"` + mend,
	} {
		_, problems := Load(configtest.PutFile(t, dir, "usher.yaml",
			"login: {secret_files: [login.secret], hosts: {h: {issuer: 'https://id.example.com', client_id: meet}}}\n"+
				"listen: {gateway: '127.0.0.1:8281'}\n"+
				"hosts: {h: {issuers: {a: {secret_files: [my-app.secret], account_prefix: "+prefix+"}}}}\n", 0o640))
		got := strings.ReplaceAll(strings.TrimSuffix(configtest.Printed(problems, dir), "\n"), "usher.yaml:", "")
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", prefix, got, want)
		}
	}
}
