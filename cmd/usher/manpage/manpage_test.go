package manpage

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func app() *cli.App {
	return &cli.App{
		Name: "door", Usage: "open", Version: "1.2.3", UsageText: "door COMMAND\n\nExample:\n\n   $ door open -v",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more"}},
		Commands: []*cli.Command{
			{Name: "open", Usage: "let in", UsageText: "door open [--for NAME] JID",
				Description: "A line.\n.so /etc/passwd\n'with a quote\nand a \\backslash.\n\nExample:\n\n   $ door open\n   .hidden\n\nEnd.",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "for", Value: "all", EnvVars: []string{"DOOR"}, Usage: "whose `NAME` it is"},
					&cli.StringFlag{Name: "secret", Hidden: true},
				}},
			{Name: "keys", Usage: "look at keys", Subcommands: []*cli.Command{{Name: "list", Usage: "list keys"},
				{Name: "forge", Usage: "none of yours", Hidden: true}}},
			{Name: "trap", Usage: "none of yours", Hidden: true},
		},
	}
}

func TestPages(t *testing.T) {
	pages := maps.Collect(Pages(app(), "2026-11-28"))
	if names := slices.Sorted(maps.Keys(pages)); !slices.Equal(names, []string{"door", "door-keys", "door-open"}) {
		t.Fatalf("pages %v", names)
	}
	for name, wants := range map[string][]string{
		"door": {`.TH "DOOR" 1 "2026\-11\-28" "usher 1.2.3"`, "door \\- open\n", "\\fBdoor\\-open\\fR(1)\nlet in\n",
			".EX\n$ door open \\-v\n.EE\n", "\\fB\\-\\-verbose\\fR, \\fB\\-v\\fR\nsay more\n"},
		"door-open": {"\\fBdoor\\fR \\fBopen\\fR [\\fB\\-\\-for\\fR NAME] JID\n",
			"A line.\n\\&.so /etc/passwd\n\\(aqwith a quote\nand a \\ebackslash.\n",
			".PP\n.RS 4\n.EX\n$ door open\n\\&.hidden\n.EE\n.RE\n.PP\nEnd.\n",
			".TP\n\\fB\\-\\-for\\fR \\fINAME\\fR\nwhose NAME it is; default: all; or from the environment, as DOOR\n"},
		"door-keys": {".SS \"door keys list\"\n.PP\nList keys.\n", "\\fBdoor\\fR \\fBkeys\\fR \\fBlist\\fR [OPTIONS]\n"},
	} {
		for _, want := range wants {
			if !strings.Contains(pages[name], want) {
				t.Errorf("%s has no %q:\n%s", name, want, pages[name])
			}
		}
	}
	for name, page := range pages {
		if strings.Contains(page, "none of yours") || strings.Contains(page, "secret") {
			t.Errorf("%s shows what is hidden:\n%s", name, page)
		}
	}
}

// FuzzText: nothing of a text is a request of roff, whatever it says, and every word of it is there.
func FuzzText(f *testing.F) {
	f.Add("A\n.B\n'C\n\n   $ x\n   .y\n\n z\\")
	f.Add("   indented\n\n\n.\n")
	f.Fuzz(func(t *testing.T, text string) {
		p := &page{}
		p.text(text)
		own := []string{".PP", ".RS 4", ".RE", ".EX", ".EE", ""}
		for line := range strings.SplitSeq(p.String(), "\n") {
			if strings.HasPrefix(line, ".") && !slices.Contains(own, line) || strings.HasPrefix(line, "'") {
				t.Errorf("%q is a request, from %q", line, text)
			}
		}
		if open, closed := strings.Count(p.String(), "\n.EX"), strings.Count(p.String(), "\n.EE"); open < closed {
			t.Errorf("%d examples begin, %d end, from %q", open, closed, text)
		}
	})
}
