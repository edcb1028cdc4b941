package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module has a package of each kind: passing, skipping, failing, panicking, without tests, and not compiling.
var module = map[string]string{
	"go.mod":              "module m\n\ngo 1.26\n",
	"good/good_test.go":   "package good\nimport \"testing\"\nfunc TestA(t *testing.T) { t.Run(\"part\", func(t *testing.T) { t.Log(\"quiet\") }) }\n",
	"skip/skip_test.go":   "package skip\nimport \"testing\"\nfunc TestA(t *testing.T) { t.Skip(\"no thing:\\ninstall it\") }\nfunc TestB(t *testing.T) { t.Run(\"part\", func(t *testing.T) { t.Skip(\"no thing: install it\") }) }\n",
	"bad/bad_test.go":     "package bad\nimport \"testing\"\nfunc TestA(t *testing.T) { t.Log(\"quiet\") }\nfunc TestB(t *testing.T) { t.Fatal(\"loud\") }\n",
	"dead/dead_test.go":   "package dead\nimport (\"os\"; \"testing\")\nfunc TestMain(*testing.M) { os.Exit(3) }\n",
	"none/none.go":        "package none\n",
	"wrong/wrong_test.go": "package wrong\nfunc init() { undefined() }\n",
}

func write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range module {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestRun runs go test on each kind of package and reads what people read.
func TestRun(t *testing.T) {
	dir := write(t)
	for _, row := range []struct {
		name         string
		runs         [][]string
		ok           bool
		wanted, none []string
	}{
		{"passing", [][]string{{"./good", "./none"}, {"./skip"}}, true, []string{
			"ok  \tm/good\t", "\nskipped:\n  no thing: install it\n      m/skip TestA\n      m/skip TestB/part\n\n",
			"\n2 packages in ", "\ntests: 2 passed, 0 failed, 2 skipped\n",
		}, []string{"quiet", "m/none", "failed:"}},
		{"another module", [][]string{{"-C", "good", "."}}, true, []string{"ok  \tm/good\t"}, nil},
		{"failing", [][]string{{"./good", "./bad"}, {"./skip"}}, false, []string{
			"--- FAIL: TestB", "bad_test.go:4: loud", "\nfailed:\n  m/bad TestB\nnot run for that reason: 1 of 2 runs of go test\n",
			"tests: 2 passed, 1 failed,",
		}, []string{"quiet", "m/skip"}},
		{"ending early", [][]string{{"./dead"}}, false, []string{"failed:\n  m/dead ended before its tests\n"}, nil},
		{"not compiling", [][]string{{"./wrong"}}, false, []string{"undefined: undefined", "m/wrong does not build"}, nil},
		{"no such package", [][]string{{"./nowhere"}}, false, []string{"failed:\n  ./nowhere"}, nil},
		{"nothing", nil, false, []string{"tests: 0 passed"}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			if ok := run(t.Context(), &out, dir, row.runs); ok != row.ok {
				t.Errorf("it says %v", ok)
			}
			for _, want := range row.wanted {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, &out)
				}
			}
			for _, none := range row.none {
				if strings.Contains(out.String(), none) {
					t.Errorf("%q is in\n%s", none, &out)
				}
			}
		})
	}
}

func TestSplit(t *testing.T) {
	got := split([]string{"lost", "--", "-p", "1", "./a", "--", "./b"})
	if len(got) != 2 || strings.Join(got[0], " ") != "-p 1 ./a" || strings.Join(got[1], " ") != "./b" {
		t.Errorf("%v", got)
	}
}
