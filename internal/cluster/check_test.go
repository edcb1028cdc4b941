package cluster_test

import (
	"strings"
	"testing"

	"usher/internal/cluster"
)

func TestCheckName(t *testing.T) {
	for _, name := range []string{"a", "0", "shard-1", "xmpp1.example.com", "a_b", strings.Repeat("x", cluster.MaxNode)} {
		if err := cluster.CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "A", "a b", "{g}", "a:b", "é", ".", "-a", "a-", "a/b",
		strings.Repeat("x", cluster.MaxNode+1)} {
		if cluster.CheckName(name) == nil {
			t.Errorf("%q is a name", name)
		}
	}
}
