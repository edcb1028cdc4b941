package auth

import (
	"strconv"
	"strings"
	"time"
)

const (
	minFresh     = time.Minute
	maxFresh     = 24 * time.Hour
	defaultFresh = time.Hour
)

// freshness returns how long an answer may be used before it is fetched
// again (RFC 9111 section 5.2.2), from a minute to a day. An answer that says
// nothing is good for an hour.
func freshness(headers []string) time.Duration {
	fresh := defaultFresh
	for _, directive := range strings.Split(strings.Join(headers, ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return minFresh
		case "max-age":
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil { // RFC 9111 section 4.2.1: what is not understood is stale
				seconds = 0
			}
			fresh = time.Duration(seconds) * time.Second
		}
	}
	return min(max(fresh, minFresh), maxFresh)
}
