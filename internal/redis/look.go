package redis

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"usher/internal/cluster"
	"usher/internal/text"
)

// A Finding is a setting of the engine that is not as a cluster needs it.
type Finding struct {
	Bad  bool   // usher would be refused, or revocations could be lost in silence; else a piece of advice
	Text string // what is wrong
	Mend string // what to set
}

// What a cluster wants of the engine. A clock that is further off than maxSkew would make a node not ready.
const (
	minVersion = 7
	maxLag     = 10
	maxSkew    = 5 * time.Second
	someSkew   = time.Second
)

// A look is what the engine says of itself.
type look struct {
	info   map[string]string // INFO
	config map[string]string // CONFIG GET; empty without the right to it
	skew   time.Duration     // of its clock, from ours
	found  []Finding
}

// Look connects, reads what the engine says of itself, and returns what is not as it should be. The error is that of
// an engine, or of all Sentinels, that cannot be asked; it is classified as those of a [Bus] are.
func Look(ctx context.Context, o Options) ([]Finding, error) {
	b, err := New(o)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	l := &look{}
	if err := l.read(ctx, b); err != nil {
		return nil, err
	}
	l.judgeServer()
	l.judgeMemory()
	l.judgeFiles()
	l.judgeClock()
	if o.Sentinel != "" {
		l.judgeReplicas()
		if o.TLS != nil {
			l.judgeNames()
		}
		l.askSentinels(ctx, &b.options)
	}
	return l.found, nil
}

// read asks for everything with the rights that usher has, and for the settings, which are not among them.
func (l *look) read(ctx context.Context, b *Bus) error {
	if _, err := b.Lease(ctx, cluster.Global, "", 0); err != nil {
		return err
	}
	if _, err := b.Nodes(ctx, cluster.Global); err != nil {
		return err
	}
	asked := time.Now()
	answers, err := b.other.do(ctx, []string{"TIME"}, []string{"INFO"})
	if err != nil {
		return err
	}
	parts, err := answers[0].AsIntSlice()
	if err != nil || len(parts) != 2 {
		return fmt.Errorf("%w: TIME says %v, %w", cluster.ErrRefused, parts, err)
	}
	theirs := time.Unix(parts[0], parts[1]*int64(time.Microsecond))
	l.skew = theirs.Sub(asked.Add(time.Since(asked) / 2))
	info, err := answers[1].ToString()
	if err != nil {
		return classify(err)
	}
	l.info = parseInfo(info)
	answers, err = b.other.do(ctx, []string{"CONFIG", "GET", "*"})
	if err == nil {
		l.config, err = answers[0].AsStrMap()
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return nil
}

// parseInfo reads lines of name:value.
func parseInfo(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && !strings.HasPrefix(name, "#") {
			values[name] = value
		}
	}
	return values
}

func (l *look) bad(mend, format string, args ...any) {
	l.found = append(l.found, Finding{true, fmt.Sprintf(format, args...), mend})
}

func (l *look) advise(mend, format string, args ...any) {
	l.found = append(l.found, Finding{false, fmt.Sprintf(format, args...), mend})
}

func (l *look) judgeServer() {
	version := l.info["redis_version"]
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < minVersion {
		l.bad("install Redis 7 or Valkey", "Redis is of version %q, too old", version)
	}
	if l.info["cluster_enabled"] == "1" {
		l.bad("set cluster-enabled no", "Redis is part of a Redis Cluster, which usher does not know")
	}
	if role := l.info["role"]; role != "master" {
		l.bad("name the primary, or its Sentinels, under cluster.redis", "Redis is a %s, which takes no writes", role)
	}
}

func (l *look) judgeMemory() {
	if p := l.info["maxmemory_policy"]; p != "noeviction" {
		l.bad("set maxmemory-policy noeviction", "maxmemory-policy is %s: Redis may drop revocations in silence", p)
	}
}

func (l *look) judgeFiles() {
	save, known := l.config["save"]
	switch {
	case l.info["aof_enabled"] == "1":
	case known && save == "":
		l.bad("set appendonly yes", "Redis writes nothing to its disk: a restart loses what the nodes told each other")
	default:
		l.advise("set appendonly yes", "appendonly is off: a restart of Redis loses the last minutes, which the nodes "+
			"then have to send again")
	}
}

func (l *look) judgeClock() {
	off := l.skew.Abs().Round(10 * time.Millisecond)
	switch {
	case off > maxSkew:
		l.bad("keep both clocks right: systemctl enable --now systemd-timesyncd",
			"the clock of Redis is %s from this machine's", off)
	case off > someSkew:
		l.advise("keep both clocks right: systemctl enable --now systemd-timesyncd",
			"the clock of Redis is %s from this machine's", off)
	}
}

// judgeReplicas looks at what keeps an old primary, cut off from the others, from taking writes that are then lost.
func (l *look) judgeReplicas() {
	const mend = "set min-replicas-to-write 1 and min-replicas-max-lag 10 on the primary and on each replica"
	if _, counts := l.info["min_slaves_good_slaves"]; !counts {
		l.bad(mend, "min-replicas-to-write is off: a primary that is cut off from the others goes on taking "+
			"revocations, which are lost")
	} else if lag, err := strconv.Atoi(l.config["min-replicas-max-lag"]); err == nil && lag > maxLag {
		l.bad(mend, "min-replicas-max-lag is %d: a primary that is cut off takes revocations for that many seconds, "+
			"which are lost", lag)
	}
	switch l.info["connected_slaves"] {
	case "0":
		l.bad("run two replicas", "the primary has no replica")
	case "1":
		l.advise("run two replicas", "the primary has one replica: when either is away, the other takes nothing")
	}
}

// judgeNames looks at where Sentinel would lead to after a failover: certificates mostly have names alone.
func (l *look) judgeNames() {
	for i := 0; ; i++ {
		replica, there := l.info["slave"+strconv.Itoa(i)]
		if !there {
			return
		}
		ip, _, _ := strings.Cut(strings.TrimPrefix(replica, "ip="), ",")
		if _, err := netip.ParseAddr(ip); err == nil {
			l.advise("set replica-announce-ip on each machine to its own name, unless the certificates have addresses, too",
				"a replica calls itself %s: once it is the primary, its certificate has to have that address", ip)
		}
	}
}

// askSentinels wants each Sentinel to answer, and enough of them to outvote one that is cut off.
func (l *look) askSentinels(ctx context.Context, o *Options) {
	const enough = 3
	most := 0
	for _, address := range o.Sentinels {
		values, err := o.askSentinel(ctx, address)
		if err != nil {
			l.advise("start it, or take it out of cluster.redis", "%v", err)
			continue
		}
		if n, err := strconv.Atoi(values["num-other-sentinels"]); err == nil {
			most = max(most, n+1)
		}
	}
	if most < enough {
		l.advise("run three, on machines of their own", "there are only %s: when one is away, or cut off, no primary "+
			"may be replaced", text.Plural(most, "Sentinel"))
	}
}
