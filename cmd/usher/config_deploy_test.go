package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// deployConfig returns the example that operators copy, for the files of keyFolder.
func deployConfig(t testing.TB, dir string) string {
	t.Helper()
	content, err := os.ReadFile("../../deploy/usher.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("/etc/usher/component.secret", filepath.Join(dir, "other.secret"), "/etc/usher/", dir+"/", "peers: [prosody, ejabberd]", "peers: [root]").Replace(string(content))
}

// deployConfigInFull is deployConfig with every setting that stands in a comment, and every empty list of rooms filled.
func deployConfigInFull(t testing.TB, dir string) string {
	t.Helper()
	setting := regexp.MustCompile(`(?m)^( *)# ( *[a-z_]+:(?: +(?:\S+|\[[^\]\n]*\]|\{[^}\n]*\}))?(?: +#.*)?)$`)
	text := setting.ReplaceAllString(deployConfig(t, dir), "$1$2")
	return strings.NewReplacer("muc: []", "muc: [conference.meet.example.com]", "rooms: {} ", `rooms: {"*": off, "board-*": on} `,
		"whitelist: []", "whitelist: [recorder@recorder.meet.example.com]", "guests: []", "guests: [guest.meet.example.com]").Replace(text)
}

// TestDeployConfig: the example is good, as it is and with its commented lines taken in.
func TestDeployConfig(t *testing.T) {
	dir := keyFolder(t)
	c, problems := loadConfig(putFile(t, dir, "usher.yaml", deployConfig(t, dir), 0o640))
	if c == nil || len(problems) > 0 {
		t.Errorf("as it is:\n%s", printed(problems, dir))
	}
	c, problems = loadConfig(putFile(t, dir, "usher.yaml", deployConfigInFull(t, dir), 0o640))
	if c == nil || len(problems) > 0 {
		t.Fatalf("in full:\n%s", printed(problems, dir))
	}
	if c.comp.JID == "" || c.listen.gateway.name == "" || len(c.gateway.Origins) != 1 || len(c.whitelist) != 1 || len(c.rooms[0].MUC) != 1 {
		t.Errorf("not all lines were taken in: %+v", c.rooms)
	}
}

// TestDeployConfigHasEveryKey: what the reader knows stands in the example, so that the tests which walk the example
// walk everything.
func TestDeployConfigHasEveryKey(t *testing.T) {
	dir := keyFolder(t)
	var root yaml.Node
	if err := yaml.Load([]byte(deployConfigInFull(t, dir)), &root); err != nil {
		t.Fatal(err)
	}
	mappings := 0
	known := regexp.MustCompile(`unknown key "zzz" in .* known keys: (.*)$`)
	eachNode(root.Content[0], nil, func(path []string, node *yaml.Node) {
		if node.Kind != yaml.MappingNode {
			return
		}
		var has []string
		for i := 0; i < len(node.Content); i += 2 {
			has = append(has, node.Content[i].Value)
		}
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "zzz"}, &yaml.Node{Kind: yaml.ScalarNode, Value: "1"})
		_, problems := loadConfig(putFile(t, dir, "usher.yaml", dumped(t, &root), 0o640))
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

// eachNode walks the values of a document with their paths.
func eachNode(node *yaml.Node, path []string, visit func(path []string, node *yaml.Node)) {
	visit(path, node)
	if node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		eachNode(node.Content[i+1], append(slices.Clone(path), node.Content[i].Value), visit)
	}
}

func dumped(t testing.TB, root *yaml.Node) string {
	t.Helper()
	out, err := yaml.Dump(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
