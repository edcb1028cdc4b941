package try

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"usher/internal/text"
)

// Folders are where other programs have their configurations, and Prosody its log. An empty one is not looked into.
type Folders struct{ Prosody, Nginx, Log string }

// TheirFolders are those of Debian's packages.
func TheirFolders() Folders { return Folders{"/etc/prosody", "/etc/nginx", "/var/log/prosody"} }

// The bounds of what is looked through.
const (
	maxFiles    = 200
	maxFileSize = 1 << 20
)

// A place is a line of a file.
type place struct {
	file string
	line int
	text string
}

// String is the place as editors and compilers write it.
func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// prosodyPlace says in brackets where Prosody's configuration has a line, or nothing.
func (f Folders) prosodyPlace(pattern string) string {
	return in(find(prosodyFiles(f.Prosody), pattern))
}

// prosodyHosts says in brackets which hosts Prosody's configuration has, and where; or nothing.
func (f Folders) prosodyHosts() string {
	var hosts []string
	for _, p := range find(prosodyFiles(f.Prosody), `^VirtualHost\s`) {
		_, name, _ := strings.Cut(p.text, " ")
		hosts = append(hosts, strings.TrimSpace(name)+" at "+p.String())
	}
	if len(hosts) == 0 {
		return ""
	}
	return " (" + text.ClipTo(strings.Join(text.First(hosts, 6), ", "), 500) + ")"
}

// hostLine names the host in Prosody's configuration.
func (t *Trial) hostLine() string {
	return "VirtualHost " + quoted(t.Host) + t.Folders.prosodyPlace(`^VirtualHost\s+"`+word(t.Host)+`"`)
}

// componentLine names a component there.
func (t *Trial) componentLine(domain string) string {
	return "Component " + quoted(domain) + t.Folders.prosodyPlace(`^Component\s+"`+word(domain)+`"`)
}

// ourLine names the host in usher's configuration.
func (t *Trial) ourLine() string {
	return "hosts." + t.Host + " in " + t.ConfigFile + in(find([]string{t.ConfigFile}, `^"?`+word(t.Host)+`"?\s*:`))
}

// location says in brackets where nginx is told of the path.
func (t *Trial) location() string {
	return in(find(nginxFiles(t.Folders.Nginx), `location\s.*xmpp-websocket`))
}

func in(places []place) string {
	if len(places) == 0 {
		return ""
	}
	return " (" + places[0].String() + ")"
}

// prosodyFiles are those that Debian's Prosody reads.
func prosodyFiles(folder string) []string {
	if folder == "" {
		return nil
	}
	return globbed(filepath.Join(folder, "prosody.cfg.lua"), filepath.Join(folder, "conf.d", "*.cfg.lua"))
}

// nginxFiles are those that Debian's nginx reads.
func nginxFiles(folder string) []string {
	if folder == "" {
		return nil
	}
	return globbed(filepath.Join(folder, "nginx.conf"), filepath.Join(folder, "sites-enabled", "*"),
		filepath.Join(folder, "conf.d", "*.conf"), filepath.Join(folder, "modules-enabled", "*.conf"))
}

func globbed(patterns ...string) (files []string) {
	for _, p := range patterns {
		found, _ := filepath.Glob(p) // the patterns are good ones
		files = append(files, found...)
	}
	return files[:min(len(files), maxFiles)]
}

// find looks for lines that are no comments. A file that cannot be read has none.
func find(files []string, pattern string) (places []place) {
	want := regexp.MustCompile(pattern)
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxFileSize {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(bytes.NewReader(content))
		for n := 1; lines.Scan(); n++ {
			line := strings.TrimSpace(lines.Text())
			if !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, "#") && want.MatchString(line) {
				places = append(places, place{name, n, line})
			}
		}
	}
	return places
}

// word is a text in a pattern.
func word(s string) string { return regexp.QuoteMeta(s) }
