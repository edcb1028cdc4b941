package config

import (
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"usher/internal/config/configtest"
)

// TestDeployConfig: the example is good, as it is and with its commented lines taken in.
func TestDeployConfig(t *testing.T) {
	dir := configtest.KeyFolder(t)
	c, problems := Load(configtest.PutFile(t, dir, "usher.yaml", configtest.Deploy(t, dir), 0o640))
	if c == nil || len(problems) > 0 {
		t.Errorf("as it is:\n%s", configtest.Printed(problems, dir))
	}
	c, problems = Load(configtest.PutFile(t, dir, "usher.yaml", configtest.DeployInFull(t, dir), 0o640))
	if c == nil || len(problems) != 2 || !strings.Contains(problems[1].String(), "this door refuses every login") {
		t.Fatalf("in full:\n%s", configtest.Printed(problems, dir))
	}
	if c.Component.JID == "" || c.Listen.Gateway.Name == "" || len(c.Gateway.Origins) != 1 || len(c.Whitelist) != 1 || len(c.Rooms[0].MUC) != 1 {
		t.Errorf("not all lines were taken in: %+v", c.Rooms)
	}
}

// TestDeployConfigHasEveryKey: what the reader knows stands in the example, so that the tests which walk the example
// walk everything.
func TestDeployConfigHasEveryKey(t *testing.T) {
	dir := configtest.KeyFolder(t)
	var root yaml.Node
	if err := yaml.Load([]byte(configtest.DeployInFull(t, dir)), &root); err != nil {
		t.Fatal(err)
	}
	mappings := 0
	known := regexp.MustCompile(`unknown key "zzz" in .* known keys: (.*)$`)
	configtest.EachNode(root.Content[0], nil, func(path []string, node *yaml.Node) {
		if node.Kind != yaml.MappingNode {
			return
		}
		var has []string
		for i := 0; i < len(node.Content); i += 2 {
			has = append(has, node.Content[i].Value)
		}
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "zzz"}, &yaml.Node{Kind: yaml.ScalarNode, Value: "1"})
		_, problems := Load(configtest.PutFile(t, dir, "usher.yaml", configtest.Dumped(t, &root), 0o640))
		node.Content = node.Content[:len(node.Content)-2]
		for _, p := range problems {
			m := known.FindStringSubmatch(p.String())
			if m == nil {
				continue
			}
			mappings++
			for key := range strings.SplitSeq(m[1], ", ") {
				if !slices.Contains(has, key) {
					t.Errorf("deploy/usher.yaml has no %s under %v", key, path)
				}
			}
		}
	})
	if mappings < 10 {
		t.Errorf("only %d mappings were tried", mappings)
	}
}

// Configurations in which every setting can be set, or left out: an issuer with a secret, one with public keys, and the shortest.
const (
	withSecret = `listen: {http: "127.0.0.1:8280", gateway: "127.0.0.1:8282"}
http_secret_file: http.secret
component: {jid: usher.h, secret_file: other.secret}
hosts: {h: {muc: [c.h], issuers: {a: {secret_files: [my-app.secret], audience: [jitsi]}}}}`
	withPublic = `listen: {http: "127.0.0.1:8280", gateway: "127.0.0.1:8282"}
http_secret_file: http.secret
component: {jid: usher.h, secret_file: other.secret}
hosts: {h: {muc: [c.h], issuers: {a: {jwks_url: "https://id.example.com/keys", algorithms: [RS256]}}}}`
	withRelay = `listen: {gateway: "127.0.0.1:8282"}
hosts: {h: {relay: {app_id: x, key_file: inner.pem}, issuers: {a: {secret_files: [my-app.secret]}}}}`
	withInnerSecret = `listen: {gateway: "127.0.0.1:8282"}
hosts: {h: {relay: {app_id: x, secret_file: inner.secret}, issuers: {a: {secret_files: [my-app.secret]}}}}`
	withCluster = `cluster: {redis: "rediss://r1.example.com:1?sentinel=usher", password_file: redis.secret, node: n, cell: c, secret_files: [cluster.secret]}
hosts: {h: {issuers: {a: {secret_files: [my-app.secret]}}}}`
	withLogin = `listen: {gateway: "127.0.0.1:8282"}
login: {secret_files: [login.secret], hosts: {h: {issuer: "https://id.example.com", client_id: meet}}}
hosts: {h: {muc: [c.h], issuers: {a: {secret_files: [my-app.secret]}}}}`
	shortest = `hosts: {h: {issuers: {a: {secret_files: [my-app.secret]}}}}`
)

// settingsFolder is configtest.KeyFolder with the files that the examples name.
func settingsFolder(t *testing.T) string {
	dir := configtest.KeyFolder(t)
	for _, name := range []string{"component.secret", "my-app-2.secret"} {
		configtest.PutFile(t, dir, name, configtest.LongSecret+name+"\n", 0o640)
	}
	rsa, err := os.ReadFile(filepath.Join(dir, "rsa.pem"))
	if err != nil {
		t.Fatal(err)
	}
	configtest.PutFile(t, dir, "my-app.pem", string(rsa), 0o640)
	return dir
}

// loadWith loads a configuration in which one key below a path has a value, "" for no such key.
func loadWith(t *testing.T, dir, base, path, key, value string) (*Config, Problems) {
	t.Helper()
	var root, set yaml.Node
	if err := yaml.Load([]byte(base), &root); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load(bareMemory([]byte("state: "+cmp.Or(value, "~"))), &set); err != nil {
		t.Fatalf("%s.%s: %v", path, key, err)
	}
	node := root.Content[0]
	if path != "" {
		for name := range strings.SplitSeq(strings.NewReplacer("HOST", "h", "ISSUER", "a").Replace(path), ".") {
			node = below(node, name)
		}
	}
	at := below(node, key)
	if value == "" {
		node.Content = node.Content[:len(node.Content)-2]
	} else {
		*at = *set.Content[0].Content[1]
	}
	return Load(configtest.PutFile(t, dir, "usher.yaml", configtest.Dumped(t, &root), 0o640))
}

// below returns the value of a key, which is the last of its mapping from then on.
func below(node *yaml.Node, key string) *yaml.Node {
	at := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			at = node.Content[i+1]
			node.Content = slices.Delete(node.Content, i, i+2)
			break
		}
	}
	node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, at)
	return at
}

// TestEveryKeyIsDescribed: what the reader takes has a description, and what is described the reader takes. The same list
// is what an unknown key is compared with.
func TestEveryKeyIsDescribed(t *testing.T) {
	dir := settingsFolder(t)
	known := regexp.MustCompile(`unknown key "zzz" in .* — known keys: (.*)$`)
	for _, s := range sections() {
		var described []string
		for _, set := range s.Settings {
			described = append(described, set.Key)
		}
		_, problems := loadWith(t, dir, withSecret, s.Path, "zzz", "1")
		found := false
		for _, p := range problems {
			if m := known.FindStringSubmatch(p.String()); m != nil {
				found = true
				if m[1] != strings.Join(described, ", ") {
					t.Errorf("%q: the reader knows %s, and described are %q", s.Path, m[1], described)
				}
			}
		}
		if !found {
			t.Errorf("%q: zzz is not unknown: %v", s.Path, problems)
		}
	}
}

// TestDescriptions: each says what the value is, what it does and what holds without it.
func TestDescriptions(t *testing.T) {
	paths := map[string]bool{}
	for _, s := range sections() {
		if paths[s.Path] || s.Text == "" || len(s.Settings) == 0 {
			t.Errorf("the section %q: %q", s.Path, s.Text)
		}
		paths[s.Path] = true
	}
	for _, s := range sections() {
		for _, set := range s.Settings {
			path := strings.TrimPrefix(s.Path+"."+set.Key, ".")
			hasSection := paths[path] || paths[path+".HOST"] || paths[path+".ISSUER"]
			defaults := 0
			for _, said := range []bool{set.Default != "", set.Unset != "", set.Needed} {
				if said {
					defaults++
				}
			}
			switch {
			case set.Kind == "" || !strings.HasSuffix(set.Text, "."):
				t.Errorf("%s: %+v", path, set)
			case hasSection == (set.Example != ""):
				t.Errorf("%s: the example %q, and a section of its own: %v", path, set.Example, hasSection)
			case defaults != 1 && !(hasSection && defaults == 0):
				t.Errorf("%s has %d defaults", path, defaults)
			}
		}
	}
}

// TestExamples: the reader takes each example.
func TestExamples(t *testing.T) {
	dir := settingsFolder(t)
	for _, s := range sections() {
		for _, set := range s.Settings {
			if set.Example == "" {
				continue
			}
			example := strings.NewReplacer("/etc/usher/", dir+"/", "host: meet.example.com, issuer: my-app",
				"host: h, issuer: a").Replace(set.Example)
			taken, why := false, ""
			for _, base := range []string{withSecret, withPublic, withRelay, withInnerSecret, withCluster, withLogin} {
				c, problems := loadWith(t, dir, base, s.Path, set.Key, example)
				taken, why = taken || c != nil, why+configtest.Printed(problems, dir)
			}
			if !taken {
				t.Errorf("%s.%s: %s is not taken:\n%s", s.Path, set.Key, example, why)
			}
		}
	}
}

// TestDefaults: a key that has the default of its description says nothing new, and only what is needed is missed.
func TestDefaults(t *testing.T) {
	dir := settingsFolder(t)
	for _, s := range sections() {
		for _, set := range s.Settings {
			spared, compared := false, false
			for _, base := range []string{withSecret, withPublic, withRelay, withInnerSecret, withCluster, withLogin, shortest} {
				without, _ := loadWith(t, dir, base, s.Path, set.Key, "")
				spared = spared || without != nil
				if set.Default == "" || without == nil {
					continue
				}
				with, _ := loadWith(t, dir, base, s.Path, set.Key, set.Default)
				if with == nil {
					continue
				}
				compared = true
				with.document, without.document = nil, nil
				with.States, without.States, with.Warnings, without.Warnings = nil, nil, nil, nil
				if where := difference("", reflect.ValueOf(*with), reflect.ValueOf(*without)); where != "" {
					t.Errorf("%s.%s: with %s, %s is another", s.Path, set.Key, set.Default, where)
				}
			}
			if spared == set.Needed {
				t.Errorf("%s.%s: a configuration can do without: %v", s.Path, set.Key, spared)
			}
			if set.Default != "" && !compared {
				t.Errorf("%s.%s: no configuration can have %s and do without", s.Path, set.Key, set.Default)
			}
		}
	}
}

// difference is reflect.DeepEqual for configurations, in which an empty list is none. It returns where they differ.
func difference(path string, a, b reflect.Value) string {
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !a.IsNil() && !b.IsNil() {
			return difference(path, a.Elem(), b.Elem())
		}
		return unless(a.IsNil() == b.IsNil(), path)
	case reflect.Func:
		return unless(a.IsNil() == b.IsNil(), path)
	case reflect.Struct:
		return differences(path, a.NumField(), func(i int) (string, reflect.Value, reflect.Value) {
			return "." + a.Type().Field(i).Name, a.Field(i), b.Field(i)
		})
	case reflect.Slice, reflect.Map:
		if a.Len() != b.Len() {
			return path
		}
		if a.Kind() == reflect.Slice {
			return differences(path, a.Len(), func(i int) (string, reflect.Value, reflect.Value) { return "[]", a.Index(i), b.Index(i) })
		}
		keys := a.MapKeys()
		return differences(path, len(keys), func(i int) (string, reflect.Value, reflect.Value) {
			return "[]", a.MapIndex(keys[i]), b.MapIndex(keys[i])
		})
	}
	return unless(a.Equal(b), path)
}

func differences(path string, n int, pair func(i int) (name string, a, b reflect.Value)) string {
	for i := range n {
		name, a, b := pair(i)
		if !b.IsValid() {
			return path + name
		}
		if where := difference(path+name, a, b); where != "" {
			return where
		}
	}
	return ""
}

func unless(same bool, path string) string {
	if same {
		return ""
	}
	return path
}
