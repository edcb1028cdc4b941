// Package token is the command usher token: how is a token made, and why is one refused.
package token

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/text"
)

// Command is usher token.
func Command() *cli.Command {
	return &cli.Command{
		Name:        "token",
		Usage:       "make a token, or say why one is refused",
		UsageText:   "usher token mint|explain [OPTIONS]",
		Description: "Example:\n\n   $ usher token mint --user alice --room standup | usher token explain -",
		Subcommands: []*cli.Command{mintCommand(), explainCommand()},
	}
}

// choose returns the named entry, or the only one. What says what is chosen,
// flag how the operator names it.
func choose[T any](entries map[string]T, name, what, flag string) (string, T, error) {
	names := make([]string, 0, len(entries))
	for n := range entries {
		names = append(names, n)
	}
	slices.Sort(names)
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	if entry, ok := entries[name]; ok {
		return name, entry, nil
	}
	var none T
	if name == "" {
		return "", none, cmdline.Exit(2, fmt.Sprintf("there are several: name the %s with %s: %s", what, flag,
			strings.Join(names, ", ")))
	}
	return "", none, cmdline.Exit(1, fmt.Sprintf("%s %q is not in the configuration; there is %s", what, text.Clip(name),
		strings.Join(names, ", ")))
}
