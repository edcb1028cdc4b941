package config

import (
	"crypto/sha256"
	"log/slog"
	"path/filepath"

	"usher/auth"
	"usher/auth/gateway"
	"usher/internal/watch"
	"usher/lobby"
	"usher/moderation"
)

const (
	minTokenSize = 512
	MaxTokenSize = 65536
	mendNoHosts  = "name Prosody's VirtualHost, and who issues its tokens, under hosts"
)

// A config is a configuration without problems, with every file that it names
// read.
type Config struct {
	Listen    Listen
	Log       Log
	HTTP      HTTP
	State     State
	Component Component
	Rooms     []moderation.HostPolicy

	Gateway   gateway.Settings
	Whitelist []lobby.Entry // of all hosts

	Peers []int // uids that may connect to the Unix sockets, in order; root and usher's own user are among them
	Auth  auth.Config
	Files

	document *tree                        // the file as it is written
	digests  map[string][sha256.Size]byte // of the content of each of files but the first
	Warnings Problems
}

// listenConfig holds the addresses to listen on.
type Listen struct {
	Dovecot, Metrics, Admin Address
	Extauth, HTTP, Gateway  Address // the zero address is not listened on
}

// logConfig says what is logged, and how.
type Log struct {
	Level  slog.Level
	Format string // text or json
}

// filesRead are the files of a configuration.
type Files struct {
	Paths  []string               // absolute names of the configuration and every file that it names
	States map[string]watch.State // what each looked like in the moment before it was read
}

// loadConfig reads the configuration and everything that it names. The config
// is nil if there is any problem that is not a warning.
func Load(path string) (*Config, Problems) {
	c, _, problems := LoadFiles(path)
	return c, problems
}

// readConfig is loadConfig for those who watch the files: it also returns them
// when the configuration is bad, so that a file that was missing is seen when it
// appears.
func LoadFiles(path string) (*Config, Files, Problems) {
	r := newReader(path)
	c := Default()
	root, ok := r.root()
	if ok {
		c.read(root)
	}
	if ok && r.problems.Errors() == 0 {
		c.checkParts(root)
	}
	problems := sortProblems(r.problems)
	if problems.Errors() > 0 {
		return nil, Files{r.files, r.states}, problems
	}
	c.Files, c.digests, c.document, c.Warnings = Files{r.files, r.states}, r.digests(), newTree(root.node), problems
	return c, c.Files, problems
}

func Default() *Config {
	return &Config{
		Listen: Listen{
			Dovecot: Address{"unix", "/run/usher/auth.sock"},
			Metrics: Address{"tcp", "127.0.0.1:9280"},
			Admin:   Address{"unix", "/run/usher/admin.sock"},
		},
		Log:   Log{slog.LevelInfo, "text"},
		State: State{defaultState},

		Gateway: defaultGateway(),
		Auth:    auth.Config{Hosts: map[string]auth.HostConfig{}, MaxTokenBytes: auth.DefaultMaxTokenBytes},
	}
}

func (c *Config) read(root value) {
	named, component, peers := false, false, false
	http := &httpReader{config: &c.HTTP}
	rooms := &roomsReader{owners: map[string]string{}}
	gate := &gatewayReader{config: &c.Gateway}
	complete := root.object(
		field{"listen", func(v value) { http.listen, http.listens = c.Listen.read(v) }},
		field{"http_secret_file", http.readSecret},
		field{"http_insecure", http.readInsecure},
		field{"http_hosts", func(v value) { c.HTTP.Hosts = v.httpHosts() }},
		field{"state", c.State.read},
		field{"gateway", gate.read},
		field{"component", func(v value) { component = true; c.Component.read(v) }},
		field{"log", c.Log.read},
		field{"peers", func(v value) { peers = true; c.Peers = v.peers() }},
		field{"max_token_size", func(v value) { v.integer(&c.Auth.MaxTokenBytes, minTokenSize, MaxTokenSize) }},
		field{"hosts", func(v value) {
			named = true
			readHosts(v, c.Auth.Hosts, rooms)
		}},
	)
	if !peers {
		c.Peers = root.defaultPeers()
	}
	http.check()
	gate.check(c.Listen.Gateway)
	rooms.check(http.listens, component)
	c.Rooms, c.Whitelist = rooms.finish(component)
	if complete && !named {
		root.problem(mendNoHosts, "there are no hosts")
	}
}

// resolve returns the absolute name of a file that the configuration names: a
// relative one starts at the configuration's own folder.
func (r *reader) resolve(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(filepath.Dir(r.path), name)
}
