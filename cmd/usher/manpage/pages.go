package manpage

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Pages gives each manual page of section 1 by its name, without the section: one of the program, and one of each
// command with what is below it. The date is any text, or none. Hidden commands and options have no page and no line.
func Pages(app *cli.App, date string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		commands := shown(app.Commands)
		if !yield(app.Name, program(app, commands, date)) {
			return
		}
		for _, c := range commands {
			if !yield(app.Name+"-"+c.Name, command(app, c, date)) {
				return
			}
		}
	}
}

// shown returns the commands that people see, but for the library's own help.
func shown(commands []*cli.Command) []*cli.Command {
	return slices.DeleteFunc(slices.Clone(commands), func(c *cli.Command) bool { return c.Hidden || c.Name == "help" })
}

func program(app *cli.App, commands []*cli.Command, date string) string {
	p := begin(app.Name, date, app.Version, app.Usage)
	usage, example, _ := strings.Cut(app.UsageText, "\n")
	p.section("SYNOPSIS")
	p.synopsis(usage)
	p.section("COMMANDS")
	var also []string
	for _, c := range commands {
		name := app.Name + "-" + c.Name
		also = append(also, name)
		p.item(bold(escaped(name))+"(1)", c.Usage)
	}
	p.section("OPTIONS")
	p.options(app.Flags)
	p.section("EXAMPLES")
	p.text(strings.TrimPrefix(strings.TrimSpace(example), "Example:"))
	p.section("EXIT STATUS")
	for code, means := range []string{"done", "refused, not found, or a problem of the configuration", "wrong usage",
		"the daemon could not be reached"} {
		p.item(bold(fmt.Sprint(code)), means)
	}
	p.section("FILES")
	p.item(italic("/etc/usher/usher.yaml"), "the configuration")
	p.seeAlso(also)
	return p.String()
}

func command(app *cli.App, c *cli.Command, date string) string {
	name := app.Name + "-" + c.Name
	p := begin(name, date, app.Version, c.Usage)
	p.section("SYNOPSIS")
	below := shown(c.Subcommands)
	if len(below) == 0 || c.UsageText != "" {
		p.synopsis(usageOf(app.Name, c))
	}
	for _, sub := range below {
		p.synopsis(usageOf(app.Name+" "+c.Name, sub))
	}
	if c.Description != "" {
		p.section("DESCRIPTION")
		p.text(c.Description)
	}
	if len(c.VisibleFlags()) > 0 && len(below) == 0 {
		p.section("OPTIONS")
		p.options(c.Flags)
	}
	if len(below) > 0 {
		p.section("COMMANDS")
	}
	for _, sub := range below {
		p.below(app.Name+" "+c.Name, sub)
	}
	p.seeAlso([]string{app.Name})
	return p.String()
}

// below writes of a command of a command: what it does, and its options.
func (p *page) below(parent string, c *cli.Command) {
	name := parent + " " + c.Name
	fmt.Fprintf(p, ".SS %s\n", quoted(name))
	p.text(strings.ToUpper(c.Usage[:1]) + c.Usage[1:] + ".")
	p.text(c.Description)
	p.options(c.Flags)
	for _, sub := range shown(c.Subcommands) {
		p.below(name, sub)
	}
}

func usageOf(parent string, c *cli.Command) string {
	if c.UsageText != "" {
		return c.UsageText
	}
	return parent + " " + c.Name + " [OPTIONS]"
}
