package docs

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/metrics"
)

// TestSeries: the page of metrics has a row for each series that there is, with its labels, and no other page names one
// that there is not.
func TestSeries(t *testing.T) {
	source := sources(t, func(name string) bool {
		return filepath.Base(filepath.Dir(name)) == "metrics" && !strings.HasSuffix(name, "_test.go")
	})
	var all []string
	for _, m := range regexp.MustCompile(`= "(usher_\w+)"`).FindAllStringSubmatch(source, -1) {
		all = append(all, m[1])
	}
	if len(all) < 20 || !slices.Contains(all, metrics.AuthRequests) {
		t.Fatalf("the series %v", all)
	}
	rows := quoted(column(readPage(t, "docs/metrics-and-logs.md").section(t, "## Series"), 0))
	for _, name := range all {
		if !slices.Contains(rows, name) {
			t.Errorf("docs/metrics-and-logs.md has no row for %s", name)
		}
	}
	for _, p := range pages(t) {
		for _, c := range p.code() {
			name := regexp.MustCompile(`^usher_[a-z_]+`).FindString(c)
			if name != "" && name != "usher_key" && !slices.Contains(all, name) {
				t.Errorf("%s: there is no series %s", p.name, name)
			}
		}
	}
}

// TestLabels: a row of a series has the labels that its series have.
func TestLabels(t *testing.T) {
	m := metrics.New("test")
	m.Door("dovecot", nil, nil)
	m.JoinReasons([]string{"token"}, nil, nil)
	m.SetKeys([]metrics.KeyCount{{Issuer: "a", Kind: "hmac", N: 1}})
	m.Fetched("a", metrics.FetchSucceeded, time.Unix(1, 0))
	m.NewCluster("shard1", []string{"session"})
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	section := readPage(t, "docs/metrics-and-logs.md").section(t, "## Series")
	names, labels := column(section, 0), column(section, 1)
	seen := 0
	for _, f := range families {
		i := slices.Index(names, "`"+f.GetName()+"`")
		if i < 0 {
			continue
		}
		seen++
		var has []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			has = append(has, l.GetName())
		}
		if told := quoted(labels[i : i+1]); !slices.Equal(sorted(told), sorted(has)) {
			t.Errorf("%s: the page has the labels %v, the series %v", f.GetName(), told, has)
		}
	}
	if seen < 20 {
		t.Errorf("only %d series were compared", seen)
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// TestAlerts: an alert that a page names is one.
func TestAlerts(t *testing.T) {
	rules := readFile(t, "deploy/prometheus-rules.yaml")
	for _, p := range pages(t) {
		for _, c := range p.code() {
			if regexp.MustCompile(`^Usher[A-Z]\w+$`).MatchString(c) && !strings.Contains(rules, "alert: "+c+"\n") {
				t.Errorf("%s: there is no alert %s", p.name, c)
			}
		}
	}
}

// TestRunbooks: each alert has a severity, a summary, a description, and a page that says more, whose heading is there.
func TestRunbooks(t *testing.T) {
	rules := readFile(t, "deploy/prometheus-rules.yaml")
	list := strings.Split(rules, "      - alert: ")[1:]
	for _, rule := range list {
		name, text, _ := strings.Cut(rule, "\n")
		for _, part := range []string{"labels: {severity: ", "          summary: ", "          description: "} {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no %s", name, strings.TrimSpace(part))
			}
		}
		m := regexp.MustCompile(`runbook_url: (docs/[\w-]+\.md)#(\S+)\n`).FindStringSubmatch(text)
		if m == nil || !slices.Contains(anchorsOf(readPage(t, m[1])), m[2]) {
			t.Errorf("%s: %v is no heading of a page", name, m)
		}
	}
	if len(list) < 30 {
		t.Errorf("only %d alerts were found", len(list))
	}
}

// TestLogLines: a line that the page has is written somewhere in the code, and so are its attributes.
func TestLogLines(t *testing.T) {
	section := readPage(t, "docs/metrics-and-logs.md").section(t, "## Log lines")
	source := sources(t, func(string) bool { return true }) // the tests have the texts that are put together
	lines := quoted(slices.Concat(column(section, 0), column(section, 2)))
	for _, text := range lines {
		if !strings.Contains(source, `"`+text+`"`) && text != "moderation.strict" {
			t.Errorf("nothing writes %q", text)
		}
	}
	if len(lines) < 80 {
		t.Errorf("only %d texts were looked for", len(lines))
	}
}

// TestNamedTests: a test that the page of security names is there.
func TestNamedTests(t *testing.T) {
	source := sources(t, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	n := 0
	for _, p := range pages(t) {
		for _, c := range p.code() {
			if !regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`).MatchString(c) {
				continue
			}
			if n++; !strings.Contains(source, "\nfunc "+c+"(") {
				t.Errorf("%s: there is no test %s", p.name, c)
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d tests are named", n)
	}
}

// sources joins the text of all our files of Go whose name is wanted.
func sources(t *testing.T, wanted func(name string) bool) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || !wanted(file) {
			return err
		}
		content, err := os.ReadFile(file)
		all.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestPackages: the page of the architecture has a row for each package, and names none that there is not; nor do its
// pictures.
func TestPackages(t *testing.T) {
	there := packages(t)
	p := readPage(t, "docs/architecture.md")
	rows := quoted(column(p.section(t, "## Packages"), 0))
	for name := range there {
		if !slices.Contains(rows, name) {
			t.Errorf("docs/architecture.md has no row for %s", name)
		}
	}
	named := slices.Concat(rows, p.code())
	for _, picture := range []string{"house.svg", "join.svg"} {
		words, _ := readPicture(t, picture, readFile(t, "docs/"+picture))
		named = append(named, words...)
	}
	for _, name := range named {
		name, _, _ = strings.Cut(name, ": ")
		if regexp.MustCompile(`^(auth|moderation|internal|cmd|lobby|metrics)(/\w+)*$`).MatchString(name) && !there[name] {
			t.Errorf("docs/architecture.md names %s, which is no package", name)
		}
	}
}

// TestHouse: what the picture of the house has below internal, auth and moderation is there.
func TestHouse(t *testing.T) {
	last := map[string]bool{}
	for name := range packages(t) {
		last[path.Base(name)] = true
	}
	words, _ := readPicture(t, "house.svg", readFile(t, "docs/house.svg"))
	boxes := 0
	for _, text := range words {
		name, _, _ := strings.Cut(text, ": ")
		for word := range strings.SplitSeq(name, ", ") {
			if !regexp.MustCompile(`^[a-z]+$`).MatchString(word) {
				continue
			}
			if boxes++; !last[word] {
				t.Errorf("docs/house.svg has a package %s", word)
			}
		}
	}
	if boxes < 20 {
		t.Errorf("only %d packages were found in the picture", boxes)
	}
}

// TestForeigners: who alone imports a library, as the page says, is who may by the table of arrows.
func TestForeigners(t *testing.T) {
	_, table, found := strings.Cut(readFile(t, "scripts/shape/table.go"), "\nfunc foreigners() ")
	if !found {
		t.Fatal("the table of arrows has no foreigners")
	}
	house := readPage(t, "docs/architecture.md").section(t, "## The house")
	alone := regexp.MustCompile("(?i)only\\s`([^`]+)`").FindAllStringSubmatch(house, -1)
	for _, m := range alone {
		if !strings.Contains(table, `"`+m[1]+`"`) {
			t.Errorf("by the table of arrows %s imports no library alone", m[1])
		}
	}
	if len(alone) < 5 {
		t.Errorf("only %d such packages are named", len(alone))
	}
}

// packages returns the names of all packages, without the module's.
func packages(t *testing.T) map[string]bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "./...")
	cmd.Dir = root
	there := map[string]bool{}
	for name := range strings.FieldsSeq(output(t, cmd)) {
		there[strings.TrimPrefix(name, "usher/")] = true
	}
	return there
}
