package config

import (
	"crypto/sha256"
	"slices"

	"usher/auth"
	"usher/auth/gateway"
	"usher/auth/signin"
	"usher/internal/config/clustersection"
	"usher/internal/config/consolesection"
	"usher/internal/config/hostsection"
	"usher/internal/config/issuersection"
	"usher/internal/config/loginsection"
	"usher/internal/config/section"
	"usher/internal/config/source"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/lobby"
	"usher/moderation"
)

// The most that files may have, in bytes: the configuration, and each file that it names.
const (
	MaxSize    = source.MaxSize
	MaxKeySize = source.MaxKeySize
)

// MaxTokenSize is the most that max_token_size may be, in bytes.
const MaxTokenSize = 65536

const (
	minTokenSize = 512
)

// A Problem is one thing to mend in the configuration, with its place.
type Problem = strictyaml.Problem

// Problems are what was found in one configuration, in the order of the file.
type Problems = strictyaml.Problems

// A Config is a configuration without problems, with every file that it names
// read.
type Config struct {
	Listen    Listen
	Log       Log
	HTTP      HTTP
	State     State
	Cluster   clustersection.Cluster
	Component Component
	Console   consolesection.Console
	Rooms     []moderation.HostPolicy // of each host, in the order of the file

	Gateway   gateway.Settings
	Whitelist []lobby.Entry // of all hosts

	Peers []int // uids that may connect to the Unix sockets, in order; root and usher's own user are among them
	Auth  auth.Config
	Login signin.Settings
	Files
	Warnings Problems

	document *strictyaml.Tree             // the file as it is written
	digests  map[string][sha256.Size]byte // of the content of each of Paths but the first
}

// Files are the files of a configuration.
type Files = source.Files

// Load reads the configuration and everything that it names. The Config is nil
// if there is any problem that is not a warning.
func Load(path string) (*Config, Problems) {
	c, _, problems := LoadFiles(path)
	return c, problems
}

// LoadFiles is [Load] for a watcher of the files: it also returns them when the
// configuration is bad, so that a file that was missing is seen when it appears.
func LoadFiles(path string) (*Config, Files, Problems) {
	r := source.New(path)
	c := Default()
	root, ok := r.Root(bareMemory)
	if ok {
		readConfiguration(r, root, c)
	}
	if ok && r.Report.Errors() == 0 {
		c.checkParts(root)
	}
	problems := r.Report.Problems()
	if problems.Errors() > 0 {
		return nil, r.Files, problems
	}
	c.Files, c.digests, c.document, c.Warnings = r.Files, r.Digests(), strictyaml.TreeOf(root), problems
	return c, r.Files, problems
}

// Default returns what holds where a file says nothing. It has no hosts, and so
// is no whole configuration.
func Default() *Config {
	return &Config{
		Listen:  defaultListen(),
		Log:     defaultLog(),
		State:   State{defaultState},
		Gateway: defaultGateway(),
		Auth:    auth.Config{Hosts: map[string]auth.HostConfig{}, MaxTokenBytes: auth.DefaultMaxTokenBytes},
	}
}

// readConfiguration reads the root of the file into c.
func readConfiguration(r *source.Reader, root strictyaml.Value, c *Config) {
	named, component, peers := false, false, false
	var componentAt strictyaml.Value
	http := &httpReader{Reader: r, config: &c.HTTP}
	hosts, gate := hostsection.New(r, c.Auth.Hosts), &gatewayReader{config: &c.Gateway}
	cluster, console := clustersection.New(r, &c.Cluster), consolesection.New(&c.Console)
	login := loginsection.New(r, &c.Login)
	var listeners namedListeners
	complete := root.Object(topSettings().Fields(section.Readers{
		"listen": func(v strictyaml.Value) {
			listeners = c.Listen.read(v)
			http.listen, http.listens = listeners[&c.Listen.HTTP]
		},
		"http_secret_file": http.readSecret,
		"http_insecure":    http.readInsecure,
		"http_hosts":       func(v strictyaml.Value) { c.HTTP.Hosts = value.HostHeaders(v, mendHTTPHost) },
		"state":            c.State.read,
		"cluster":          cluster.Read,
		"gateway":          gate.read,
		"console":          console.Read,
		"login":            login.Read,
		"component": func(v strictyaml.Value) {
			component, componentAt = true, v
			readComponent(r, v, &c.Component)
		},
		"log":            c.Log.read,
		"peers":          func(v strictyaml.Value) { peers = true; c.Peers = readPeers(v) },
		"max_token_size": func(v strictyaml.Value) { v.Int(&c.Auth.MaxTokenBytes, minTokenSize, MaxTokenSize) },
		"hosts": func(v strictyaml.Value) {
			named = true
			hosts.Read(v)
		},
	})...)
	if !peers {
		c.Peers = defaultPeers(root)
	}
	http.check()
	gate.check(c.Listen.Gateway, c.Listen.Console)
	cluster.Check(clustersection.Facts{InMemory: c.State.Path == "", MendState: "use state: sqlite:" + defaultState,
		Tokens: c.Auth.MaxTokenBytes})
	login.Finish(hosts.All(), c.Listen.Gateway.Name != "")
	hosts.Check(hostsection.Needed{Component: c.Component.JID, ComponentAt: componentAt, HasComponent: component,
		HTTP: http.listens, Gateway: c.Listen.Gateway.Name != ""})
	c.Listen.checkDoors(listeners, hosts.AllRelayed())
	login.Bind(hosts.Policies())
	c.Rooms, c.Whitelist = hosts.Finish(component)
	console.Check(c.Listen.Console, listeners[&c.Listen.Console], c.Auth.Hosts, login.SignsIn)
	if c.Listen.Console.Name != "" {
		login.Open(&c.Console)
	}
	c.Gateway.Hosts = hosts.Gateway(c.Whitelist)
	if complete && !named {
		root.Problem(hostsection.MendNone, "there are no hosts")
	}
}

//go:generate go test . -run TestConfigurationPage -update

// sections lists all of them, in the order of docs/configuration.md.
func sections() []section.Section {
	return []section.Section{
		topSettings(), listenSettings(), clustersection.Settings(), gatewaySettings(), consolesection.Settings(),
		loginsection.Settings(), loginsection.HostSettings(), componentSettings(), logSettings(),
		hostsection.Settings(), hostsection.RelaySettings(), issuersection.Settings(), hostsection.TokenSettings(),
		hostsection.ModerationSettings(), hostsection.LobbySettings(),
	}
}

func topSettings() section.Section {
	return section.Section{
		Path: "",
		Text: "usher reads one file, `/etc/usher/usher.yaml` unless `--config` says otherwise. It is " +
			"YAML, read strictly: an unknown key, a key that stands twice and a value of another type are " +
			"errors, so that a misspelt key never passes for its default. `true` and `false` are the only " +
			"switches; `yes` is a text. Aliases (`*name`) are understood, merge keys (`<<`) are not. A " +
			"duration is a number with a unit, such as `10s`, `5m` or `1h30m`. The shortest configuration " +
			"is in the [README](../README.md#from-packages-to-the-first-login); " +
			"[usher.yaml](../deploy/usher.yaml) has every setting with its default.\n\n" +
			"Secrets are never in the configuration: it names files, of at most 64 KiB each. A relative " +
			"name starts at the configuration's own folder. `usher check` lists all problems at once, with " +
			"line and column, and how to mend each; run by root it judges with the rights of the daemon's user, " +
			"because root may read what usher may not. One line end behind a secret, as `echo` writes it, is no part " +
			"of it; other white space is, and is named.\n\n" +
			"A change of the file, or of any file that it names, is in force within a second; " +
			"[operating.md](operating.md#changing-the-configuration) says how, and what happens to a " +
			"change with a mistake. Settings that are marked with *restart* need a new process: a reload " +
			"that changes them is refused, and says so.",
		Settings: slices.Concat([]section.Setting{
			{Key: "listen", Kind: "a mapping",
				Text: "[listen](#listen): where usher listens."},
		}, httpSettings(), []section.Setting{
			{Key: "state", Kind: "`sqlite:` and an absolute path, or `memory:`", Default: "sqlite:" + defaultState,
				Restart: true, Example: "memory:",
				Text: "Where sessions, revocations and the lobby's list and decisions are kept. SQLite " +
					"survives a restart, a kill and a crash, so that nobody is lost; the file's folder " +
					"must be there. Beside the file is a folder, its journal: what is recorded last is " +
					"there first ([the state](operating.md#the-state)). `memory:` keeps them in the " +
					"process: after a restart everybody has to log in again."},
			{Key: "cluster", Kind: "a mapping", Unset: "one usher alone",
				Text: "[cluster](#cluster): how several ushers share what they know."},
			{Key: "gateway", Kind: "a mapping",
				Text: "[gateway](#gateway): what stands between the web server and Prosody for " +
					"browsers."},
			{Key: "console", Kind: "a mapping",
				Text: "[console](#console): the pages for operators and moderators."},
			{Key: "login", Kind: "a mapping", Unset: "nobody signs in here",
				Text: "[login](#login): how people without a token sign in at an OpenID provider and get one."},
			{Key: "component", Kind: "a mapping", Unset: "no component", Restart: true,
				Text: "[component](#component): how usher sets affiliations in Prosody's rooms. Adding " +
					"it or taking it out needs a restart; what is in it a reload changes."},
			{Key: "log", Kind: "a mapping",
				Text: "[log](#log): what is logged, and how."},
			{Key: "peers", Kind: "a list of user names and numbers",
				Unset: "`[prosody, ejabberd]`, as far as there are such users", Restart: true, Example: "[101]",
				Text: "Who may connect to the Unix sockets of the doors besides root and usher's own " +
					"user: Prosody's user, ejabberd's. Write the number where the server runs in a " +
					"container. The default takes as many of the two as there are; where the list is " +
					"written out, each user must exist."},
			{Key: "max_token_size", Kind: "a number of bytes, 512 to 65536, or to 20480 with `cluster`",
				Default: "8192",
				Example: "20000",
				Text: "The longest token. Raise it only when logins are refused as `token_too_long` " +
					"because the issuer puts long lists of groups into its tokens. Prosody 0.12 ends a " +
					"stream whose login is over 10,000 bytes (`c2s_unauthed_stanza_size_limit`)."},
			{Key: "hosts", Kind: "a mapping", Needed: true,
				Text: "[hosts.HOST](#hostshost): one entry for each of Prosody's `VirtualHost` lines " +
					"that usher is asked about."},
		}),
	}
}

// MendUnplaced is the advice of the last gate, which knows no place.
const MendUnplaced = section.MendUnplaced

// checkParts runs what every part of the daemon checks before it takes a
// configuration, so that none refuses what the reader found good. Each of these
// checks is also made where the value stands, with its line; here is only what
// got past that.
func (c *Config) checkParts(root strictyaml.Value) {
	refused := func(part string, err error) {
		if err != nil {
			root.Problem(MendUnplaced, "%s: %v", part, err)
		}
	}
	refused("hosts", c.Auth.Check())
	_, err := moderation.NewPolicy(c.Rooms, nil)
	refused("rooms", err)
	refused("whitelist", lobby.CheckWhitelist(c.Whitelist))
	refused("gateway", c.Gateway.Check())
	refused("login", c.Login.Check())
}

// Summary counts what a configuration holds: "2 hosts, 3 issuers, 6 keys".
func (c *Config) Summary() string {
	issuers, keys, sources := 0, 0, 0
	for _, h := range c.Auth.Hosts {
		issuers += len(h.Issuers)
		for _, i := range h.Issuers {
			keys += len(i.Keys.Files)
			sources += len(i.Keys.Locations)
		}
	}
	hosts := text.Plural(len(c.Auth.Hosts), "host")
	s := hosts + ", " + text.Plural(issuers, "issuer") + ", " + text.Plural(keys, "key")
	if sources > 0 {
		s += ", " + text.Plural(sources, "key source")
	}
	return s
}
