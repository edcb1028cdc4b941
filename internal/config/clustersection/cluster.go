// Package clustersection answers one question: what does the section cluster of
// the configuration say? It starts no goroutine and has no lock.
package clustersection

import (
	"os"
	"slices"
	"strings"
	"time"

	"usher/internal/cluster"
	"usher/internal/config/section"
	"usher/internal/config/source"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

const (
	// defaultStaleness is cluster.max_staleness where the file says nothing.
	defaultStaleness = time.Minute
	// failover is about what Sentinel needs to replace a primary.
	failover = 15 * time.Second
)

// A Cluster says how several ushers share what they know; without secrets they do not.
type Cluster struct {
	Redis            Redis
	User             string
	Password         string // empty: none
	SentinelPassword string // empty: none
	CA               []byte // PEM; empty: the system's
	Secrets          [][]byte
	Node, Cell       string
	// MaxStaleness is how long a node lets people in that hears nothing; 0: for ever.
	MaxStaleness time.Duration
}

// Named reports whether the file has the section.
func (c *Cluster) Named() bool { return len(c.Secrets) > 0 }

// Settings describes the keys of the section.
func Settings() section.Section {
	return section.Section{
		Path: "cluster",
		Text: "How several ushers share what they know, through Redis 7 or Valkey, beside `state`: each keeps its " +
			"own state, and nothing on Prosody's way to an answer waits for another machine. " +
			"[several-machines.md](several-machines.md) says when you need it, and how to set up Redis.",
		Settings: slices.Concat([]section.Setting{
			{Key: "redis", Kind: "`redis://`, `rediss://` or `unix:` and the place", Needed: true, Restart: true,
				Example: "rediss://r1.example.com:26379,r2.example.com:26379/0?sentinel=usher",
				Text: "Where Redis is: `redis://127.0.0.1:6379/0`, `rediss://` with TLS, or " +
					"`unix:/run/redis/redis.sock`. With `?sentinel=` and the primary's name the addresses are those " +
					"of its Sentinels. The number of the database may be left out."},
		}, clusterAccess(), []section.Setting{
			{Key: "secret_files", Kind: "a list of files of at least 32 bytes each", Needed: true,
				Example: "[/etc/usher/cluster.secret]",
				Text: "What the nodes know each other by: the first file signs, each of them verifies, so that a " +
					"new one is put in behind the old one on every node, and then before it. Who has it is an " +
					"operator of every cell. `openssl rand -hex 32` makes one."},
			{Key: "node", Kind: "a name of lower-case letters, digits and `-._`, at most 63", Restart: true,
				Unset: "the host name", Example: "a", Text: "What this usher is called. Each has a name of its own."},
			{Key: "cell", Kind: "a name of lower-case letters, digits and `-._`, at most 63", Needed: true,
				Restart: true,
				Example: "shard1",
				Text: "The Prosody beside this usher. Ushers of one Prosody have the same; they share sessions, " +
					"rooms and lobbies. Ushers of others share revocations and the lobby's list with them."},
			{Key: "max_staleness", Kind: "a duration, 5s to 1h, or `never`", Default: "60s", Example: "5m",
				Text: "For how long a node that hears nothing from the others still lets people in: so long a " +
					"revocation may take to reach it. Then logins are refused as temporary failures; who is in " +
					"stays. With `never` it lets people in however long that lasts."},
		}),
	}
}

// clusterAccess describes the keys about who may use Redis.
func clusterAccess() []section.Setting {
	return []section.Setting{
		{Key: "user", Kind: "a text", Default: "\"\"", Restart: true, Example: "usher",
			Text: "The user of Redis' ACL. [users.acl](../deploy/redis/users.acl) has the rights that it needs."},
		{Key: "password_file", Kind: "a file of one line", Unset: "no password", Example: "/etc/usher/redis.secret",
			Text: "The password of that user, or of Redis' default user. What is written anew is taken at the next " +
				"connection."},
		{Key: "sentinel_password_file", Kind: "a file of one line", Unset: "no password",
			Example: "/etc/usher/sentinel.secret",
			Text:    "The password of the Sentinels, where they have one."},
		{Key: "ca_file", Kind: "a PEM file", Unset: "the system's", Restart: true, Example: "/etc/usher/redis-ca.pem",
			Text: "The CA of Redis and its Sentinels, if it is your own."},
		{Key: "insecure", Kind: "true or false", Default: "false", Example: "true",
			Text: "`true` allows `redis://` to other machines: who is on the way there reads names, rooms and the " +
				"password. It is only for a network that is your own."},
	}
}

// A Reader reads the section, and judges it when the rest of the file is known.
type Reader struct {
	files    *source.Reader
	config   *Cluster
	section  strictyaml.Value
	named    bool
	complete bool // no key of it is unknown or of another type

	redis, user, password, sentinel, ca, insecure strictyaml.Item
	secrets, node, cell                           strictyaml.Value
	secretFiles                                   []strictyaml.Item
	allowed                                       bool
}

// New returns a reader that writes to c.
func New(files *source.Reader, c *Cluster) *Reader { return &Reader{files: files, config: c} }

// Read reads the section.
func (r *Reader) Read(v strictyaml.Value) {
	r.section, r.named = v, true
	c := r.config
	c.MaxStaleness = defaultStaleness
	r.complete = v.Object(Settings().Fields(section.Readers{
		"redis": func(v strictyaml.Value) {
			s, _ := v.Word()
			r.redis = strictyaml.ItemOf(v, s)
		},
		"user":                   value.Text(&r.user),
		"password_file":          value.Text(&r.password),
		"sentinel_password_file": value.Text(&r.sentinel),
		"ca_file":                value.Text(&r.ca),
		"secret_files":           func(v strictyaml.Value) { r.secrets = v; c.Secrets = r.readSecrets(v) },
		"node":                   func(v strictyaml.Value) { r.node, c.Node = v, clusterName(v) },
		"cell":                   func(v strictyaml.Value) { r.cell, c.Cell = v, clusterName(v) },
		"max_staleness":          func(v strictyaml.Value) { readStaleness(v, &c.MaxStaleness) },
		"insecure": func(v strictyaml.Value) {
			v.Bool(&r.allowed)
			r.insecure = strictyaml.ItemOf(v, "")
		},
	})...)
	r.needed()
	if s := r.redis; s.Text != "" {
		c.Redis, _ = readRedis(s)
	}
	c.User = r.user.Text
	c.Password = r.readPassword(r.password)
	c.SentinelPassword = r.readPassword(r.sentinel)
	r.readCA()
}

// needed reports the keys that are not there.
func (r *Reader) needed() {
	if !r.complete {
		return
	}
	if r.redis.IsZero() {
		r.section.Problem("add redis, such as redis://127.0.0.1:6379/0", "the cluster has no redis")
	}
	if r.secrets.IsZero() {
		r.section.Problem("add secret_files: a file (openssl rand -hex 32) that every node has",
			"the cluster has no secret_files: whoever can write to Redis could make revocations, or undo them")
	}
	if r.cell.IsZero() {
		r.section.Problem("add cell: a name for the Prosody beside this usher, the same for all ushers of that Prosody",
			"the cluster has no cell")
	}
	if r.node.IsZero() {
		r.config.Node = r.hostName()
	}
}

func (r *Reader) hostName() string {
	name, err := os.Hostname()
	name = strings.ToLower(name)
	if err == nil {
		err = cluster.CheckName(name)
	}
	if err != nil {
		r.section.Problem("add node: a name of its own for each usher", "the host name is no name of a node: %v", err)
		return ""
	}
	return name
}

// clusterName reads the name of a node or of a cell.
func clusterName(v strictyaml.Value) string {
	s, ok := v.Word()
	if !ok {
		return ""
	}
	if err := cluster.CheckName(s); err != nil {
		v.Problem("write a name such as shard1", "%s: %v", v.Name(), err)
	}
	return s
}

func readStaleness(v strictyaml.Value, to *time.Duration) {
	if v.Raw() == "never" {
		*to = 0
		v.Warn("write 60s, or as long as a revocation may take to be heard everywhere",
			"max_staleness: a node that is cut off from the others lets in whom they have revoked, for as long as "+
				"that lasts")
		return
	}
	d := *to
	v.Duration(&d, cluster.MaxStaleness)
	if d < cluster.MinStaleness {
		v.Problem("write 5s or more: heartbeats take their time", "max_staleness is %s, too short", text.Clip(v.Raw()))
		return
	}
	*to = d
}

const clusterSecret = "cluster secret file"

func (r *Reader) readSecrets(v strictyaml.Value) (secrets [][]byte) {
	secrets, r.secretFiles = r.files.OwnSecrets(v, clusterSecret)
	return secrets
}

func (r *Reader) readPassword(it strictyaml.Item) string {
	if it.Text == "" {
		return ""
	}
	password, _ := r.files.Line(it, "password file", "write the password into it, and nothing else")
	return password
}

func (r *Reader) readCA() {
	if r.ca.Text == "" {
		return
	}
	r.config.CA, _ = r.files.CA(r.ca)
}

// Facts are what the rest of the file says.
type Facts struct {
	InMemory  bool   // the state
	MendState string // what to do about that
	Tokens    int    // the bytes of the longest
}

// Check judges what only the whole file tells.
func (r *Reader) Check(f Facts) {
	if !r.named {
		return
	}
	if f.InMemory {
		r.section.Problem(f.MendState,
			"a cluster needs a state that survives: with state: memory: a node that is started again has lost "+
				"what it has not told the others")
	}
	r.checkShared()
	if r.config.Redis.Network != "" {
		r.checkPlace()
		r.checkAccess()
	}
	r.checkTokens(f.Tokens)
}

// maxSharedToken is how long a token may be, in bytes, of which other ushers are told: a ticket for it, or the session,
// fits into one message.
const maxSharedToken = 20 << 10

// checkTokens refuses tokens that may be too long for the others to be told of.
func (r *Reader) checkTokens(most int) {
	if most > maxSharedToken {
		r.section.Problem("set max_token_size: 20480 or less", "a cluster cannot share the sessions of tokens as long "+
			"as max_token_size allows, %d bytes", most)
	}
}

// checkShared refuses a secret that is for something else as well: who has it for that could speak for every node.
func (r *Reader) checkShared() {
	r.files.RefuseShared(r.secretFiles, clusterSecret, "the cluster", "could speak for every node")
}

// checkPlace judges the way to Redis.
func (r *Reader) checkPlace() {
	at := r.config.Redis
	far := at.far()
	switch {
	case far == "" || at.TLS:
		if r.allowed {
			r.insecure.Warn("remove it", "insecure has no effect: the way to Redis is this machine, or has TLS")
		}
	case r.allowed:
		r.insecure.Warn("use rediss://, unless the network is your own",
			"insecure: who is on the way to %s reads names, rooms and the password", text.Clip(far))
	default:
		r.redis.Problem("use rediss://, or set insecure: true if the network is your own",
			"redis: the way to %s has no encryption", text.Clip(far))
	}
	if s := r.config.MaxStaleness; at.Sentinel != "" && s > 0 && s < failover {
		r.section.Warn("write 15s or more",
			"max_staleness: Sentinel takes about %s to replace a primary, and logins are refused meanwhile",
			text.Duration(failover))
	}
}

// checkAccess judges what usher shows at Redis, and what it trusts there.
func (r *Reader) checkAccess() {
	at := r.config.Redis
	if far := at.far(); far != "" && r.password.Text == "" {
		r.redis.Warn("give usher a user with deploy/redis/users.acl, and name password_file",
			"redis: without a password whoever reaches %s can read names and rooms", text.Clip(far))
	}
	if r.user.Text != "" && r.password.Text == "" {
		r.user.Problem("name password_file, or remove user", "user: Redis' user %q needs a password",
			text.Clip(r.user.Text))
	}
	if r.ca.Text != "" && !at.TLS {
		r.ca.Warn("remove it, or use rediss://", "ca_file has no effect: redis has no TLS")
	}
	if r.sentinel.Text != "" && at.Sentinel == "" {
		r.sentinel.Warn("remove it, or add ?sentinel= and the primary's name to redis",
			"sentinel_password_file has no effect: redis names no Sentinel")
	}
}
