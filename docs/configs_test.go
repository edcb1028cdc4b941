package docs

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestConfigurations: every piece of usher's configuration that a page shows is taken, once it has what belongs to it
// and stands elsewhere on the page.
func TestConfigurations(t *testing.T) {
	for _, b := range blocksOf(t, "yaml") {
		if strings.HasPrefix(b.text, "# ejabberd.yml\n") {
			continue
		}
		dir := t.TempDir()
		var root map[string]any
		if err := yaml.Load([]byte(b.text), &root); err != nil {
			t.Errorf("%v: %v", b, err)
			continue
		}
		complete(root)
		text, err := yaml.Dump(root)
		if err != nil {
			t.Fatal(err)
		}
		out, err := usher(t, "check", "--files-only", "--config", putConfig(t, dir, string(text))).CombinedOutput()
		if err != nil || strings.Contains(string(out), "warning") {
			t.Errorf("%v: %v\n%s\n%s", b, err, out, text)
		}
	}
}

// complete adds what a piece of a configuration leaves out.
func complete(root map[string]any) {
	add := func(m map[string]any, key string, value any) {
		if _, there := m[key]; !there {
			m[key] = value
		}
	}
	add(root, "state", "memory:")
	add(root, "listen", map[string]any{})
	listen := root["listen"].(map[string]any)
	add(listen, "http", "127.0.0.1:8280")
	add(listen, "gateway", "127.0.0.1:8281")
	add(root, "http_secret_file", "/etc/usher/http.secret")
	component := map[string]any{"jid": "usher.meet.example.com", "secret_file": "/etc/usher/component.secret"}
	add(root, "component", component)
	add(root, "hosts", map[string]any{"meet.example.com": map[string]any{}})
	for name, h := range root["hosts"].(map[string]any) {
		host := h.(map[string]any)
		add(host, "muc", []any{"conference." + name})
		secrets := []any{"/etc/usher/my-app.secret"}
		add(host, "issuers", map[string]any{"my-app": map[string]any{"secret_files": secrets, "algorithms": []any{"HS256"}}})
	}
}

// inSandbox moves the folders that a configuration or a command names below dir.
func inSandbox(text, dir string) string {
	return regexp.MustCompile(`(^|[^\w.])/(etc|run|var|usr/local)/`).ReplaceAllString(text, "${1}"+dir+"/$2/")
}

// innerKey is what signs inner tokens.
var innerKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

// putConfig writes a configuration below dir, with its paths, and a secret or key in each file below /etc/usher that it
// names.
func putConfig(t *testing.T, dir, text string) (file string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`/etc/usher/[\w.-]+`).FindAllString(text, -1) {
		secret := strings.Repeat("0123456789abcdef", 3) + filepath.Base(m) + "\n"
		if filepath.Ext(m) == ".secret" {
			secret = regexp.MustCompile(`[^a-z0-9]`).ReplaceAllString(secret, "x") + "\n"
			putFile(t, dir+m, secret)
		} else if filepath.Base(m) == "inner.pem" {
			putFile(t, dir+m, innerKey())
		}
	}
	file = dir + "/etc/usher/usher.yaml"
	putFile(t, file, inSandbox(text, dir))
	for _, folder := range []string{"run/usher", "var/lib/usher"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func putFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

// TestEjabberd: what a page says of ejabberd's configuration is what the end-to-end tests log in to.
func TestEjabberd(t *testing.T) {
	tried := readFile(t, "e2e/ejabberd/ejabberd.go")
	started := readFile(t, "e2e/ejabberd/ejabberd_test.go")
	n := 0
	for _, b := range blocksOf(t, "yaml") {
		if !strings.HasPrefix(b.text, "# ejabberd.yml\n") {
			continue
		}
		var settings map[string]any
		if err := yaml.Load([]byte(b.text), &settings); err != nil {
			t.Fatalf("%v: %v", b, err)
		}
		for line := range strings.Lines(b.text) {
			line, _, _ = strings.Cut(line, " #")
			line = strings.TrimSpace(line)
			key, _, _ := strings.Cut(line, ": ")
			switch {
			case strings.HasPrefix(line, "#"):
			case key == "extauth_program":
				if !strings.Contains(started, "extauth --protocol ejabberd") {
					t.Errorf("%v: the tests start another bridge than %s", b, line)
				}
			case !strings.Contains(tried, "\n"+line+"\n"):
				t.Errorf("%v: the tests' ejabberd has no %s", b, line)
			}
			n++
		}
	}
	if n < 4 {
		t.Errorf("%d lines of ejabberd were compared", n)
	}
}

// TestSite: what the pages say of nginx, of Jitsi's page and of jicofo fits the site that the tests run, and the
// configuration on the same page.
func TestSite(t *testing.T) {
	site := readFile(t, "deploy/nginx-meet.conf")
	for _, b := range blocksOf(t, "nginx") {
		name := "deploy/nginx-meet.conf"
		if b.page == "docs/console.md" {
			name = "deploy/nginx-console.conf"
		}
		whole := readFile(t, name)
		for line := range strings.Lines(b.text) {
			if !strings.Contains(whole, strings.TrimSpace(line)) {
				t.Errorf("%v: %s does not have %s", b, name, line)
			}
		}
	}
	for _, b := range blocksOf(t, "js") {
		if !strings.Contains(b.text, "anonymousdomain") { // a page of one's own
			continue
		}
		p := readPage(t, b.page)
		guests := regexp.MustCompile(`anonymousdomain = '([^']+)'`).FindStringSubmatch(b.text)
		socket := regexp.MustCompile(`host \+ '(/[^']+)'`).FindStringSubmatch(b.text)
		if guests == nil || socket == nil {
			t.Fatalf("%v names neither a host for guests nor a WebSocket", b)
		}
		configured := false
		for _, y := range p.blocks {
			configured = configured || y.language == "yaml" && strings.Contains(y.text, "guests: ["+guests[1]+"]")
		}
		if !configured || !strings.Contains(site, "location = "+socket[1]+" {") {
			t.Errorf("%v: the guests' host %s or the location %s is nowhere else", b, guests[1], socket[1])
		}
	}
	for _, b := range blocksOf(t, "hocon") {
		if b.text != "jicofo { conference { enable-auto-owner = false } }\n" {
			t.Errorf("%v: %s", b, b.text)
		}
	}
}
