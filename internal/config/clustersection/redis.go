package clustersection

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"usher/internal/cluster"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// Redis says where the cluster's engine is.
type Redis struct {
	Network   string   // tcp or unix; empty: nowhere
	Addresses []string // host:port each, of the Sentinels where Sentinel is set; or one path
	Sentinel  string   // the primary's name, if Sentinels know it
	Database  int
	TLS       bool
}

// String returns the form of the configuration, without what may be left out.
func (r Redis) String() string {
	if r.Network == "" {
		return ""
	}
	if r.Network == "unix" {
		return fmt.Sprintf("unix:%s?db=%d", r.Addresses[0], r.Database)
	}
	scheme, sentinel := "redis", ""
	if r.TLS {
		scheme = "rediss"
	}
	if r.Sentinel != "" {
		sentinel = "?sentinel=" + r.Sentinel
	}
	return fmt.Sprintf("%s://%s/%d%s", scheme, strings.Join(r.Addresses, ","), r.Database, sentinel)
}

const (
	mendRedis   = "write redis://127.0.0.1:6379/0, rediss://HOST:PORT/0 or unix:/run/redis/redis.sock"
	maxDatabase = 9999
)

var errRedisPassword = errors.New(
	"passwords do not belong into the configuration; name the user under user and a file under password_file")

// readRedis reads where Redis is.
func readRedis(it strictyaml.Item) (Redis, bool) {
	r, err := parseRedis(it.Text)
	if err != nil {
		value.Refuse(it.Value, mendRedis, err, "redis: %s")
		return Redis{}, false
	}
	return r, true
}

func parseRedis(s string) (Redis, error) {
	scheme, rest, found := strings.Cut(s, ":")
	var r Redis
	switch {
	case scheme != "unix" && strings.Contains(rest, "@"): // what is wrong besides is not said with the password in it
		return Redis{}, errRedisPassword
	case found && scheme == "unix":
		r.Network = "unix"
	case found && (scheme == "redis" || scheme == "rediss"):
		r.Network, r.TLS = "tcp", scheme == "rediss"
	default:
		return Redis{}, fmt.Errorf("%q is no address of Redis", text.Clip(s))
	}
	place, query, _ := strings.Cut(rest, "?")
	var err error
	if r.Network == "unix" {
		err = r.readPath(place)
	} else {
		err = r.readHosts(place)
	}
	if err == nil {
		err = r.readQuery(query)
	}
	if err == nil && len(r.Addresses) > 1 && r.Sentinel == "" {
		err = errors.New("several addresses are those of Sentinels; add ?sentinel= and the primary's name")
	}
	if err != nil {
		return Redis{}, err
	}
	return r, nil
}

func (r *Redis) readPath(place string) error {
	path := strings.TrimPrefix(place, "//")
	if !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || len(path) > value.MaxSocketPath {
		return fmt.Errorf("%q is no absolute path of a socket; write unix:/run/redis/redis.sock", text.Clip(path))
	}
	r.Addresses = []string{path}
	return nil
}

func (r *Redis) readHosts(place string) error {
	hosts, database, _ := strings.Cut(strings.TrimPrefix(place, "//"), "/")
	for address := range strings.SplitSeq(hosts, ",") {
		host, port, err := net.SplitHostPort(address)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
			return fmt.Errorf("%q is not host:port", text.Clip(address))
		}
		if slices.Contains(r.Addresses, address) {
			return fmt.Errorf("%q stands there twice; keep one of them", text.Clip(address))
		}
		r.Addresses = append(r.Addresses, address)
	}
	return r.readDatabase(database)
}

func (r *Redis) readDatabase(s string) error {
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > maxDatabase || strconv.Itoa(n) != s {
		return fmt.Errorf("%q is no number of a database; write 0, or leave it out", text.Clip(s))
	}
	r.Database = n
	return nil
}

func (r *Redis) readQuery(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("%q is no query", text.Clip(query))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list := values[name]
		switch {
		case len(list) > 1:
			return fmt.Errorf("%s stands there twice; keep one of them", text.Clip(name))
		case name == "sentinel" && r.Network == "tcp":
			if cluster.CheckName(strings.ToLower(list[0])) != nil {
				return fmt.Errorf("%q is no name of a primary; write what stands after sentinel monitor",
					text.Clip(list[0]))
			}
			r.Sentinel = list[0]
		case name == "db" && r.Network == "unix":
			if err := r.readDatabase(list[0]); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is unknown there; only ?sentinel= and the primary's name is", text.Clip(name))
		}
	}
	return nil
}

// far returns the first address that is another machine's, or nothing.
func (r *Redis) far() string {
	for _, address := range r.Addresses {
		host, _, err := net.SplitHostPort(address)
		if r.Network == "tcp" && (err != nil || !value.Loopback(host)) {
			return address
		}
	}
	return ""
}
