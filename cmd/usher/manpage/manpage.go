// Package manpage is the hidden command usher man: what do the manual pages say? They are made from the commands
// themselves, so that they cannot fall behind. The library's own writer of manual pages fills the lines of examples
// like those of a paragraph, and puts every command on one page.
package manpage

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
)

// Command is usher man.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "man",
		Hidden:    true,
		Usage:     "write the manual pages",
		UsageText: "usher man [--date DATE] FOLDER",
		Description: `Writes usher.1 and a page for each command into a folder that is there.

Example:

   $ usher man /usr/local/share/man/man1`,
		Flags:  []cli.Flag{&cli.StringFlag{Name: "date", Usage: "the `DATE` on the pages, such as 2026-11-28"}},
		Action: write,
	}
}

func write(c *cli.Context) error {
	if c.NArg() != 1 {
		return cmdline.Exit(2, "man: name the folder; see usher man --help")
	}
	for name, page := range Pages(c.App, c.String("date")) {
		file := filepath.Join(c.Args().First(), name+".1")
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			return fmt.Errorf("man: %w", err)
		}
	}
	return nil
}
