package daemon

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BinaryEnv names the built usher in the environment. Main sets it where it is not set.
const BinaryEnv = "USHER_BINARY"

// Main runs the tests of a package with an usher that is built once for all of them, and returns the exit code:
// TestMain calls it.
func Main(m *testing.M) int {
	if os.Getenv(BinaryEnv) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "usher-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "usher")
	if out, err := exec.Command("go", "build", "-o", binary, "usher/cmd/usher").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building usher: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv(BinaryEnv, binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Binary is the usher under test.
func Binary(t testing.TB) string {
	t.Helper()
	binary := os.Getenv(BinaryEnv)
	if binary == "" {
		t.Fatalf("%s is not set: let the package's TestMain call daemon.Main", BinaryEnv)
	}
	return binary
}
