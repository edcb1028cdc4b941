package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"usher/internal/config/configtest"
	"usher/internal/config/section"
)

// TestReloadNamesEveryKey: whatever key of the example is changed, added or taken out, a reload that takes it says so by
// its path, and one that cannot names it as the reason. Which of both it is the description of the key says.
func TestReloadNamesEveryKey(t *testing.T) {
	dir := configtest.KeyFolder(t)
	others := configtest.Others()
	for _, f := range []string{"my-app.secret", "other.secret", "http.secret", "rsa.pem", "ca.pem", "inner-2.pem"} {
		others = append(others, filepath.Join(dir, f), "["+filepath.Join(dir, f)+"]")
	}
	full := configtest.DeployInFull(t, dir)
	public := strings.NewReplacer("secret_files: ["+filepath.Join(dir, "my-app.secret")+"]", "secret_files: []", "algorithms: [HS256]", "algorithms: [RS256, RS384, RS512]",
		`jwks_url: ""`, "jwks_url: https://id.example.com/keys").Replace(full)
	k := &keyTrials{t: t, dir: dir, others: others, seen: map[string]int{}, restarts: map[string]bool{}, described: map[string]section.Setting{}}
	k.document(full)
	k.document(public)
	k.document(strings.NewReplacer("key_file: "+filepath.Join(dir, "inner.pem"), `key_file: ""`, `secret_file: ""`,
		"secret_file: "+filepath.Join(dir, "inner.secret")).Replace(full))
	for name, seen := range k.seen {
		if set, ok := k.described[name]; ok && set.Restart != k.restarts[name] {
			t.Errorf("%s needs a restart: %v, and its description says %v", name, k.restarts[name], set.Restart)
		}
		if seen == 0 {
			t.Errorf("no other good value of %s is among others", name)
		}
	}
}

// keyTrials is what was learnt of each key by giving it other values.
type keyTrials struct {
	t         *testing.T
	dir       string
	others    []string
	seen      map[string]int // how many other good values it was given; two are enough
	restarts  map[string]bool
	described map[string]section.Setting
}

// document tries every key of a good configuration.
func (k *keyTrials) document(text string) {
	old, problems := Load(configtest.PutFile(k.t, k.dir, "usher.yaml", text, 0o640))
	if old == nil {
		k.t.Fatal(configtest.Printed(problems, k.dir))
	}
	var root yaml.Node
	if err := yaml.Load([]byte(text), &root); err != nil {
		k.t.Fatal(err)
	}
	tags := map[*yaml.Node]string{} // Dump changes them
	configtest.EachNode(root.Content[0], nil, func(_ []string, node *yaml.Node) { tags[node] = node.ShortTag() })
	configtest.EachNode(root.Content[0], nil, func(path []string, node *yaml.Node) {
		if len(path) == 0 || node.Kind == yaml.MappingNode && len(node.Content) > 0 {
			return
		}
		name, was := pathName(path), *node
		if set, ok := describedAt(path); ok {
			k.described[name] = set
		}
		k.seen[name] += 0
		for _, other := range k.others {
			var value yaml.Node
			if err := yaml.Load([]byte(other), &value); err != nil {
				k.t.Fatal(err)
			}
			if k.seen[name] < 2 && value.Content[0].ShortTag() == tags[node] {
				*node = *value.Content[0]
				k.try(old, &root, name, other, node.Value == was.Value && fmt.Sprint(textsOf(node)) == fmt.Sprint(textsOf(&was)))
			}
		}
		*node = was
	})
}

// try loads the configuration with another value of one key, unless it is the same.
func (k *keyTrials) try(old *Config, root *yaml.Node, name, other string, same bool) {
	if same {
		return
	}
	next, _ := Load(configtest.PutFile(k.t, k.dir, "next.yaml", configtest.Dumped(k.t, root), 0o640))
	if next == nil {
		return
	}
	k.seen[name]++
	if told := tell(old, next); !strings.Contains(told, name) {
		k.t.Errorf("%s became %s, and told is: %q", name, other, told)
	}
	if len(NeedsRestart(old, next, "usher.yaml")) > 0 {
		k.restarts[name] = true
	}
}

// pathName is a path as messages have it: names with dots are quoted.
func pathName(path []string) string {
	var names []string
	for _, p := range path {
		if strings.Trim(p, "abcdefghijklmnopqrstuvwxyz_-") != "" {
			p = strconv.Quote(p)
		}
		names = append(names, p)
	}
	return strings.Join(names, ".")
}

// describedAt returns the description of the key at a path of the file.
func describedAt(path []string) (section.Setting, bool) {
	path = slices.Clone(path)
	if len(path) > 1 && path[0] == "hosts" {
		path[1] = "HOST"
		if len(path) > 3 && path[2] == "issuers" {
			path[3] = "ISSUER"
		}
	}
	mapping, key := strings.Join(path[:len(path)-1], "."), path[len(path)-1]
	for _, s := range sections() {
		for _, set := range s.Settings {
			if s.Path == mapping && set.Key == key {
				return set, true
			}
		}
	}
	return section.Setting{}, false
}

func textsOf(node *yaml.Node) []string {
	var list []string
	for _, n := range node.Content {
		list = append(list, fmt.Sprint(n.Value, textsOf(n)))
	}
	return list
}

// tell is what a reload says.
func tell(old, next *Config) string {
	list := Diff(old, next)
	for _, p := range NeedsRestart(old, next, "usher.yaml") {
		list = append(list, p.String())
	}
	return strings.Join(list, "\n")
}

func TestDescribeChanges(t *testing.T) {
	dir := configtest.KeyFolder(t)
	base := "hosts: {h: {issuers: {a: {jwks_url: 'https://id.example.org/keys?code=hidden1', algorithms: [RS256]}, b.c: {secret_files: [my-app.secret]}}}}\n"
	load := func(text string) *Config {
		t.Helper()
		c, problems := Load(configtest.PutFile(t, dir, "usher.yaml", text, 0o640))
		if c == nil {
			t.Fatal(configtest.Printed(problems, dir))
		}
		return c
	}
	for _, row := range []struct {
		change func(string) string
		want   []string
	}{
		{func(s string) string { return s }, nil},
		{func(s string) string { return "# a comment\n" + s }, nil},
		{func(s string) string { return strings.Replace(s, "hidden1", "hidden2", 1) }, []string{"hosts.h.issuers.a.jwks_url changed"}},
		{func(s string) string { return strings.Replace(s, "a: {jwks", "d: {jwks", 1) }, []string{"hosts.h.issuers.d added", "hosts.h.issuers.a removed"}},
		{func(s string) string { return strings.Replace(s, "[RS256]", "[RS384, RS256]", 1) }, []string{"hosts.h.issuers.a.algorithms: added RS384"}},
		{func(s string) string {
			return strings.Replace(s, "[my-app.secret]", "[other.secret], audience: [x]", 1)
		},
			[]string{`hosts.h.issuers."b.c".secret_files: added other.secret; removed my-app.secret`, `hosts.h.issuers."b.c".audience added`}},
		{func(s string) string { return s + "log: {level: debug}\ngateway: {guests: false}" }, []string{"log added", "gateway added"}},
	} {
		old, next := load(base), load(row.change(base))
		if got := Diff(old, next); !slices.Equal(got, append([]string{}, row.want...)) {
			t.Errorf("%q: %q, want %q", row.change(base), got, row.want)
		}
	}
	levels := [2]*Config{load(base + "log: {level: debug}\ngateway: {guests: false, origins: ['https://a.example.org']}"), load(base + "log: {level: info}\ngateway: {guests: true, origins: []}")}
	want := []string{"log.level is info, was debug", "gateway.guests is true, was false", "gateway.origins: removed https://a.example.org"}
	if got := Diff(levels[0], levels[1]); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	old := load(base)
	if err := os.WriteFile(filepath.Join(dir, "my-app.secret"), []byte(configtest.LongSecret), 0o640); err != nil {
		t.Fatal(err)
	}
	if got, want := Diff(old, load(base)), "file "+filepath.Join(dir, "my-app.secret")+" was written anew"; len(got) != 1 || got[0] != want {
		t.Errorf("%q, want %q", got, want)
	}
}
