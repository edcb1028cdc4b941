package config

import "usher/internal/text"

// Summary counts what a configuration holds, as in "1 host, 2 issuers, 3 keys".
func (c *Config) Summary() string {
	issuers, keys, sources := 0, 0, 0
	for _, h := range c.Auth.Hosts {
		issuers += len(h.Issuers)
		for _, i := range h.Issuers {
			keys += len(i.Keys.Files)
			sources += len(i.Keys.Locations)
		}
	}
	s := text.Plural(len(c.Auth.Hosts), "host") + ", " + text.Plural(issuers, "issuer") + ", " + text.Plural(keys, "key")
	if sources > 0 {
		s += ", " + text.Plural(sources, "key source")
	}
	return s
}
