package redis

import (
	"maps"
	"strings"
	"testing"
	"time"
)

// TestJudge: what a server says of itself, and what is found in it.
func TestJudge(t *testing.T) {
	t.Parallel()
	good := map[string]string{"redis_version": "7.0.15", "cluster_enabled": "0", "role": "master",
		"maxmemory_policy": "noeviction", "aof_enabled": "1"}
	for name, c := range map[string]struct {
		changed map[string]string
		skew    time.Duration
		want    string // part of the only finding; empty: none
		bad     bool
	}{
		"good":        {nil, 0, "", false},
		"Valkey":      {map[string]string{"redis_version": "7.2.4", "valkey_version": "8.0.1"}, time.Second, "", false},
		"old":         {map[string]string{"redis_version": "6.2.14"}, 0, "too old", true},
		"no version":  {map[string]string{"redis_version": ""}, 0, "too old", true},
		"cluster":     {map[string]string{"cluster_enabled": "1"}, 0, "Redis Cluster", true},
		"replica":     {map[string]string{"role": "slave"}, 0, "takes no writes", true},
		"evicts":      {map[string]string{"maxmemory_policy": "volatile-ttl"}, 0, "drop revocations", true},
		"without AOF": {map[string]string{"aof_enabled": "0"}, 0, "the last minutes", false},
		"late":        {nil, -2 * time.Second, "2s from this machine's", false},
		"far off":     {nil, time.Minute, "1m0s from this machine's", true},
	} {
		l := &look{info: maps.Clone(good), skew: c.skew}
		maps.Copy(l.info, c.changed)
		l.judgeServer()
		l.judgeMemory()
		l.judgeFiles()
		l.judgeClock()
		switch {
		case c.want == "" && len(l.found) == 0:
		case len(l.found) != 1 || c.want == "" || !strings.Contains(l.found[0].Text, c.want) || l.found[0].Bad != c.bad:
			t.Errorf("%s: %+v", name, l.found)
		}
	}
}

// TestInfo: lines without a name are passed over, and so are headings.
func TestInfo(t *testing.T) {
	t.Parallel()
	got := parseInfo("# Server\r\nredis_version:7.0.15\r\n\r\nslave0:ip=::1,port=1\r\nodd\r\n# a:b\r\n")
	if want := map[string]string{"redis_version": "7.0.15", "slave0": "ip=::1,port=1"}; !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// TestJudgeNames: of each replica that calls itself by an address there is one finding.
func TestJudgeNames(t *testing.T) {
	t.Parallel()
	for info, want := range map[string]int{
		"": 0,
		"slave0:ip=r2.example.com,port=1\nslave1:ip=r3.example.com,port=1\n": 0,
		"slave0:ip=r2.example.com,port=1\nslave1:ip=10.0.0.3,port=1\n":       1,
		"slave0:ip=10.0.0.2,port=1\nslave1:ip=::3,port=1\n":                  2,
	} {
		l := &look{info: parseInfo(info)}
		l.judgeNames()
		if len(l.found) != want {
			t.Errorf("%q: %v", info, l.found)
		}
	}
}
