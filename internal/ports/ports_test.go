package ports

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestFree: no two ports are the same, in this process and in another one meanwhile.
func TestFree(t *testing.T) {
	const each = 200
	if os.Getenv("PORTS_CHILD") != "" {
		for range each {
			port, err := Free()
			if err != nil {
				t.Fatal(err)
			}
			os.Stdout.WriteString("port " + strconv.Itoa(port) + "\n")
		}
		return
	}
	seen := map[string]bool{}
	take := func(port string) {
		if seen[port] {
			t.Errorf("port %s twice", port)
		}
		seen[port] = true
	}
	for range each {
		port, err := Free()
		if err != nil {
			t.Fatal(err)
		}
		take(strconv.Itoa(port))
	}
	child := exec.Command(os.Args[0], "-test.run", "^TestFree$")
	child.Env = append(os.Environ(), "PORTS_CHILD=1")
	out, err := child.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if port, ok := strings.CutPrefix(strings.TrimSpace(line), "port "); ok {
			take(port)
		}
	}
	if len(seen) != 2*each {
		t.Errorf("%d ports of %d", len(seen), 2*each)
	}
}
