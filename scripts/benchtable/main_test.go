package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	const said = `goos: linux
BenchmarkVerify/HS256-2         	     100	         0 ns/op	         6.000 allocs	         4.500 ratio
BenchmarkLongestHold/sweep-2    	       1	         0 ns/op	         1.200 ms-hold
BenchmarkQueue-2                	  100000	       210.0 ns/op
BenchmarkProsody/logins-2       	       5	       700 logins/s	         0.9900 of-at-once-ratio
--- FAIL: BenchmarkTail
FAIL
`
	var out strings.Builder
	failed, err := report(strings.NewReader(said), &out)
	if err != nil || !failed {
		t.Errorf("failed: %v, %v", failed, err)
	}
	table := regexp.MustCompile(` +`).ReplaceAllString(out.String(), " ")
	for _, want := range []string{
		"4.5 ratio must ≤ 5, aim ≤ 4: met\n", "6 allocs must ≤ 14, aim ≤ 6: good\n",
		"1.2 ms-hold must ≤ 1, aim ≤ 0.2: missed\n", "210 ns/op\n", "must ≥ 0.95, aim ≥ 0.98: good\n",
		"--- FAIL: BenchmarkTail\n", "missed: LongestHold/sweep ms-hold is 1.2, must be ≤ 1\n", "not measured: Tail ratio\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	for _, not := range []string{"0 ns/op\n\n", "not measured: Verify/HS256 ratio", "goos"} {
		if strings.Contains(table, not) {
			t.Errorf("%q is in\n%s", not, out.String())
		}
	}
	if failed, err := report(strings.NewReader("BenchmarkQueue-2 1 210.0 ns/op\n"), &out); failed || err != nil {
		t.Errorf("nothing failed: %v, %v", failed, err)
	}
}

// TestMeasured: each measure is of a benchmark and a unit that there are.
func TestMeasured(t *testing.T) {
	var tests strings.Builder
	err := fs.WalkDir(os.DirFS("../.."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "scripts/") {
			return err
		}
		text, err := os.ReadFile(filepath.Join("../..", name))
		tests.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := tests.String()
	compared, err := os.ReadFile("../../auth/authtest/compare.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range measures {
		root, _, _ := strings.Cut(m.benchmark, "/")
		if !strings.Contains(text, "func Benchmark"+root+"(") {
			t.Errorf("there is no Benchmark%s", root)
		}
		unit := strings.TrimPrefix(m.unit, "gateway") // the rest of a name that is put together
		if !strings.Contains(text+string(compared), `"`+unit) && !strings.Contains(text, unit+`"`) {
			t.Errorf("nothing reports %s", m.unit)
		}
		if _, err := path.Match(m.benchmark, ""); err != nil || m.atLeast == (m.aim < m.must) {
			t.Errorf("%s %s: %v, or the aim is behind the must", m.benchmark, m.unit, err)
		}
	}
}
