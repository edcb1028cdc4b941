package version

import (
	"runtime/debug"
	"strings"
	"testing"
)

// TestVersion: what the compiler noted is told, and a build without it is a version all the same.
func TestVersion(t *testing.T) {
	if s := describe("v1.4.0", nil).String(); !strings.HasPrefix(s, "usher v1.4.0 (go1.") {
		t.Error(s)
	}
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "3d95e1b3a96412f0aa"}, {Key: "vcs.modified", Value: "true"}}}
	if s := describe("v1", info).String(); !strings.HasPrefix(s, "usher v1 (commit 3d95e1b3a964 with changes, go1.") {
		t.Error(s)
	}
}
