package image

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/prosody/standin"
)

const (
	host        = "meet.example.com"
	prosodyUser = 101 // of deploy/docker/Dockerfile.prosody
)

// lay makes the image's root, the volumes, and what Prosody reads.
func lay(t *testing.T, dir string) {
	t.Helper()
	image := int(readImage(t).user)
	folders := []struct {
		name  string
		mode  os.FileMode
		owner int
	}{
		{"", 0o755, 0},
		{"root/etc/usher", 0o755, 0}, {"root/proc", 0o755, 0},
		{"root/run/usher", 0o750, image}, {"root/var/lib/usher", 0o700, image},
		{"etc", 0o750, image}, {"run", 0o750, image}, {"state", 0o700, image},
		{"prosody", 0o750, prosodyUser}, {"modules", 0o755, 0},
	}
	for _, f := range folders {
		path := filepath.Join(dir, f.name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		own(t, path, f.mode, f.owner)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", dir+"/root/usher", "./cmd/usher")
	build.Dir, build.Env = repository, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	put(t, dir+"/root/etc/resolv.conf", "nameserver 127.0.0.1\n", 0o644, 0)
	for _, name := range []string{"my-app", "http", "component"} {
		put(t, dir+"/etc/"+name+".secret", rand.Text()+rand.Text()+"\n", 0o640, image)
	}
	put(t, dir+"/etc/usher.yaml", example(t, "usher.yaml"), 0o640, image)
	if err := standin.Write(dir + "/modules"); err != nil {
		t.Fatal(err)
	}
	put(t, dir+"/prosody.cfg.lua", prosodyConfig(t, dir), 0o644, 0)
}

// prosodyConfig is the example with the paths of this machine, without TLS, and with stand-ins for the two modules that
// Debian does not have.
func prosodyConfig(t *testing.T, dir string) string {
	t.Helper()
	text := example(t, "prosody.cfg.lua")
	for old, now := range map[string]string{
		`"/usr/local/lib/prosody/modules/share/lua/5.4"`: `"` + dir + `/modules"`,
		`"/run/usher/`:                  `"` + dir + `/run/`,
		`"/etc/usher/`:                  `"` + dir + `/etc/`,
		`"/etc/prosody/certs"`:          `"` + dir + `/prosody"`,
		`"/var/lib/prosody"`:            `"` + dir + `/prosody"`,
		`"/run/prosody/`:                `"` + dir + `/prosody/`,
		"c2s_require_encryption = true": "c2s_require_encryption = false\nallow_unencrypted_plain_auth = true",
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the example has no %s", old)
		}
		text = strings.ReplaceAll(text, old, now)
	}
	return text
}

// example is a file of deploy/docker.
func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "deploy/docker", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func put(t *testing.T, name, text string, mode os.FileMode, owner int) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	own(t, name, mode, owner)
}

func own(t *testing.T, name string, mode os.FileMode, owner int) {
	t.Helper()
	if err := os.Chown(name, owner, owner); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
}
