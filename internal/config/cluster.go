package config

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// RulesHash stands for what the ushers of a cluster must agree in: everything under hosts and
// login.hosts, but for where files are.
func (c *Config) RulesHash() string {
	var rules []string
	for path, value := range c.document.Scalars() {
		shared := strings.HasPrefix(path, "hosts.") || strings.HasPrefix(path, "login.hosts.")
		if shared && !strings.Contains(path, "_file") {
			rules = append(rules, path+" "+value)
		}
	}
	slices.Sort(rules)
	sum := sha256.Sum256([]byte(strings.Join(rules, "\n")))
	return hex.EncodeToString(sum[:8])
}
