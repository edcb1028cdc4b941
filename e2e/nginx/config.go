package nginx

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed shapes
var shapes embed.FS

// The names in the examples for operators.
const (
	host    = "meet.example.com"
	console = "console.example.com"
)

// frame is what Debian's nginx.conf has around a site, in one folder. Its error log takes everything, so that a test
// sees what would leave the site.
const frame = `daemon off;
%spid nginx.pid;
worker_processes 1;
error_log error.log info;
events { worker_connections 512; }
http {
    include /etc/nginx/mime.types;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include site.conf;
    include console*.conf;
}
`

// write writes the configuration and the certificate.
func (s *Server) write() error {
	if err := os.MkdirAll(s.config.Dir, 0o700); err != nil {
		return fmt.Errorf("creating nginx's folder: %w", err)
	}
	site, err := s.site()
	if err != nil {
		return err
	}
	files := map[string]string{"site.conf": site}
	names := []string{host}
	if s.config.Console != "" {
		if files["console.conf"], err = s.console(); err != nil {
			return err
		}
		names = append(names, console)
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n" // or its workers could not read the folder of the test
	}
	files["nginx.conf"] = fmt.Sprintf(frame, user)
	for name, text := range files {
		if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("writing nginx's configuration: %w", err)
		}
	}
	if s.config.Names != nil {
		names = s.config.Names
	}
	until := s.config.Until
	if until.IsZero() {
		until = time.Now().Add(24 * time.Hour)
	}
	return writeCertificate(s.path("site.crt"), s.path("site.key"), until, names)
}

// shaped is a site that others have with the places of this machine.
func (s *Server) shaped() (string, error) {
	text, err := shapes.ReadFile("shapes/" + s.config.Shape + ".conf")
	if err != nil {
		return "", fmt.Errorf("reading the site: %w", err)
	}
	log := [2]string{"access_log access.log", "access_log " + s.path("access.log")}
	return replaceAll(string(text), append(s.places(), log))
}

// places are what every site has of this machine's.
func (s *Server) places() [][2]string {
	return [][2]string{
		{"listen 80;", "listen " + s.plain + ";"},
		{"listen 443 ssl;", "listen " + s.addr + " ssl;"},
		{"/etc/ssl/meet.example.com.", s.path("site.")},
		{"/usr/share/jitsi-meet;", s.config.Root + ";\n" + s.config.More},
		{"127.0.0.1:8281", s.config.Gateway},
	}
}

// site is the example for operators with the places of this machine.
func (s *Server) site() (string, error) {
	if s.config.Shape != "" {
		return s.shaped()
	}
	text, err := example("nginx-meet.conf", s.config.Site)
	if err != nil {
		return "", err
	}
	return replaceAll(text, append(s.places(), [][2]string{
		{"listen [::]:80;", ""},
		{"listen [::]:443 ssl;", ""},
		{"/var/log/nginx/", s.path("") + "/"},
	}...))
}

// console is the example for operators of the console's site, likewise.
func (s *Server) console() (string, error) {
	text, err := example("nginx-console.conf", "")
	if err != nil {
		return "", err
	}
	return replaceAll(text, [][2]string{
		{"listen 80;", "listen " + s.plain + ";"},
		{"listen [::]:80;", ""},
		{"listen 443 ssl;", "listen " + s.addr + " ssl;"},
		{"listen [::]:443 ssl;", ""},
		{"/etc/ssl/console.example.com.", s.path("site.")},
		{"127.0.0.1:9281", s.config.Console},
	})
}

// example reads a file of deploy, or another in its place.
func example(name, instead string) (string, error) {
	if instead == "" {
		root, err := moduleRoot()
		if err != nil {
			return "", err
		}
		instead = filepath.Join(root, "deploy", name)
	}
	text, err := os.ReadFile(instead)
	if err != nil {
		return "", fmt.Errorf("reading the example: %w", err)
	}
	return string(text), nil
}

// replaceAll replaces every pair; one that does not occur means that the example has changed.
func replaceAll(text string, pairs [][2]string) (string, error) {
	for _, pair := range pairs {
		if !strings.Contains(text, pair[0]) {
			return "", fmt.Errorf("the example has no %q", pair[0])
		}
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return text, nil
}

// moduleRoot is the folder of go.mod above the working directory, which is a package's own in a test.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
	}
}
