package browser

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

func (c Config) profile() string { return filepath.Join(c.Dir, "profile") }

// flags make a Chromium that asks nothing, calls nobody and starts in a container.
func (c Config) flags() []string {
	return []string{
		"--headless",
		"--no-sandbox", // root cannot have one, and only pages of ours are opened
		"--disable-dev-shm-usage",
		"--disable-gpu",
		"--disable-quic",
		"--no-first-run",
		"--no-default-browser-check",
		"--no-pings",
		"--disable-background-networking",
		"--disable-breakpad",
		"--disable-component-update",
		"--disable-default-apps",
		"--disable-domain-reliability",
		"--disable-extensions",
		"--disable-sync",
		"--metrics-recording-only",
		"--mute-audio",
		"--password-store=basic",
		// A page in the background keeps its clock: several are one room.
		"--disable-background-timer-throttling",
		"--disable-backgrounding-occluded-windows",
		"--disable-renderer-backgrounding",
		"--hide-scrollbars",
		"--window-size=1100,820",
		"--ignore-certificate-errors", // the certificate is self-signed
		"--host-resolver-rules=" + c.resolverRules(),
		"--remote-debugging-port=0",
		"--user-data-dir=" + c.profile(),
		"about:blank",
	}
}

// resolverRules leads the names to their addresses. All others do not exist, so that nothing leaves the machine.
func (c Config) resolverRules() string {
	var rules []string
	for _, name := range slices.Sorted(maps.Keys(c.Hosts)) {
		rules = append(rules, "MAP "+name+" "+c.Hosts[name])
	}
	return strings.Join(append(rules, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"), ", ")
}
