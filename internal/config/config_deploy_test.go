package config

import (
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
	if c == nil || len(problems) > 0 {
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
