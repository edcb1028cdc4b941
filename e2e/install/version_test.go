package install

import (
	"os/exec"
	"strings"
	"testing"
)

// TestVersions: a later commit has a later Debian version, as dpkg itself compares them.
func TestVersions(t *testing.T) {
	var before string
	for _, c := range []struct{ describe, seconds, want string }{
		{"0123abc", "1790000000", "0~20260921.141320.g0123abc-1"},
		{"0123abc-dirty", "1790000000", "0~20260921.141320.g0123abc+0.dirty-1"},
		{"abc0123", "1790000001", "0~20260921.141321.gabc0123-1"},
		{"v0.1.0-rc1", "1790000002", "0.1.0~rc1-1"},
		{"v0.1.0-rc1-3-gabcdef0", "1790000003", "0.1.0~rc1+3.gabcdef0-1"},
		{"v0.1.0-rc2", "1790000004", "0.1.0~rc2-1"},
		{"v0.1.0", "1790000005", "0.1.0-1"},
		{"v0.1.0-dirty", "1790000005", "0.1.0+0.dirty-1"},
		{"v0.1.0-9-g0123456", "1790000006", "0.1.0+9.g0123456-1"},
		{"v0.1.0-10-g0123456", "1790000007", "0.1.0+10.g0123456-1"},
		{"v0.1.1", "1790000008", "0.1.1-1"},
		{"v0.10.0", "1790000009", "0.10.0-1"},
		{"1.0.0", "1790000010", "1.0.0-1"},
	} {
		out, err := exec.CommandContext(t.Context(), "../../scripts/debversion.sh", c.describe, c.seconds).Output()
		got := strings.TrimSpace(string(out))
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.describe, got, err, c.want)
		}
		if before != "" {
			if err := exec.CommandContext(t.Context(), "dpkg", "--compare-versions", before, "lt", got).Run(); err != nil {
				t.Errorf("%s is not before %s: %v", before, got, err)
			}
		}
		before = got
	}
	for _, describe := range []string{"none", "unknown", "release-1", "v1.0.0-", "v1.0.0 x", "1.0.0;id"} {
		out, err := exec.CommandContext(t.Context(), "../../scripts/debversion.sh", describe, "1790000000").Output()
		if err == nil {
			t.Errorf("%q: %q", describe, out)
		}
	}
}
