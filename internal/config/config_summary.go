package config

import "fmt"

// Summary counts what a configuration holds, as in "1 host, 2 issuers, 3 keys".
func (c *Config) Summary() string {
	issuers, keys, sources := 0, 0, 0
	for _, h := range c.Auth.Hosts {
		issuers += len(h.Issuers)
		for _, i := range h.Issuers {
			keys += len(i.Keys)
			for _, url := range []string{i.JWKSURL, i.ASAPURL} {
				if url != "" {
					sources++
				}
			}
		}
	}
	s := plural(len(c.Auth.Hosts), "host") + ", " + plural(issuers, "issuer") + ", " + plural(keys, "key")
	if sources > 0 {
		s += ", " + plural(sources, "key source")
	}
	return s
}

// plural returns "1 host" or "2 hosts".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
