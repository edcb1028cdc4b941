package prosody

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"usher/e2e/parts"
)

// Version is a series of Prosody releases. The empty Version stands for any that is installed.
type Version string

// The series that usher supports.
const (
	V012 Version = "0.12"
	V13  Version = "13.0"
)

// Versions lists the series that usher supports, the oldest first.
func Versions() []Version { return []Version{V012, V13} }

// ErrNotInstalled is in the error of Find and Start when the machine has no such Prosody.
var ErrNotInstalled = errors.New("not installed")

// CacheEnv names the environment variable that overrides where Prosody 13 was unpacked.
const CacheEnv = "USHER_PROSODY13"

// Install is a Prosody on this machine.
type Install struct {
	Version  Version // the series
	Release  string  // the exact release, such as 0.12.3
	Launcher string  // the program to run
	Library  string  // the folder of its Lua code, with core, util and modules in it
}

// Find looks for a Prosody of the series among Debian's package and the copy that scripts/install.sh unpacks. The
// error says which command installs it.
func Find(v Version) (Install, error) {
	for _, place := range places() {
		release := readRelease(place.library)
		if release == "" {
			continue
		}
		if v == "" || strings.HasPrefix(release+".", string(v)+".") {
			return Install{Version: series(release), Release: release, Launcher: place.launcher,
				Library: place.library}, nil
		}
	}
	return Install{}, missing(v)
}

func missing(v Version) error {
	command, name, word := "scripts/install.sh", "prosody", "prosody"
	if v != "" {
		name += " " + string(v)
	}
	if v == V13 {
		word = "prosody13"
		command += " " + word
	}
	return parts.Why(word, fmt.Errorf("%s is %w: run %s", name, ErrNotInstalled, command))
}

type place struct{ launcher, library string }

func places() []place {
	found := []place{{"/usr/bin/prosody", "/usr/lib/prosody"}}
	if dir := unpacked(); dir != "" {
		found = append(found, place{filepath.Join(dir, "launcher"), filepath.Join(dir, "prosody")})
	}
	return found
}

// unpacked is where scripts/install.sh puts Prosody 13; it must compute the same.
func unpacked() string {
	if dir := os.Getenv(CacheEnv); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "usher", "prosody13")
}

func readRelease(library string) string {
	b, err := os.ReadFile(filepath.Join(library, "prosody.version"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// series keeps the first two numbers of a release, which is how Prosody has always named its series.
func series(release string) Version {
	numbers := strings.SplitN(release, ".", 3)
	return Version(strings.Join(numbers[:min(2, len(numbers))], "."))
}
