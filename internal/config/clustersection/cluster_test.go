package clustersection

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/config/configtest"
	"usher/internal/config/source"
	"usher/internal/strictyaml"
)

// clustered begins a section with what it needs.
const clustered = "redis: 'redis://127.0.0.1:6379/0', secret_files: [my-app.secret], node: a, cell: shard1"

// badClusters are sections and all that is said about them.
var badClusters = []struct{ section, want string }{
	{clustered, ""},
	{"{}", `1:10: error: the cluster has no redis — add redis, such as redis://127.0.0.1:6379/0
1:10: error: the cluster has no secret_files: whoever can write to Redis could make revocations, or undo them — add secret_files: a file (openssl rand -hex 32) that every node has
1:10: error: the cluster has no cell — add cell: a name for the Prosody beside this usher, the same for all ushers of that Prosody`},
	{"secret_files: [none.secret, weak.secret, open.secret, open.secret], redis: 'redis://h', cell: C, node: a_", `1:26: error: the cluster secret file "none.secret" cannot be read: no such file or directory — create it, or correct the name
1:39: error: the cluster secret file "weak.secret": the secret has 5 bytes, and 32 are the least — make a new one: openssl rand -hex 32
1:52: warning: the cluster secret file "open.secret" is open to every user of this machine — chmod 640 open.secret
1:65: error: secret_files has "open.secret" twice — keep one of them
1:86: error: redis: "h" is not host:port — write redis://127.0.0.1:6379/0, rediss://HOST:PORT/0 or unix:/run/redis/redis.sock
1:105: error: cell: "C" is not made of a-z, 0-9 and, inside, - . _ — write a name such as shard1
1:114: error: node: "a_" is not made of a-z, 0-9 and, inside, - . _ — write a name such as shard1`},
	{"redis: 'redis://h:6379', secret_files: [my-app.secret, copy.secret], cell: c, node: n, password_file: weak.secret", `1:18: error: redis: the way to h:6379 has no encryption — use rediss://, or set insecure: true if the network is your own
1:66: error: the file "copy.secret" holds the secret of another — remove one of them`},
	{"redis: 'redis://h:6379', secret_files: [my-app.secret], cell: c, node: n, insecure: true", `1:18: warning: redis: without a password whoever reaches h:6379 can read names and rooms — give usher a user with deploy/redis/users.acl, and name password_file
1:95: warning: insecure: who is on the way to h:6379 reads names, rooms and the password — use rediss://, unless the network is your own`},
	{clustered + ", insecure: true, ca_file: ca.pem, sentinel_password_file: weak.secret, user: usher", `1:110: warning: insecure has no effect: the way to Redis is this machine, or has TLS — remove it
1:125: warning: ca_file has no effect: redis has no TLS — remove it, or use rediss://
1:157: warning: sentinel_password_file has no effect: redis names no Sentinel — remove it, or add ?sentinel= and the primary's name to redis
1:176: error: user: Redis' user "usher" needs a password — name password_file, or remove user`},
	{clustered + ", password_file: copy.secret", `1:61: error: the cluster secret file "my-app.secret" has the content of the password file "copy.secret": who knows that could speak for every node — make a new one for the cluster: openssl rand -hex 32`},
	{clustered + ", password_file: none, ca_file: rsa.pem", `1:115: error: the password file "none" cannot be read: no such file or directory — create it, or correct the name
1:130: error: the CA file "rsa.pem": block 1 is a "PUBLIC KEY" — leave only certificates in it
1:130: warning: ca_file has no effect: redis has no TLS — remove it, or use rediss://`},
	{clustered + ", password_file: rsa.pem", `1:115: warning: the password file "rsa.pem" is open to every user of this machine — chmod 640 rsa.pem
1:115: error: the password file "rsa.pem" is not one line of 1 to 1,024 bytes — write the password into it, and nothing else`},
	{clustered + ", max_staleness: 4s", "1:115: error: max_staleness is 4s, too short — write 5s or more: heartbeats take their time"},
	{clustered + ", max_staleness: 61m", "1:115: error: max_staleness is 61m, too long — write at most 1h"},
	{clustered + ", max_staleness: sometimes", `1:115: error: max_staleness: "sometimes" is no duration — write a number with a unit, such as 10s, 5m or 24h`},
	{clustered + ", max_staleness: never", "1:115: warning: max_staleness: a node that is cut off from the others lets in whom they have revoked, for as long as that lasts — write 60s, or as long as a revocation may take to be heard everywhere"},
	{"redis: 'redis://127.0.0.1:1?sentinel=usher', secret_files: [my-app.secret], cell: c, node: n, max_staleness: 10s", "1:10: warning: max_staleness: Sentinel takes about 15s to replace a primary, and logins are refused meanwhile — write 15s or more"},
	{clustered + ", redis_url: x", `1:100: error: unknown key "redis_url" in cluster — known keys: redis, user, password_file, sentinel_password_file, ca_file, insecure, secret_files, node, cell, max_staleness`},
	{"redis: 1, secret_files: [], cell: [], node: ''", `1:18: error: redis is a number, not a text — put it in quotes: "1"
1:35: error: secret_files is an empty list — write at least one entry, or remove the key
1:45: error: cell is a list, not a text — write a text
1:55: error: node is empty — write a value, or remove it`},
}

// readCluster reads a section as if the file had it.
func readCluster(t *testing.T, dir, section string, inMemory bool) (Cluster, strictyaml.Problems) {
	t.Helper()
	path := configtest.PutFile(t, dir, "usher.yaml", "cluster: {"+strings.Trim(section, "{}")+"}\n", 0o640)
	files := source.New(path)
	root, ok := files.Root(slices.Clone)
	if !ok {
		t.Fatal(files.Report.Problems())
	}
	var c Cluster
	r := New(files, &c)
	root.Object(strictyaml.Field{Name: "cluster", Read: r.Read})
	r.Check(Facts{InMemory: inMemory, MendState: "use another", Tokens: maxSharedToken})
	return c, files.Report.Problems()
}

func TestClusterProblems(t *testing.T) {
	dir := configtest.KeyFolder(t)
	for _, row := range badClusters {
		_, problems := readCluster(t, dir, row.section, false)
		got := strings.ReplaceAll(strings.TrimSuffix(configtest.Printed(problems, dir), "\n"), "usher.yaml:", "")
		if got != row.want {
			t.Errorf("%q:\n got %s\nwant %s", row.section, got, row.want)
		}
	}
}

// TestClusterState: a state that does not survive is refused beside a cluster, and nothing is said without one.
func TestClusterState(t *testing.T) {
	dir := configtest.KeyFolder(t)
	_, problems := readCluster(t, dir, clustered, true)
	if len(problems) != 1 || !strings.Contains(problems[0].Text, "a cluster needs a state that survives") {
		t.Error(problems)
	}
	(&Reader{}).Check(Facts{InMemory: true, Tokens: 1 << 20})
}

// TestCluster: everything that can be set is what it was set to.
func TestCluster(t *testing.T) {
	dir := configtest.KeyFolder(t)
	c, problems := readCluster(t, dir, "redis: 'rediss://r1.example.com:26379,r2:26379/3?sentinel=usher', user: usher, "+
		"password_file: redis.secret, sentinel_password_file: sentinel.secret, ca_file: ca.pem, "+
		"secret_files: [other.secret, copy.secret], node: n-1.example.com, cell: shard1, max_staleness: 5m",
		false)
	if len(problems) > 0 || len(c.CA) == 0 {
		t.Fatal(problems)
	}
	c.CA = nil
	want := Cluster{
		Redis: Redis{Network: "tcp", Addresses: []string{"r1.example.com:26379", "r2:26379"}, Sentinel: "usher",
			Database: 3, TLS: true},
		User: "usher", Password: "pass word", SentinelPassword: "other",
		Secrets: [][]byte{[]byte(configtest.LongSecret), []byte(configtest.ShortSecret)},
		Node:    "n-1.example.com", Cell: "shard1", MaxStaleness: 5 * time.Minute,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v\nwant %+v", c, want)
	}
}

// TestRedis: places of Redis, and what is no place.
func TestRedis(t *testing.T) {
	t.Parallel()
	one := func(network, address string) Redis { return Redis{Network: network, Addresses: []string{address}} }
	with := func(r Redis, change func(*Redis)) Redis { change(&r); return r }
	for s, want := range map[string]Redis{
		"redis://127.0.0.1:6379":       one("tcp", "127.0.0.1:6379"),
		"redis://127.0.0.1:6379/":      one("tcp", "127.0.0.1:6379"),
		"redis://[::1]:6379/12":        with(one("tcp", "[::1]:6379"), func(r *Redis) { r.Database = 12 }),
		"rediss://r1.example:6380":     with(one("tcp", "r1.example:6380"), func(r *Redis) { r.TLS = true }),
		"unix:/run/redis/r.sock":       one("unix", "/run/redis/r.sock"),
		"unix:///run/r.sock?db=1":      with(one("unix", "/run/r.sock"), func(r *Redis) { r.Database = 1 }),
		"redis://h:1?sentinel=My.Name": with(one("tcp", "h:1"), func(r *Redis) { r.Sentinel = "My.Name" }),
	} {
		got, err := parseRedis(s)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
		if again, err := parseRedis(got.String()); err != nil || !reflect.DeepEqual(again, want) {
			t.Errorf("%s is written as %s: %v", s, got, err)
		}
	}
	for s, want := range map[string]string{
		"":                                  "is no address of Redis",
		"127.0.0.1:6379":                    "is no address of Redis",
		"http://h:1":                        "is no address of Redis",
		"redis://":                          "is not host:port",
		"redis://h":                         "is not host:port",
		"redis://h:0":                       "is not host:port",
		"redis://h:1,":                      "is not host:port",
		"redis://:1":                        "is not host:port",
		"redis://h:1,h:1?sentinel=a":        "stands there twice",
		"redis://h:1,i:1":                   "add ?sentinel=",
		"redis://u:p@h:1":                   "passwords do not belong into the configuration",
		"redis://u:p/p@h:1":                 "passwords do not belong into the configuration",
		"redi://u:p@h:1":                    "passwords do not belong into the configuration",
		"redis://h:1/one":                   "is no number of a database",
		"redis://h:1/01":                    "is no number of a database",
		"redis://h:1/-1":                    "is no number of a database",
		"redis://h:1/1/2":                   "is no number of a database",
		"redis://h:1?sentinel=":             "is no name of a primary",
		"redis://h:1?sentinel=a&sentinel=b": "stands there twice",
		"redis://h:1?db=1":                  "db is unknown there",
		"redis://h:1?password=secret":       "password is unknown there",
		"redis://h:1?%":                     "is no query",
		"unix:redis.sock":                   "is no absolute path",
		"unix:/run/":                        "is no absolute path",
		"unix:/r?sentinel=a":                "sentinel is unknown there",
	} {
		got, err := parseRedis(s)
		if err == nil || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(got, Redis{}) {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "u:p")) {
			t.Errorf("%s: %v shows what may be a password", s, err)
		}
	}
}

// FuzzRedis: what is a place of Redis is written as it was understood, and names a place; what is none is nothing.
func FuzzRedis(f *testing.F) {
	for _, s := range []string{"redis://127.0.0.1:6379/0", "rediss://a:1,b:2/3?sentinel=My.Name", "unix:///r.sock?db=1",
		"redis://[::1]:1", "unix:/a b", "redis://h:1/?sentinel=a%62", "redis://u:p@h:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRedis(s)
		if err != nil {
			if !reflect.DeepEqual(r, Redis{}) {
				t.Fatalf("%q: %+v with %v", s, r, err)
			}
			return
		}
		if len(r.Addresses) == 0 || len(r.Addresses) > 1 && r.Sentinel == "" {
			t.Fatalf("%q is %+v", s, r)
		}
		if again, err := parseRedis(r.String()); err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%q is %+v, and written as %q is %+v, %v", s, r, r, again, err)
		}
	})
}
