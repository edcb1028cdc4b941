package main

import "slices"

// An arrow is a package, without the module's name, and what it may import of
// ours besides what everyone may. A name that ends in "/..." stands for the
// packages below as well; "*" for all but the programs and the end-to-end tests.
type arrow struct {
	from string
	to   []string
}

// everyone lists what every package may import that is not in this list itself.
func everyone() []string {
	return []string{
		"internal/behind",
		"internal/bounded",
		"internal/filelock",
		"internal/guard",
		"internal/jid",
		"internal/language",
		"internal/logattr",
		"internal/loginid",
		"internal/panics",
		"internal/quietsocket",
		"internal/ratelimit",
		"internal/strictjson",
		"internal/taskgroup",
		"internal/text",
		"metrics",
	}
}

// table is the design's: each package of ours has one row, the longest that
// matches its name. Each row has a package.
func table() []arrow {
	return slices.Concat(tokens(), programs(), settings(), internals(), helpers(), rooms())
}

// tokens has the rows of who somebody is: the checks of tokens, and their doors.
func tokens() []arrow {
	return []arrow{
		{"auth", []string{"auth/claim", "auth/inner", "auth/keys", "auth/localpart", "auth/ticket"}},
		{"auth/authtest", []string{"auth", "auth/claim", "auth/inner", "auth/keys", "auth/keys/keyfile",
			"auth/relayauth"}},
		{"auth/claim", nil},
		{"auth/dovecot", []string{"auth", "internal/connpool", "internal/listen"}},
		{"auth/extauth", []string{"auth", "internal/connpool", "internal/listen"}},
		{"auth/extauth/bridge", []string{"auth/extauth"}},
		{"auth/gateway", []string{"auth", "auth/gateway/...", "internal/httpd", "internal/listen"}},
		{"auth/gateway/bosh", []string{
			"auth",
			"auth/gateway/budget",
			"auth/gateway/filter",
			"auth/gateway/login",
			"auth/gateway/proxy",
			"auth/gateway/relay",
			"auth/gateway/stanza",
			"internal/httpd",
		}},
		{"auth/gateway/budget", nil},
		{"auth/gateway/filter", []string{"auth", "auth/gateway/stanza"}},
		{"auth/gateway/gatewaytest", []string{"auth", "auth/gateway/budget", "auth/gateway/stanza"}},
		{"auth/gateway/login", []string{"auth", "auth/gateway/filter", "auth/gateway/stanza"}},
		{"auth/gateway/proxy", []string{"auth/gateway/budget", "internal/httpd", "internal/listen"}},
		{"auth/gateway/relay", []string{"auth", "auth/gateway/stanza", "auth/gateway/swap", "auth/relayauth"}},
		{"auth/gateway/stanza", nil},
		{"auth/gateway/stream", []string{
			"auth",
			"auth/gateway/budget",
			"auth/gateway/filter",
			"auth/gateway/login",
			"auth/gateway/relay",
			"auth/gateway/stanza",
			"auth/gateway/websocket",
		}},
		{"auth/gateway/swap", []string{"auth/gateway/stanza"}},
		{"auth/gateway/web", []string{"auth", "auth/gateway/login", "auth/gateway/proxy", "auth/gateway/relay",
			"auth/relayauth"}},
		{"auth/gateway/websocket", []string{"auth/gateway/budget"}},
		{"auth/httpauth", []string{"auth", "internal/httpd"}},
		{"auth/inner", []string{"auth/claim"}},
		{"auth/keys", []string{"auth/keys/fetch", "auth/keys/keyfile", "auth/keys/kidqueue"}},
		{"auth/keys/fetch", nil},
		{"auth/keys/keyfile", nil},
		{"auth/keys/keystest", nil},
		{"auth/keys/kidqueue", nil},
		{"auth/localpart", nil},
		{"auth/relayauth", []string{"auth", "auth/inner"}},
		{"auth/signin", []string{"auth", "auth/claim", "auth/inner", "auth/keys", "auth/signin/oidc", "internal/mint",
			"lobby"}},
		{"auth/signin/oidc", []string{"auth/keys/fetch"}},
		{"auth/signin/signintest", []string{"auth/keys", "auth/keys/keystest"}},
		{"auth/ticket", nil},
	}
}

// programs has the rows of what is run, of the tests over all, and of the figures.
func programs() []arrow {
	return []arrow{
		{"cmd/usher", []string{"cmd/usher/..."}},
		{"cmd/usher/audit", []string{"cmd/usher/cmdline", "internal/admin"}},
		{"cmd/usher/check", []string{"cmd/usher/cmdline", "internal/admin", "internal/config", "internal/daemon/online",
			"internal/permission", "internal/preflight"}},
		{"cmd/usher/cluster", []string{"cmd/usher/cmdline", "internal/admin"}},
		{"cmd/usher/cmdline", []string{"internal/admin", "internal/config", "internal/readfile"}},
		{"cmd/usher/completion", []string{"cmd/usher/cmdline"}},
		{"cmd/usher/console", []string{"cmd/usher/cmdline", "internal/admin"}},
		{"cmd/usher/extauth", []string{"auth/extauth/bridge", "internal/config"}},
		{"cmd/usher/lobby", []string{"cmd/usher/cmdline", "internal/admin"}},
		{"cmd/usher/manpage", []string{"cmd/usher/cmdline"}},
		{"cmd/usher/prosody", []string{"cmd/usher/cmdline", "internal/prosodyconf"}},
		{"cmd/usher/refusals", []string{"cmd/usher/cmdline", "internal/admin", "internal/explain"}},
		{"cmd/usher/reload", []string{"cmd/usher/cmdline", "internal/admin"}},
		{"cmd/usher/serve", []string{"cmd/usher/cmdline", "internal/daemon"}},
		{"cmd/usher/sessions", []string{"cmd/usher/cmdline", "internal/admin"}},
		{"cmd/usher/setup", []string{"cmd/usher/cmdline", "internal/config", "internal/setup/..."}},
		{"cmd/usher/state", []string{"cmd/usher/cmdline", "internal/config",
			"internal/sqlite"}}, // check and export work while no daemon runs
		{"cmd/usher/status", []string{"cmd/usher/cmdline", "internal/admin"}},
		{"cmd/usher/token", []string{
			"auth", // token mint writes what a host's rules look for
			"auth/claim",
			"auth/keys",
			"cmd/usher/cmdline",
			"internal/admin",
			"internal/config",
			"internal/explain",
			"internal/mint",
			"internal/readfile",
		}},
		{"cmd/usher/try", []string{"cmd/usher/cmdline", "internal/config", "internal/readfile", "internal/try"}},
		{"cmd/usher/version", []string{"cmd/usher/cmdline"}},
		{"docs", nil},
		{"e2e/...", []string{"*", "e2e/..."}},
		{"metrics", []string{"internal/text"}},
		{"scripts/benchtable", nil},
		{"scripts/recording", nil},
		{"scripts/shape", nil},
		{"scripts/testrun", nil},
	}
}

// settings has the rows of what the configuration says, and of what is made of it.
func settings() []arrow {
	return []arrow{
		{"internal/config", []string{"auth", "auth/claim", "auth/gateway", "auth/keys/keyfile", "auth/signin",
			"internal/config/...", "internal/strictyaml", "lobby", "moderation", "moderation/component"}},
		{"internal/config/clustersection", []string{"internal/cluster", "internal/config/section",
			"internal/config/source", "internal/config/value", "internal/strictyaml"}},
		{"internal/config/configtest", nil},
		{"internal/config/consolesection", []string{"auth", "auth/claim", "auth/signin", "internal/config/hostsection",
			"internal/config/section", "internal/config/value", "internal/strictyaml"}},
		{"internal/config/hostsection", []string{"auth", "auth/claim", "auth/gateway", "auth/inner", "auth/keys",
			"internal/config/issuersection", "internal/config/section", "internal/config/source",
			"internal/config/value", "internal/strictyaml", "lobby", "moderation"}},
		{"internal/config/issuersection", []string{"auth", "auth/keys", "auth/keys/keyfile", "auth/localpart",
			"auth/signin", "internal/config/section", "internal/config/source", "internal/config/value",
			"internal/strictyaml", "moderation"}},
		{"internal/config/loginsection", []string{"auth", "auth/claim", "auth/keys", "auth/keys/keyfile", "auth/signin",
			"auth/signin/oidc", "internal/config/consolesection", "internal/config/hostsection",
			"internal/config/section", "internal/config/source", "internal/config/value", "internal/strictyaml",
			"moderation"}},
		{"internal/config/section", []string{"internal/strictyaml"}},
		{"internal/config/source", []string{"auth/keys", "auth/keys/keyfile", "internal/config/value",
			"internal/readfile", "internal/strictyaml", "internal/watch"}},
		{"internal/config/value", []string{"auth/claim", "auth/gateway", "internal/strictyaml", "lobby"}},
		{"internal/daemon", []string{"*"}},
		{"internal/daemon/endpoints", []string{"internal/config", "internal/listen"}},
		{"internal/daemon/handover", []string{"internal/listen", "internal/systemd"}},
		{"internal/daemon/membership", []string{"auth", "auth/ticket", "internal/admin", "internal/cluster",
			"internal/config", "internal/config/clustersection", "internal/daemon/online", "internal/redis",
			"internal/share", "lobby", "moderation/component", "moderation/sessions", "moderation/streams"}},
		{"internal/daemon/online", []string{"auth/signin", "internal/cluster", "internal/config",
			"internal/config/clustersection", "internal/redis"}},
		{"internal/daemon/relayed", []string{"auth", "auth/gateway", "auth/gateway/relay", "moderation",
			"moderation/muc", "moderation/sessions", "moderation/streams"}},
	}
}

// internals has the rows of what holds the daemon together.
func internals() []arrow {
	return []arrow{
		{"internal/admin", []string{"auth", "internal/cluster", "internal/explain", "internal/listen",
			"internal/permission", "internal/recent", "internal/text", "lobby", "moderation", "moderation/sessions",
			"moderation/unasked"}},
		{"internal/cluster", nil},
		{"internal/cluster/bustest", []string{"internal/cluster"}},
		{"internal/cluster/clustertest", []string{"internal/cluster", "internal/cluster/membus", "lobby", "moderation"}},
		{"internal/cluster/membus", []string{"internal/cluster"}},
		{"internal/connpool", []string{"internal/logattr", "internal/panics", "internal/taskgroup"}},
		{"internal/console", []string{"internal/admin", "internal/console/access", "internal/console/route",
			"internal/httpd", "internal/listen"}},
		{"internal/console/access", []string{"internal/admin", "moderation"}},
		{"internal/console/layout", nil},
		{"internal/console/live", nil},
		{"internal/console/lobbypage", []string{"internal/console/access", "internal/console/layout",
			"internal/console/route", "lobby", "moderation", "moderation/notify"}},
		{"internal/console/pages", []string{"internal/admin", "internal/console/access", "internal/console/layout",
			"internal/console/live", "internal/console/plot", "internal/console/route"}},
		{"internal/console/plot", []string{"internal/admin"}},
		{"internal/console/route", []string{"internal/console/access"}},
		{"internal/console/tokens", []string{"auth", "auth/claim", "internal/console/access"}},
		{"internal/explain", []string{"auth", "internal/text", "moderation"}},
		{"internal/httpd", []string{"internal/listen"}},
		{"internal/journal", nil},
		{"internal/listen", []string{"internal/permission"}},
		{"internal/loginid", []string{"internal/text"}},
		{"internal/memory", []string{"lobby", "moderation", "moderation/occupancy", "moderation/sessions", "moderation/streams"}},
		{"internal/mint", []string{"auth", "auth/claim", "auth/keys"}},
		{"internal/preflight", []string{"auth/gateway", "internal/config", "internal/permission", "internal/unitfile"}},
		{"internal/probe", nil},
		{"internal/prosodyconf", []string{"auth", "internal/config", "internal/config/value", "moderation"}},
		{"internal/recent", []string{"auth", "moderation", "moderation/muc"}},
		{"internal/record", []string{"auth", "lobby", "moderation", "moderation/occupancy", "moderation/sessions",
			"moderation/streams"}},
		{"internal/redis", []string{"internal/cluster"}},
		{"internal/setup", []string{"auth/keys", "internal/prosodyconf",
			"internal/setup/hunks", "internal/setup/luaread"}},
		{"internal/setup/apply", []string{"internal/setup", "internal/setup/disk", "internal/setup/hunks"}},
		{"internal/setup/disk", nil},
		{"internal/setup/hunks", nil},
		{"internal/setup/luaread", nil},
		{"internal/share", []string{"auth", "internal/cluster", "internal/journal", "internal/record", "lobby",
			"moderation", "moderation/sessions", "moderation/streams"}},
		{"internal/sqlite", []string{"auth", "internal/journal", "internal/record", "lobby", "moderation",
			"moderation/occupancy", "moderation/sessions", "moderation/streams"}},
		{"internal/storetest", []string{"auth", "auth/relayauth", "lobby", "moderation",
			"moderation/moderationtest", "moderation/occupancy", "moderation/sessions", "moderation/streams"}},
		{"internal/systemd", []string{"internal/logattr"}},
		{"internal/try", []string{"auth", "auth/extauth", "auth/gateway", "auth/keys", "internal/admin", "internal/config",
			"internal/explain", "internal/mint", "internal/permission", "internal/try/client", "moderation"}},
		{"internal/try/client", nil},
	}
}

// helpers has the rows of the small ones that know nothing of usher.
func helpers() []arrow {
	return []arrow{
		{"internal/asynclog", nil},
		{"internal/behind", nil},
		{"internal/bounded", nil},
		{"internal/filelock", nil},
		{"internal/footprint", nil},
		{"internal/guard", nil},
		{"internal/guard/guardtest", nil},
		{"internal/jid", []string{"internal/text"}},
		{"internal/language", nil},
		{"internal/logattr", []string{"internal/loginid", "internal/text"}},
		{"internal/panics", []string{"internal/logattr", "internal/ratelimit", "metrics"}},
		{"internal/permission", nil},
		{"internal/ports", nil},
		{"internal/quietsocket", nil},
		{"internal/ratelimit", nil},
		{"internal/readfile", []string{"internal/permission"}},
		{"internal/strictjson", []string{"internal/text"}},
		{"internal/strictyaml", nil},
		{"internal/taskgroup", nil},
		{"internal/text", nil},
		{"internal/unitfile", nil},
		{"internal/watch", nil},
	}
}

// rooms has the rows of what somebody may do in a room, and of the lobby.
func rooms() []arrow {
	return []arrow{
		{"lobby", nil},
		{"moderation", []string{"auth", "lobby"}},
		{"moderation/adhoc", nil},
		{"moderation/component", []string{"moderation", "moderation/adhoc"}},
		{"moderation/moderationtest", []string{"auth", "internal/memory", "lobby", "moderation", "moderation/..."}},
		{"moderation/muc", []string{"lobby", "moderation", "moderation/occupancy", "moderation/sessions",
			"moderation/unasked"}},
		{"moderation/notify", []string{"lobby", "moderation", "moderation/adhoc", "moderation/sessions"}},
		{"moderation/occupancy", nil},
		{"moderation/reconcile", []string{"lobby", "moderation", "moderation/sessions", "moderation/unasked"}},
		{"moderation/sessions", []string{"auth", "lobby", "moderation", "moderation/sessions/..."}},
		{"moderation/sessions/deadline", nil},
		{"moderation/sessions/index", []string{"auth", "moderation"}},
		{"moderation/sessions/rates", []string{"auth"}},
		{"moderation/sessions/waits", nil},
		{"moderation/streams", []string{"auth", "auth/relayauth"}},
		{"moderation/unasked", []string{"moderation"}},
	}
}

// coming lists the rows that have no package yet.
func coming() []string {
	return []string{}
}

// leaving lists the arrows of today that the design does not have. Each is used.
func leaving() []arrow {
	return nil
}

// crowded lists the folders that have more than maxFiles Go files until they are cut.
func crowded() []string {
	return []string{"auth", "moderation/sessions"}
}

// A foreign package is one of others that only some of ours may import.
type foreign struct {
	path  string   // and all below it
	only  []string // "/..." stands for the packages below as well
	tests bool     // the tests' imports count as well
	why   string
}

func foreigners() []foreign {
	return []foreign{
		{"github.com/foxcpp/go-dovecot-sasl", nil, true, "it answers FAIL and then OK to one request"},
		{"github.com/gobwas/ws", []string{"auth/gateway/gatewaytest", "auth/gateway/websocket", "e2e/client",
			"internal/try/client"}, false,
			"one package knows the wire"},
		{"github.com/lestrrat-go/jwx", []string{"auth/keys"}, false, "it must be replaceable in one place"},
		{"github.com/prometheus/client_golang", []string{"metrics"}, false, "every series is in one place"},
		{"github.com/redis/rueidis", []string{"internal/redis"}, true, "one package knows the cluster's engine"},
		{"golang.org/x/oauth2", []string{"auth/signin/oidc"}, false, "one package knows the provider's side"},
		{"github.com/urfave/cli", []string{"cmd/usher/..."}, false, "a command's words are no other package's concern"},
		{"go.yaml.in/yaml", []string{"internal/strictyaml", "internal/config/configtest"}, false,
			"only the configuration is YAML"},
		{"modernc.org/sqlite", []string{"internal/sqlite"}, false, "one package knows the database"},
	}
}
