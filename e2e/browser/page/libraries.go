package page

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"usher/e2e/parts"
)

// The environment variables that override where scripts/install.sh unpacked the libraries.
const (
	StropheEnv = "USHER_STROPHE"
	JitsiEnv   = "USHER_JITSI"
)

// ErrMissing is in the error of FindStrophe, Write and New when Strophe is not on this machine.
var ErrMissing = errors.New("strophe.js is not installed: run scripts/install.sh strophe")

// ErrNoJitsi is in the error of FindJitsi when lib-jitsi-meet is not on this machine. The page for
// Strophe does without.
var ErrNoJitsi = errors.New("lib-jitsi-meet is not installed: run scripts/install.sh jitsi")

// jitsiFiles are what /jitsi/ROOM loads, by the names that the page gives them.
var jitsiFiles = map[string]string{
	"jquery.js":         "jquery/dist/jquery.min.js",
	"lib-jitsi-meet.js": "lib-jitsi-meet/lib-jitsi-meet.min.js",
}

// FindStrophe returns the file of the library Strophe.
func FindStrophe() (string, error) {
	file := filepath.Join(folder(StropheEnv, "strophe-5.0.0"), "dist", "strophe.umd.min.js")
	if _, err := os.Stat(file); err != nil {
		return "", parts.Why("strophe", ErrMissing)
	}
	return file, nil
}

// FindJitsi returns the folder with lib-jitsi-meet and what it needs.
func FindJitsi() (string, error) {
	dir := folder(JitsiEnv, "jitsi-2.6726.2")
	for _, file := range jitsiFiles {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			return "", parts.Why("jitsi", ErrNoJitsi)
		}
	}
	return dir, nil
}

// folder is where scripts/install.sh unpacks a library; it must compute the same.
func folder(env, name string) string {
	if dir := os.Getenv(env); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "" // where nothing is found
	}
	return filepath.Join(cache, "usher", name)
}

// libraries are the files of the libraries, by the names that the page gives them; those of
// lib-jitsi-meet only where it is installed.
func libraries() (map[string][]byte, error) {
	strophe, err := FindStrophe()
	if err != nil {
		return nil, err
	}
	names := map[string]string{"strophe.js": strophe}
	if dir, err := FindJitsi(); err == nil {
		for name, file := range jitsiFiles {
			names[name] = filepath.Join(dir, file)
		}
	}
	all := map[string][]byte{}
	for name, file := range names {
		if all[name], err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("reading a library: %w", err)
		}
	}
	return all, nil
}
