package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"usher/internal/config"
	"usher/internal/config/configtest"
	"usher/internal/text"
)

// oddValues are good values of few keys. What the reader takes of them the parts must take, too.
func oddValues() []string {
	many := make([]string, 10_001)
	for i := range many {
		many[i] = fmt.Sprintf("a%d@h.example.org", i)
	}
	long := strings.Repeat("x", 1200)
	return slices.Concat(configtest.Others(), []string{
		"''", "' '", "'*'", "[]", "{}", "~", "-1", "0", "1e309", "9223372036854775807", "9223372036854775808", "-1s", "99999999h", "' a'", "ａ", "a\u00adb", "'a b'", `"\u200b"`,
		"'a@b@c'", "'@'", "a/b", "'%'", "'%ff'", "'*@*'", "x@", long, "[" + long + "]", "['" + long +
			"@h.example.org']", "['x@h.example.org # " + strings.Repeat("n", 300) + "']",
		"['x@h.example.org # n" + strings.Repeat("é", 127) + "']", "['x@h.example.org room=" + long[:1090] +
			"']", "['x@h.example.org room=[a]*']", "['x@h.example.org room=a#b']",
		"['x@h.example.org until=9999-12-31T23:59:59Z']", "['x@h.example.org until=2026-01-01T00:00:00.5Z']", "['x@h.example.org', 'x@h.example.org room=*']",
		"[" + strings.Join(many, ", ") + "]", "{'" + long +
			"': on}", "{'[t]*': on, '*]': off}", "{'*@conference.meet.example.com': on}", "[conference.meet.example.com, breakout.meet.example.com]",
		"[meet.example.com]", "meet.example.com", "[none]", "[HS512]", "['a..b']", "['a=']", "['.']", "{a: {}}", "{a: {secret_files: []}}", "http://", "'http://[::1'", "https://h:0/keys", "'https://h:99999/'",
		"http://169.254.1.1/", "https://169.254.169.254/", "https://x/#y", "file:///x", "'unix:/x'", "[::1]", "'[::1]:0'", "':0'", "/", "/a", "[0.0.0.0/0, '::/0']", "[4294967295]",
	})
}

// TestReaderChecksWhatPartsCheck: what usher check calls good no part of the daemon refuses, and what is bad has its
// place: the last gate, which knows no place, finds nothing.
func TestReaderChecksWhatPartsCheck(t *testing.T) {
	w := newReloadWorld(t)
	dir := configtest.KeyFolder(t)
	var root yaml.Node
	if err := yaml.Load([]byte(configtest.DeployInFull(t, dir)), &root); err != nil {
		t.Fatal(err)
	}
	tags := map[*yaml.Node]string{} // Dump changes them
	configtest.EachNode(root.Content[0], nil, func(_ []string, node *yaml.Node) { tags[node] = node.ShortTag() })
	load := func(odd string) *yaml.Node {
		var value yaml.Node
		if err := yaml.Load([]byte(odd), &value); err != nil {
			t.Fatalf("%s: %v", odd, err)
		}
		return value.Content[0]
	}
	odds := map[string][]string{} // by tag
	for _, odd := range oddValues() {
		tag := load(odd).ShortTag()
		odds[tag] = append(odds[tag], odd)
	}
	good := 0
	configtest.EachNode(root.Content[0], nil, func(path []string, node *yaml.Node) {
		if len(path) == 0 {
			return
		}
		was := *node
		for _, odd := range odds[tags[node]] { // TestConfigProblems has the others
			if len(odd) > 1<<16 && path[len(path)-1] != "whitelist" {
				continue // it takes long
			}
			*node = *load(odd)
			c, problems := config.Load(configtest.PutFile(t, dir, "odd.yaml", configtest.Dumped(t, &root), 0o640))
			for _, p := range problems {
				if p.Mend == config.MendUnplaced {
					t.Errorf("%v: %s: only the last gate found it: %s", path, text.Clip(odd), p)
				}
			}
			if c == nil {
				continue
			}
			good++
			if _, err := w.reloader.prepare(c); err != nil {
				t.Errorf("%v: %s: usher check calls it good, and a reload refuses it: %v", path, text.Clip(odd), err)
			}
		}
		*node = was
	})
	if good < 100 {
		t.Errorf("only %d were good", good)
	}
}

// FuzzReload: what usher check calls good a reload takes.
func FuzzReload(f *testing.F) {
	for _, name := range []string{"interface.yaml", "two-hosts.yaml", "many.yaml"} {
		content, err := os.ReadFile(filepath.Join("../../testdata/config", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	dir, w := configtest.KeyFolder(f), newReloadWorld(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		c, _ := config.Load(configtest.PutFile(t, dir, "usher.yaml", string(content), 0o640))
		if c == nil {
			return
		}
		if _, err := w.reloader.prepare(c); err != nil {
			t.Fatalf("usher check calls it good, and a reload refuses it: %v", err)
		}
	})
}
