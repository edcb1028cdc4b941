package setup

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

const (
	innerKey      = ownFolder + "inner"
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
	o := &own{component: "usher." + m.facts.host, algorithm: "RS256", upstream: site.upstream, jicofo: site.jicofo}
	config, there, placeholder, err := m.config()
	if err != nil {
		return nil, err
	}
	if jid := componentLine.FindStringSubmatch(config); jid != nil {
		o.component = jid[1] // the daemon has one for all hosts
	}
	known := hasHost(config, m.facts.host)
	ready := known && hostSays(config, m.facts.host, "relay:")
	if err := m.planKey(o, keyNames(config, there, ready, m.facts.host)); err != nil {
		return nil, err
	}
	if m.prosody.text(m.facts.host, "app_secret") == o.believed {
		m.facts.secret, m.facts.publicKey = "", "" // Prosody has ours already
	}
	if _, _, err := m.keep(componentFile, m.fresh.Secret); err != nil {
		return nil, err
	}
	if ready {
		m.compare(config, o)
		return o, nil
	}
	if err := m.planOuter(o, !there); err != nil {
		return nil, err
	}
	text := usherYAML(m.facts, o)
	if m.facts.tokens {
		m.plan.note("usher refuses tokens without exp (exp_missing), which Prosody took: where the application " +
			"writes none, add require_exp: false to its issuer in " + ConfigFile + ".")
	}
	if there {
		why := "it is there and has no host " + m.facts.host
		if known {
			why = "it is there and its host " + m.facts.host + " has no relay, without which nobody could log in"
		}
		m.plan.ByHand = append(m.plan.ByHand, ByHand{Of: Usher, Where: ConfigFile,
			Why:   why + ": add what it does not have of these lines",
			Lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")})
		return o, nil
	}
	if placeholder != "" {
		m.plan.note("%s is as the package wrote it, for a plain Prosody, and nobody has changed it: it is replaced, "+
			"and --undo gives it back.", ConfigFile)
	}
	m.plan.change(Change{Path: ConfigFile, Old: placeholder, New: text, Made: placeholder == "", Of: Usher,
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

// compare says where a usher.yaml that is there contradicts what Prosody has, or is about to get.
func (m *maker) compare(config string, o *own) {
	if !hostSays(config, m.facts.host, path.Base(o.keyFile)) {
		m.plan.note("relay of %s in %s does not name %s, by which Prosody's app_secret is set: name it there, or "+
			"leave app_secret as it is (and --hs256 as it was): nobody could log in.",
			m.facts.host, ConfigFile, o.keyFile)
	}
	in, is := m.facts.verifyDomain, !hostSays(config, m.facts.host, "domain_verification: false")
	if in != is {
		m.plan.note("Prosody's enable_domain_verification is %v, and relay.domain_verification of %s in %s is %v: "+
			"make them the same, or one of the two refuses rooms of tenants that the other lets people into.",
			in, m.facts.host, ConfigFile, is)
	}
}

// hostSays reports whether a setting stands in what a configuration of usher's has below a host, in a line of its own
// or among others in braces.
func hostSays(config, host, setting string) bool {
	margin := -1
	for text := range strings.Lines(config) {
		body := strings.TrimSpace(strings.SplitN(text, " #", 2)[0])
		indent := len(text) - len(strings.TrimLeft(text, " "))
		switch {
		case body == "" || strings.HasPrefix(body, "#"):
		case margin >= 0 && indent > margin:
			if strings.Contains(body, setting) {
				return true
			}
		case hasHost(text, host):
			if strings.Contains(body, setting) {
				return true
			}
			margin = indent
		default:
			margin = -1
		}
	}
	return false
}

// componentLine finds the component's name in a configuration of usher's.
var componentLine = regexp.MustCompile(`(?m)^component:[^\n]*\n(?:[ \t#][^\n]*\n)*?[ \t]+jid:[ \t]*["']?([A-Za-z0-9._-]+)`)

// keyNames is what the files of keys for inner tokens end with: each host has its own. The first host's has no name in
// it; another's, which is added to a usher.yaml that is there, has its host's. ready says that the host has a relay
// there.
func keyNames(config string, there, ready bool, host string) string {
	if name := "-" + host; there && (!ready || strings.Contains(config, "inner"+name+".")) {
		return name
	}
	return ""
}

// planKey finds or makes what inner tokens are signed with.
func (m *maker) planKey(o *own, name string) error {
	o.keyFile = innerKey + name + ".pem"
	if m.options.HS256 {
		o.keyFile, o.shared, o.algorithm = innerKey+name+".secret", true, "HS256"
		text, _, err := m.keep(o.keyFile, m.fresh.Secret)
		o.believed = strings.TrimSuffix(text, "\n")
		return err
	}
	public := ""
	private, made, err := m.keep(o.keyFile, func() (key string, err error) {
		key, public, err = m.fresh.KeyPair()
		return key, err
	})
	if err == nil && !made {
		public, err = m.fresh.Public(private)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", o.keyFile, err)
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
	text = asFile(text)
	m.plan.hide(strings.TrimSuffix(text, "\n"))
	m.plan.change(Change{Path: name, New: text, Made: true, Hidden: true, Of: Usher})
	return text, true, nil
}

// asFile is a key or secret as a file has it. One newline at the end does not count; a secret may have one of its own.
func asFile(text string) string {
	if strings.HasPrefix(text, "-----BEGIN") && strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// planOuter plans the file with what tokens are verified with, unless a key server has it. free says that no
// configuration of an operator's may name the file.
func (m *maker) planOuter(o *own, free bool) error {
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
	if !made && strings.TrimSuffix(text, "\n") != strings.TrimSuffix(content, "\n") {
		if text, err = m.replaceOuter(name, text, content, what, free); err != nil {
			return err
		}
	}
	if f.publicKey == "" {
		f.secret = strings.TrimSuffix(text, "\n")
	}
	o.outerFiles = []string{name}
	return nil
}

// replaceOuter gives a file with the application's secret what Prosody has, if it is one that the package made and that
// no configuration names. Where Prosody has nothing the file is as good as a new one.
func (m *maker) replaceOuter(name, has, content, what string, free bool) (string, error) {
	file, _, err := m.files.Read(name)
	if err != nil {
		return "", err
	}
	untouched, err := m.untouched(name, file)
	switch {
	case err != nil:
		return "", err
	case content == "" && untouched && free:
		m.plan.note("%s was made by the package: give its content to the application that makes the links, and have "+
			"it sign its tokens with that.", name)
		return has, nil
	case content == "":
		return has, nil
	case !untouched || !free || file.Text != has:
		return "", fmt.Errorf("%s is there and is not %s that Prosody has: move it away, or write what is right into it",
			name, what)
	}
	text := asFile(content)
	m.plan.hide(strings.TrimSuffix(text, "\n"))
	m.plan.change(Change{Path: name, Old: has, New: text, Hidden: true, Of: Usher})
	return text, nil
}
