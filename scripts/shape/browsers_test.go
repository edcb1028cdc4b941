package main

import (
	"bufio"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// starts is how a Chromium is started.
var starts = regexp.MustCompile(`\b(driver|browser)\.Start\(`)

// TestBrowsers: the Makefile tests each package that starts a Chromium by itself, as a small machine has no processor
// left for a Prosody beside one.
func TestBrowsers(t *testing.T) {
	list := browsersOf(t)
	found := map[string]bool{}
	err := filepath.WalkDir("../../e2e", func(file string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".go" {
			return err
		}
		source, err := os.ReadFile(file)
		if starts.Match(source) {
			found[strings.TrimPrefix(path.Dir(filepath.ToSlash(file)), "../..")] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 5 {
		t.Fatalf("only %v start a Chromium", found)
	}
	for folder := range found {
		if !list.MatchString(folder) {
			t.Errorf("%s starts a Chromium, and is not in BROWSERS of the Makefile", folder)
		}
	}
}

// browsersOf reads BROWSERS of the Makefile.
func browsersOf(t *testing.T) *regexp.Regexp {
	t.Helper()
	f, err := os.Open("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if list, is := strings.CutPrefix(lines.Text(), "BROWSERS = "); is {
			return regexp.MustCompile(list)
		}
	}
	t.Fatal("the Makefile has no BROWSERS")
	return nil
}
