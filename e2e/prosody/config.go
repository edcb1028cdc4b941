package prosody

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"usher/internal/prosodyconf"
)

// Config says which Prosody to start and with what. Beyond it the configuration is as small as it can be: plain XMPP
// clients on the loopback interface, no TLS, no other servers.
type Config struct {
	Version  Version  // "" for any that is installed
	Dir      string   // folder for the configuration, the data and the log; created if needed
	Hosts    []Host   // at least one must be a virtual host
	Modules  []string // besides saslauth, roster, disco and ping
	LogLevel string   // debug unless given, or info, which costs Prosody less time
	UID      int      // the user that it is; 0: the one of this process. The folder must be this user's
	Lame     bool     // it counts as started though a module or a host of it did not load

	// Grace is how long it has to end after SIGTERM; zero is a minute. It usually takes milliseconds; it takes forever
	// while it waits for an authentication server that does not answer.
	Grace time.Duration

	// Extra is Lua that stands before the hosts: global options first, then, if wanted, sections of its own. A
	// section that Hosts names too is one host with the lines of both.
	Extra string
}

// Host is a section of Prosody's configuration.
type Host struct {
	Name string

	// Component is the module that serves it: "muc", or "component" for an external one. "" makes a virtual host.
	Component string

	// Lines are the Lua options of the host, such as `authentication = "dovecot"`.
	Lines string

	// Accounts are users and passwords, written where internal_plain finds them.
	Accounts map[string]string
}

func (c Config) configFile() string { return filepath.Join(c.Dir, "prosody.cfg.lua") }
func (c Config) logFile() string    { return filepath.Join(c.Dir, "prosody.log") }
func (c Config) dataDir() string    { return filepath.Join(c.Dir, "data") }

// check refuses what would leave Start waiting for ever.
func (c Config) check() error {
	if c.LogLevel != "" && c.LogLevel != "debug" && c.LogLevel != "info" {
		return fmt.Errorf("log level %q: only debug and info tell when prosody is ready", c.LogLevel)
	}
	if !slices.ContainsFunc(c.Hosts, func(h Host) bool { return h.Component == "" }) {
		return errors.New("prosody needs a virtual host")
	}
	return nil
}

// write puts everything that Prosody reads at its start into the folder. It is private to the user: it has passwords.
func (c Config) write(p services) error {
	// Prosody indexes the folder of certificates and calls it an error when there is none.
	for _, dir := range []string{c.dataDir(), filepath.Join(c.Dir, "certs")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("creating prosody's folder: %w", err)
		}
	}
	for _, h := range c.Hosts {
		if err := c.writeAccounts(h); err != nil {
			return err
		}
	}
	if err := os.WriteFile(c.configFile(), []byte(c.render(p)), 0o600); err != nil {
		return fmt.Errorf("writing prosody's configuration: %w", err)
	}
	return nil
}

func (c Config) writeAccounts(h Host) error {
	dir := filepath.Join(c.dataDir(), storeName(h.Name), "accounts")
	for user, password := range h.Accounts {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("creating the accounts of %q: %w", h.Name, err)
		}
		content := fmt.Sprintf("return { [\"password\"] = %s };\n", prosodyconf.Quote(password))
		if err := os.WriteFile(filepath.Join(dir, storeName(user)+".dat"), []byte(content), 0o600); err != nil {
			return fmt.Errorf("writing the account %q: %w", user, err)
		}
	}
	return nil
}

func (c Config) render(p services) string {
	var b strings.Builder
	option := func(name, value string) { fmt.Fprintf(&b, "%s = %s\n", name, value) }
	option("run_as_root", "true") // tests in a container are root; without this Prosody exits
	option("data_path", prosodyconf.Quote(c.dataDir()))
	option("pidfile", prosodyconf.Quote(filepath.Join(c.Dir, "prosody.pid")))
	option("certificates", prosodyconf.Quote(filepath.Join(c.Dir, "certs")))
	option("log", fmt.Sprintf(`{ { levels = { min = %s }, to = "file", filename = %s } }`,
		prosodyconf.Quote(cmp.Or(c.LogLevel, "debug")), prosodyconf.Quote(c.logFile())))
	option("interfaces", `{ "127.0.0.1" }`)
	option("c2s_ports", fmt.Sprintf("{ %d }", p.c2s))
	option("http_ports", fmt.Sprintf("{ %d }", p.http))
	option("https_ports", "{}")
	option("component_ports", fmt.Sprintf("{ %d }", p.component))
	option("c2s_require_encryption", "false")
	option("allow_unencrypted_plain_auth", "true")
	option("modules_enabled", prosodyconf.List(append([]string{"saslauth", "roster", "disco", "ping"}, c.Modules...)))
	option("modules_disabled", prosodyconf.List([]string{"s2s"}))
	fmt.Fprintf(&b, "\n%s\n", c.Extra)
	for _, h := range c.Hosts {
		fmt.Fprintf(&b, "\n%s\n%s\n", h.header(), h.Lines)
	}
	return b.String()
}

func (h Host) header() string {
	switch h.Component {
	case "":
		return "VirtualHost " + prosodyconf.Quote(h.Name)
	case "component": // the external one is what Prosody assumes when no module is named
		return "Component " + prosodyconf.Quote(h.Name)
	default:
		return "Component " + prosodyconf.Quote(h.Name) + " " + prosodyconf.Quote(h.Component)
	}
}
