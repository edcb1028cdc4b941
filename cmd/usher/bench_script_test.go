package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"usher/internal/config"
)

// TestBenchmarkedDaemon: its sockets are its own. One that it opened by default could belong to a daemon that runs on
// the machine, or to root, and then it does not start.
func TestBenchmarkedDaemon(t *testing.T) {
	dir := t.TempDir()
	writeBenchFiles(t, dir)
	c, problems := config.Load(filepath.Join(dir, "usher.yaml"))
	if c == nil {
		t.Fatal(problems)
	}
	for name, a := range c.Listen.ByName() {
		if a.Name != "" && !strings.HasPrefix(a.Name, dir) {
			t.Errorf("listen.%s is %s", name, a)
		}
	}
	if !strings.HasPrefix(c.State.Path, dir) {
		t.Errorf("the state is in %s", c.State.Path)
	}
}

// TestBenchScript: make bench runs every benchmark that there is.
func TestBenchScript(t *testing.T) {
	script, err := os.ReadFile("../../scripts/bench.sh")
	if err != nil {
		t.Fatal(err)
	}
	runs := map[string][]string{} // patterns by package
	for _, m := range regexp.MustCompile(`(?m)^\tbench (\S+)(.*)$`).FindAllStringSubmatch(string(script), -1) {
		for _, p := range regexp.MustCompile(`\./\S+`).FindAllString(m[2], -1) {
			runs[filepath.Clean(p)] = append(runs[filepath.Clean(p)], strings.Trim(m[1], `'"`))
		}
	}
	found := 0
	err = fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			return err
		}
		for _, m := range regexp.MustCompile(`(?m)^func Benchmark(\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			found++
			if !matchesAny(runs[filepath.Dir(path)], m[1]) {
				t.Errorf("%s: scripts/bench.sh does not run Benchmark%s", path, m[1])
			}
		}
		return nil
	})
	if err != nil || found < 10 {
		t.Errorf("%d benchmarks found, %v", found, err)
	}
}

func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if regexp.MustCompile(p).MatchString(name) {
			return true
		}
	}
	return false
}
