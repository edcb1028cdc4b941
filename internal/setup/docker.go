package setup

import (
	_ "embed"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

//go:embed docker/usher.env
var dockerEnv string

//go:embed docker/compose.usher.yml
var dockerCompose string

//go:embed docker/usher.yaml
var dockerConfig string

// A DockerFile is a file for the folder of docker-jitsi-meet.
type DockerFile struct {
	Name   string // relative to that folder
	Text   string
	Mode   fs.FileMode
	Secret bool // it holds nothing else
	Own    bool // usher's container reads it
}

// envShape are issuers that can stand in an environment and in Lua without quotes.
var envShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Docker makes what docker-jitsi-meet wants: lines of its .env, an overlay for compose, and usher's folder. Nothing of
// docker-jitsi-meet is changed.
func Docker(fresh Fresh, o Options) ([]DockerFile, error) {
	host, ok := publicName(o.Host)
	if o.Host == "" {
		host, ok = "meet.example.com", true
	}
	app := o.AppID
	if app == "" {
		app = defaultAppID
	}
	if !ok || !envShape.MatchString(app) {
		return nil, fmt.Errorf("--host has to be the host name of PUBLIC_URL, as meet.example.com or " +
			"meet.example.com:8443, and --app-id letters, digits, dots and dashes")
	}
	d := docker{host: host, app: app, shared: o.HS256}
	if err := d.make(fresh); err != nil {
		return nil, err
	}
	return d.files(), nil
}

// publicName reads a host name, with a port unless pages are at that of https: what stands behind https:// in an
// Origin.
func publicName(s string) (string, bool) {
	name, port, found := strings.Cut(s, ":")
	host, ok := hostName(name)
	if !found || port == "443" {
		return host, ok
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return host + ":" + port, ok && err == nil && n > 0 && port == strconv.FormatUint(n, 10)
}

// docker are the values of its files.
type docker struct {
	host, app           string
	shared              bool
	key, believed, sign string
	outer, component    string
}

func (d *docker) make(fresh Fresh) (err error) {
	if d.outer, err = fresh.Secret(); err != nil {
		return err
	}
	if d.component, err = fresh.Secret(); err != nil {
		return err
	}
	if d.component == "" { // only to be looked at
		d.component = "(what is in usher/component.secret)"
	}
	if d.shared {
		d.key, err = fresh.Secret()
		d.believed = d.key
		return err
	}
	d.sign = "# Releases before stable-9457-2 (April 2024) do not know this line, or leave it out: use --hs256.\nJWT_SIGN_TYPE=RS256\n"
	d.key, d.believed, err = fresh.KeyPair()
	return err
}

func (d *docker) files() []DockerFile {
	keyName, keyLine := "inner.pem", "key_file: /etc/usher/inner.pem"
	if d.shared {
		keyName, keyLine = "inner.secret", "secret_file: /etc/usher/inner.secret"
	}
	outer := fileName(d.app)
	fill := strings.NewReplacer("@APPYAML@", yamlQuote(d.app), "@APP@", d.app, "@SIGN@", d.sign,
		"@BELIEVED@", strings.ReplaceAll(d.believed, "\n", `\n`), "@GLOBAL@", dockerGlobal(d.component),
		"@ORIGIN@", yamlQuote("https://"+d.host), "@KEY@", keyLine, "@FILE@", outer)
	return []DockerFile{
		{Name: "usher.env", Text: fill.Replace(dockerEnv), Mode: 0o600},
		{Name: "compose.usher.yml", Text: dockerCompose, Mode: 0o644},
		{Name: "usher/usher.yaml", Text: fill.Replace(dockerConfig), Mode: 0o640, Own: true},
		{Name: "usher/" + keyName, Text: d.key + "\n", Mode: 0o600, Secret: true, Own: true},
		{Name: "usher/component.secret", Text: d.component + "\n", Mode: 0o600, Secret: true, Own: true},
		{Name: "usher/" + outer + ".secret", Text: d.outer + "\n", Mode: 0o600, Secret: true, Own: true},
	}
}

// dockerGlobal is Lua for all of Prosody, whose lines its image joins. A section in braces ends there: what follows in
// the image's file is global again.
func dockerGlobal(secret string) string {
	return strings.Join([]string{
		// Without it Prosody counts everybody as one address, that of usher's container. Releases before 2024 have no
		// setting for it.
		`trusted_proxies = { "127.0.0.1", "::1", "172.16.0.0/12" }`,
		`component_ports = { 5347 }`,
		`component_interfaces = { "*" }`,
		`component_admins_as_room_owners = true`,
		`Component "usher.meet.jitsi" { component_secret = "` + secret + `" }`,
		`Component "muc.meet.jitsi" "muc" { admins = { "usher.meet.jitsi", "focus@auth.meet.jitsi" }, ` +
			`token_verification_allowlist = { "guest.meet.jitsi", "hidden.meet.jitsi", "recorder.meet.jitsi" } }`,
		`Component "breakout.meet.jitsi" "muc" { admins = { "usher.meet.jitsi", "focus@auth.meet.jitsi" } }`,
	}, `\n`)
}
