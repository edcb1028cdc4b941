package main

import (
	"crypto/sha256"
	"log/slog"
	"path/filepath"

	"usher/auth"
	"usher/auth/gateway"
	"usher/lobby"
	"usher/moderation"
)

const (
	minTokenSize = 512
	maxTokenSize = 65536
	mendNoHosts  = "name Prosody's VirtualHost, and who issues its tokens, under hosts"
)

// A config is a configuration without problems, with every file that it names
// read.
type config struct {
	listen listenConfig
	log    logConfig
	http   httpConfig
	state  stateConfig
	comp   componentConfig
	rooms  []moderation.HostPolicy

	gateway   gateway.Settings
	whitelist []lobby.Entry // of all hosts

	peers []int // uids that may connect to the Unix sockets, in order; root and usher's own user are among them
	auth  auth.Config
	filesRead

	document *tree                        // the file as it is written
	digests  map[string][sha256.Size]byte // of the content of each of files but the first
	warnings []problem
}

// listenConfig holds the addresses to listen on.
type listenConfig struct {
	dovecot, metrics, admin address
	extauth, http, gateway  address // the zero address is not listened on
}

// logConfig says what is logged, and how.
type logConfig struct {
	level  slog.Level
	format string // text or json
}

// filesRead are the files of a configuration.
type filesRead struct {
	files  []string             // absolute names of the configuration and every file that it names
	states map[string]fileState // what each looked like in the moment before it was read
}

// loadConfig reads the configuration and everything that it names. The config
// is nil if there is any problem that is not a warning.
func loadConfig(path string) (*config, []problem) {
	c, _, problems := readConfig(path)
	return c, problems
}

// readConfig is loadConfig for those who watch the files: it also returns them
// when the configuration is bad, so that a file that was missing is seen when it
// appears.
func readConfig(path string) (*config, filesRead, []problem) {
	r := newReader(path)
	c := defaultConfig()
	root, ok := r.root()
	if ok {
		c.read(root)
	}
	if ok && countErrors(r.problems) == 0 {
		c.checkParts(root)
	}
	problems := sortProblems(r.problems)
	if countErrors(problems) > 0 {
		return nil, filesRead{r.files, r.states}, problems
	}
	c.filesRead, c.digests, c.document, c.warnings = filesRead{r.files, r.states}, r.digests(), newTree(root.node), problems
	return c, c.filesRead, problems
}

func defaultConfig() *config {
	return &config{
		listen: listenConfig{
			dovecot: address{"unix", "/run/usher/auth.sock"},
			metrics: address{"tcp", "127.0.0.1:9280"},
			admin:   address{"unix", "/run/usher/admin.sock"},
		},
		log:   logConfig{slog.LevelInfo, "text"},
		state: stateConfig{defaultState},

		gateway: defaultGateway(),
		auth:    auth.Config{Hosts: map[string]auth.HostConfig{}, MaxTokenBytes: auth.DefaultMaxTokenBytes},
	}
}

func (c *config) read(root value) {
	named, component, peers := false, false, false
	http := &httpReader{config: &c.http}
	rooms := &roomsReader{owners: map[string]string{}}
	gate := &gatewayReader{config: &c.gateway}
	complete := root.object(
		field{"listen", func(v value) { http.listen, http.listens = c.listen.read(v) }},
		field{"http_secret_file", http.readSecret},
		field{"http_insecure", http.readInsecure},
		field{"http_hosts", func(v value) { c.http.hosts = v.httpHosts() }},
		field{"state", c.state.read},
		field{"gateway", gate.read},
		field{"component", func(v value) { component = true; c.comp.read(v) }},
		field{"log", c.log.read},
		field{"peers", func(v value) { peers = true; c.peers = v.peers() }},
		field{"max_token_size", func(v value) { v.integer(&c.auth.MaxTokenBytes, minTokenSize, maxTokenSize) }},
		field{"hosts", func(v value) {
			named = true
			readHosts(v, c.auth.Hosts, rooms)
		}},
	)
	if !peers {
		c.peers = root.defaultPeers()
	}
	http.check()
	gate.check(c.listen.gateway)
	rooms.check(http.listens, component)
	c.rooms, c.whitelist = rooms.finish(component)
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
