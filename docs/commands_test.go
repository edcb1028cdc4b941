package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// usherBinary builds usher once, into a folder that TestMain removes.
var usherBinary = sync.OnceValues(func() (string, error) {
	file := filepath.Join(workFolder, "usher")
	out, err := exec.Command("go", "build", "-o", file, "usher/cmd/usher").CombinedOutput()
	if err != nil {
		return "", &exec.Error{Name: "go build: " + string(out), Err: err}
	}
	return file, nil
})

var workFolder string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "usher-docs")
	if err != nil {
		panic(err)
	}
	workFolder = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func usher(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	file, err := usherBinary()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), file, args...)
}

// A command is one of usher's, as its own help tells it.
type command struct {
	flags map[string]bool // with their dashes
	below map[string]*command
}

func askHelp(t *testing.T, words ...string) *command {
	t.Helper()
	out, err := usher(t, append(words, "--help")...).Output()
	if err != nil {
		t.Fatalf("usher %v --help: %v", words, err)
	}
	c := &command{flags: map[string]bool{}, below: map[string]*command{}}
	_, options, _ := strings.Cut(string(out), "OPTIONS:\n")
	for _, m := range regexp.MustCompile(`(?m)^ {3}((?:--?[\w-]+(?:, )?)+)`).FindAllStringSubmatch(options, -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			c.flags[name] = true
		}
	}
	_, commands, _ := strings.Cut(string(out), "\nCOMMANDS:\n")
	commands, _, _ = strings.Cut(commands, "\n\n")
	for _, m := range regexp.MustCompile(`(?m)^ {3}(\w+)`).FindAllStringSubmatch(commands, -1) {
		if m[1] != "help" {
			c.below[m[1]] = askHelp(t, append(slices.Clone(words), m[1])...)
		}
	}
	return c
}

// walk calls visit with every command that does something.
func (c *command) walk(name string, visit func(name string)) {
	for word, below := range c.below {
		if len(below.below) == 0 {
			visit(name + " " + word)
		}
		below.walk(name+" "+word, visit)
	}
}

// check returns what is wrong with a command line, without the name usher.
func (c *command) check(words []string) (wrong string) {
	for i, word := range words {
		word = strings.Trim(word, "[]()")
		flag, _, _ := strings.Cut(word, "=")
		switch {
		case strings.HasPrefix(word, "--") && word != "--" && !c.flags[flag]:
			return "there is no option " + word
		case i > 0 || len(c.below) == 0 || strings.HasPrefix(word, "-"):
		case c.below[word] == nil:
			return "there is no command " + word
		default:
			return c.below[word].check(words[1:])
		}
	}
	return ""
}

// TestCommands: every command line and option that a page shows exists, and the table of commands has them all.
func TestCommands(t *testing.T) {
	tree := askHelp(t)
	lines := 0
	for _, p := range pages(t) {
		for _, line := range usherLines(p) {
			lines++
			if wrong := tree.check(line); wrong != "" {
				t.Errorf("%s: usher %s: %s", p.name, strings.Join(line, " "), wrong)
			}
		}
	}
	if lines < 60 {
		t.Errorf("only %d command lines were found", lines)
	}
	table := readPage(t, "docs/operating.md").section(t, "## Commands")
	tree.walk("usher", func(name string) {
		if !strings.Contains(table, "`"+name+"`") {
			t.Errorf("docs/operating.md has no row for %s", name)
		}
	})
}

// TestCheckOfCommands: the check itself sees what is wrong.
func TestCheckOfCommands(t *testing.T) {
	list := &command{flags: map[string]bool{"--json": true}}
	tree := &command{below: map[string]*command{"lobby": {below: map[string]*command{"list": list}}}}
	for line, want := range map[string]string{
		"lobby list": "", "lobby list [--json] JID": "", "lobby": "", "lobby list -- -x": "",
		"lobbies": "there is no command lobbies", "lobby show": "there is no command show",
		"lobby list --all": "there is no option --all", "lobby list --json=x": "",
	} {
		if got := tree.check(strings.Fields(line)); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

var (
	usherWord = regexp.MustCompile(`^(?:\S*/)?(?:bin/)?usher$`)
	separator = regexp.MustCompile(`&&|\|\||;|\||\$\(|[()"]`)
	runAs     = regexp.MustCompile(`^\s*(?:\$ +)?(?:runuser -u \S+ -- )?`)
)

// usherLines returns the arguments of every call of usher that a page shows: between backquotes, in what is to be
// pasted, and in other programs' configuration.
func usherLines(p page) [][]string {
	texts := p.code()
	for _, b := range p.blocks {
		switch b.language {
		case "sh", "console":
			for line := range strings.Lines(b.text) {
				line, _, _ = strings.Cut(line, " #")
				texts = append(texts, line)
			}
		case "yaml":
			for _, m := range regexp.MustCompile(`"(/usr/local/bin/usher [^"]*)"`).FindAllStringSubmatch(b.text, -1) {
				texts = append(texts, m[1])
			}
		}
	}
	var list [][]string
	for _, text := range texts {
		for _, call := range separator.Split(text, -1) {
			words := strings.Fields(runAs.ReplaceAllString(call, ""))
			if len(words) > 1 && usherWord.MatchString(words[0]) && words[1] != "&&" {
				list = append(list, words[1:])
			}
		}
	}
	return list
}
