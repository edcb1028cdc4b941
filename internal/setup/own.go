package setup

import (
	"fmt"
	"slices"
	"strings"
)

const (
	innerKey      = ownFolder + "inner.pem"
	innerSecret   = ownFolder + "inner.secret"
	componentFile = ownFolder + "component.secret"
)

// own is what usher has of its own on this machine.
type own struct {
	keyFile    string
	shared     bool   // keyFile holds a secret, and Prosody the same
	believed   string // what Prosody's app_secret has to be
	algorithm  string
	component  string // the component's name
	outerFiles []string
	upstream   string
	jicofo     string
}

// planOwn plans usher's keys, secrets and configuration.
func (m *maker) planOwn(site *site) (*own, error) {
	o := &own{component: "usher." + m.facts.host, algorithm: "RS256", keyFile: innerKey, upstream: site.upstream,
		jicofo: site.jicofo}
	config, there, err := m.files.Read(ConfigFile)
	if err != nil {
		return nil, err
	}
	if err := m.planKey(o); err != nil {
		return nil, err
	}
	if m.prosody.text(m.facts.host, "app_secret") == o.believed {
		m.facts.secret, m.facts.publicKey = "", "" // Prosody has ours already
	}
	if _, _, err := m.keep(componentFile, m.fresh.Secret); err != nil {
		return nil, err
	}
	if there && hasHost(config.Text, m.facts.host) {
		return o, nil
	}
	if err := m.planOuter(o); err != nil {
		return nil, err
	}
	text := usherYAML(m.facts, o)
	if there {
		m.plan.ByHand = append(m.plan.ByHand, ByHand{Of: Usher, Where: ConfigFile,
			Why:   "it is there and has no host " + m.facts.host + ": add what it does not have of these lines",
			Lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")})
		return o, nil
	}
	m.plan.change(Change{Path: ConfigFile, New: text, Made: true, Of: Usher,
		Why: []string{"usher's configuration, from Prosody's"}})
	return o, nil
}

// hasHost reports whether a configuration of usher's seems to have a host.
func hasHost(config, host string) bool {
	return slices.ContainsFunc(strings.Split(config, "\n"), func(line string) bool {
		name, _, found := strings.Cut(strings.TrimSpace(line), ":")
		return found && strings.Trim(name, `"'`) == host
	})
}

// planKey finds or makes what inner tokens are signed with.
func (m *maker) planKey(o *own) error {
	if m.options.HS256 {
		o.keyFile, o.shared, o.algorithm = innerSecret, true, "HS256"
		text, _, err := m.keep(innerSecret, m.fresh.Secret)
		o.believed = strings.TrimSuffix(text, "\n")
		return err
	}
	public := ""
	private, made, err := m.keep(innerKey, func() (key string, err error) {
		key, public, err = m.fresh.KeyPair()
		return key, err
	})
	if err == nil && !made {
		public, err = m.fresh.Public(private)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", innerKey, err)
	}
	o.believed = public
	return nil
}

// keep reads a file of usher's, or plans it with something fresh in it.
func (m *maker) keep(name string, fresh func() (string, error)) (text string, made bool, err error) {
	file, there, err := m.files.Read(name)
	if err != nil || there {
		m.plan.hide(strings.TrimSuffix(file.Text, "\n"))
		return file.Text, false, err
	}
	if text, err = fresh(); err != nil {
		return "", false, err
	}
	if !strings.HasPrefix(text, "-----BEGIN") || !strings.HasSuffix(text, "\n") {
		text += "\n" // one newline at the end does not count; a secret may have one of its own
	}
	m.plan.hide(strings.TrimSuffix(text, "\n"))
	m.plan.change(Change{Path: name, New: text, Made: true, Hidden: true, Of: Usher})
	return text, true, nil
}

// planOuter plans the file with what tokens are verified with, unless a key server has it.
func (m *maker) planOuter(o *own) error {
	f := m.facts
	if f.asapURL != "" || f.jwksURL != "" {
		return nil
	}
	name := ownFolder + fileName(f.appID)
	content, what := f.secret, "the secret that the application signs its tokens with"
	if name += ".secret"; f.publicKey != "" {
		name, content, what = strings.TrimSuffix(name, ".secret")+".pem", f.publicKey, "the key of the application's tokens"
	}
	text, made, err := m.keep(name, func() (string, error) {
		if content != "" {
			return content, nil
		}
		m.plan.note("%s is new: give its content to the application that makes the links, and have it sign its tokens "+
			"with that.", name)
		return m.fresh.Secret()
	})
	if err != nil {
		return err
	}
	if !made && content != "" && strings.TrimSuffix(text, "\n") != strings.TrimSuffix(content, "\n") {
		return fmt.Errorf("%s is there and is not %s that Prosody has: move it away, or write what is right into it",
			name, what)
	}
	if f.publicKey == "" {
		f.secret = strings.TrimSuffix(text, "\n")
	}
	o.outerFiles = []string{name}
	return nil
}
