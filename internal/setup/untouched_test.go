package setup

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
)

const appSecret = "/etc/usher/my-app.secret"

// packaged adds what the package's postinst wrote, and its list, to a machine's files.
func packaged(t *testing.T, files memory) memory {
	t.Helper()
	config, err := os.ReadFile("../../deploy/debian/usher.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{ConfigFile: string(config), appSecret: strings.Repeat("1a", 32) + "\n",
		"/etc/usher/http.secret": strings.Repeat("2b", 32) + "\n", componentFile: strings.Repeat("3c", 32) + "\n"} {
		files[name] = text
		files[madeList] += fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(text)), strings.TrimPrefix(name, ownFolder))
	}
	return files
}

func changeOf(p *Plan, name string) *Change {
	for i := range p.Changes {
		if p.Changes[i].Path == name {
			return &p.Changes[i]
		}
	}
	return nil
}

// TestUntouched: what the package wrote and nobody has changed becomes what Prosody's configuration says, and the
// secrets that it made are used.
func TestUntouched(t *testing.T) {
	for name, tokens := range map[string]bool{"tokens": true, "anonymous": false} {
		t.Run(name, func(t *testing.T) {
			files := packaged(t, shapes[len(shapes)-1].files(tokens))
			p := plan(t, files, Options{})
			c := changeOf(p, ConfigFile)
			if c == nil || c.Made || c.Old != files[ConfigFile] || !strings.Contains(c.New, "relay:\n") || len(p.ByHand) > 0 {
				t.Fatalf("%s", show(p))
			}
			for _, kept := range []string{componentFile, "/etc/usher/http.secret", appSecret} {
				if changeOf(p, kept) != nil {
					t.Errorf("%s changes", kept)
				}
			}
			notes := strings.Join(p.Notes, "\n")
			if !strings.Contains(notes, "nobody has changed it") || strings.Contains(notes, appSecret) == tokens {
				t.Errorf("the notes are %s", notes)
			}
			if again := plan(t, after(files, p), Options{}); len(again.Changes)+len(again.ByHand) > 0 {
				t.Errorf("run again it changes\n%s", show(again))
			}
		})
	}
}

// TestTouched: one byte makes the configuration the operator's, and so does anything that leaves in doubt whose it is.
func TestTouched(t *testing.T) {
	for name, touch := range map[string]func(memory){
		"a byte more":      func(f memory) { f[ConfigFile] += "\n" },
		"a byte less":      func(f memory) { f[ConfigFile] = f[ConfigFile][:len(f[ConfigFile])-1] },
		"another byte":     func(f memory) { f[ConfigFile] = strings.Replace(f[ConfigFile], "9280", "9281", 1) },
		"a comment's byte": func(f memory) { f[ConfigFile] = strings.Replace(f[ConfigFile], "# usher's", "# Usher's", 1) },
		"empty":            func(f memory) { f[ConfigFile] = "" },
		"no list":          func(f memory) { delete(f, madeList) },
		"another's sum":    func(f memory) { f[madeList] = strings.ReplaceAll(f[madeList], "usher.yaml", "other.yaml") },
		"a longer line":    func(f memory) { f[madeList] = strings.ReplaceAll(f[madeList], "\n", " \n") },
		"a secret's text":  func(f memory) { f[ConfigFile] = f[appSecret] },
	} {
		t.Run(name, func(t *testing.T) {
			files := packaged(t, changed(t, hostFile))
			touch(files)
			p := plan(t, files, Options{})
			if c := changeOf(p, ConfigFile); c != nil || !p.Blocked() || strings.Contains(strings.Join(p.Notes, "\n"), "nobody has changed it") {
				t.Errorf("%s", show(p))
			}
		})
	}
}

// TestNoRelay: where an operator's usher.yaml has the host, and no relay for it, Jitsi's files have to stay as they
// are: the lines are printed, with a key that no other host has.
func TestNoRelay(t *testing.T) {
	files := changed(t, hostFile)
	const other = "  other.example.com:\n    relay: {app_id: x, key_file: /etc/usher/inner.pem}\n"
	for config, blocked := range map[string]bool{
		"hosts:\n  meet.example.com:\n    muc: [a.example.com]\n":                               true,
		"hosts:\n  meet.example.com:\n    # relay:\n    muc: [a.example.com]\n" + other:         true,
		"hosts:\n" + other + "  meet.example.com: {muc: [a.example.com]}\n":                     true,
		"hosts:\n  meet.example.com: {relay: {app_id: acme, key_file: /etc/usher/inner.pem}}\n": false,
	} {
		files[ConfigFile] = config
		p := plan(t, files, Options{})
		if p.Blocked() != blocked || changeOf(p, ConfigFile) != nil {
			t.Errorf("%s\nblocked: %v\n%s", config, p.Blocked(), show(p))
		}
		if !blocked {
			continue
		}
		lines := strings.Join(p.ByHand[0].Lines, "\n")
		key := "/etc/usher/inner-meet.example.com.pem"
		if !strings.Contains(lines, "key_file: "+key+"\n") || newText(p, key) == "" || newText(p, "/etc/usher/inner.pem") != "" ||
			!strings.Contains(p.ByHand[0].Why, "has no relay") {
			t.Errorf("%s", show(p))
		}
		now := after(files, &Plan{Changes: []Change{{Path: key, New: newText(p, key)}}})
		now[ConfigFile] = lines + "\n"
		if added := plan(t, now, Options{}); added.Blocked() || newText(added, hostFile) == "" {
			t.Errorf("with the lines:\n%s", show(added))
		}
	}
}

// TestLinkIsNobodys: a link to a file with the package's bytes was made by somebody.
func TestLinkIsNobodys(t *testing.T) {
	files := packaged(t, memory{})
	m := &maker{files: files, plan: &Plan{}}
	for path, want := range map[string]bool{ConfigFile: true, "/etc/usher/mine.yaml": false} {
		got, err := m.untouched(ConfigFile, File{Path: path, Text: files[ConfigFile]})
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
}

// TestUntouchedSecret: where the application is called as in the package, its secret is replaced by the one that
// Prosody has; never one that was changed, or that an operator's configuration may name.
func TestUntouchedSecret(t *testing.T) {
	const prosodys = "application secret of acme 0123456789\n"
	for name, c := range map[string]struct {
		touch func(memory)
		want  string // in the error
	}{
		"as it was made":            {func(memory) {}, ""},
		"no configuration":          {func(f memory) { delete(f, ConfigFile) }, ""},
		"another byte":              {func(f memory) { f[appSecret] = strings.Replace(f[appSecret], "1a", "1b", 1) }, "move it away"},
		"without its newline":       {func(f memory) { f[appSecret] = strings.TrimSpace(f[appSecret]) }, "move it away"},
		"the operator's usher":      {func(f memory) { f[ConfigFile] = "hosts:\n  b.example.com:\n" }, "move it away"},
		"as Prosody's, by hand":     {func(f memory) { f[appSecret] = prosodys }, ""},
		"http.secret's in my-app's": {func(f memory) { f[appSecret] = f["/etc/usher/http.secret"] }, "move it away"},
	} {
		t.Run(name, func(t *testing.T) {
			files := packaged(t, changed(t, hostFile, `"acme"`, `"my-app"`))
			c.touch(files)
			plan(t, changed(t, hostFile), Options{}) // skips where there is no Lua
			p, err := Make(t.Context(), files, steady{}, Options{})
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || after(files, p)[appSecret] != prosodys {
				t.Fatalf("%v\n%s", err, show(p))
			}
			if got := changeOf(p, appSecret); got != nil && (got.Made || !got.Hidden || got.Old != files[appSecret]) {
				t.Errorf("%+v", got)
			}
		})
	}
}
