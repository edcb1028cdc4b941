// Package parts answers one question: something that a test or a demo wants is not on this machine; why not, and what
// brings it? scripts/install.sh leaves the reason of each word that it could not install in a file.
package parts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Why adds to an error that says what is missing why the last scripts/install.sh could not install it, and what to do,
// if it tried. The word is that script's.
func Why(word string, err error) error {
	cache, cacheErr := os.UserCacheDir()
	if cacheErr != nil {
		return err
	}
	// scripts/install.sh must compute the same place.
	reason, readErr := os.ReadFile(filepath.Join(cache, "usher", "missing", word))
	if text := strings.TrimSpace(string(reason)); readErr == nil && text != "" {
		return fmt.Errorf("%w, which could not: %s", err, text)
	}
	return err
}

// A Test is what Need wants of a *testing.T or *testing.B.
type Test interface {
	Helper()
	Fatal(args ...any)
	Skip(args ...any)
}

// Need skips a test with the error as its reason, if there is one. Where the environment says CI the test fails: there,
// what is not tested must be seen.
func Need(t Test, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
}
