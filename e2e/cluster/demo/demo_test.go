package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"usher/e2e/parts"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/redis"
)

// TestTour takes the tour, and reads what a newcomer reads.
func TestTour(t *testing.T) {
	prosodytest.Require(t, "")
	parts.Need(t, redis.Find())
	usher := filepath.Join(t.TempDir(), "usher")
	if out, err := exec.Command("go", "build", "-o", usher, "usher/cmd/usher").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	short, err := os.MkdirTemp("/tmp", "usher") // in which a socket's path stays under its 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	t.Setenv("TMPDIR", short)
	var out bytes.Buffer
	if err := run(t.Context(), &out, usher); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, line := range []string{
		`     node a1 of cell east: 4 of 4 nodes$`,
		`   a2 knows the session; that was asked for `,
		`   b1 does not: a session is used where it logged in$`,
		`     the cluster: 4 of 4 nodes$`,
		`   mallory, with the same token at east → not-authorized: .`,
		`   Sentinel made 127\.0\.0\.1:\d+ the primary; a1 has the revocation `,
		`   eve, with the same token at east → not-authorized: .`,
		`   \d+ logins at east meanwhile, none failed$`,
		`   a1 is back; both know all who were let in$`,
		`   usher_cluster_nodes 4$`,
		`Every step came out as it should\.$`,
	} {
		if !regexp.MustCompile(`(?m)^` + line).MatchString(out.String()) {
			t.Errorf("no line %s in\n%s", line, out.String())
		}
	}
	if left, err := os.ReadDir(short); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A program that is not there is named, with what builds it.
func TestWithoutProgram(t *testing.T) {
	err := run(t.Context(), new(bytes.Buffer), filepath.Join(t.TempDir(), "usher"))
	if err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("%v", err)
	}
}
