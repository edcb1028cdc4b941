package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"usher/internal/config"
	"usher/internal/text"
)

// tokenCommand is usher token.
func tokenCommand() *cli.Command {
	return &cli.Command{
		Name:        "token",
		Usage:       "make a token, or say why one is refused",
		UsageText:   "usher token mint|explain [OPTIONS]",
		Description: "Example:\n\n   $ usher token mint --user alice --room standup | usher token explain -",
		Subcommands: []*cli.Command{mintCommand(), explainCommand()},
		Action: func(*cli.Context) error {
			return exitError{2, "token: which? mint or explain; see usher token --help"}
		},
	}
}

// mustLoad loads the configuration for a command that needs a good one.
func mustLoad(c *cli.Context) (*config.Config, error) {
	path := c.String("config")
	loaded, problems := config.Load(path)
	if loaded == nil {
		for _, p := range problems {
			fmt.Fprintln(c.App.ErrWriter, p)
		}
		return nil, exitError{1, fmt.Sprintf("%s has %s", path, text.Plural(problems.Errors(), "problem"))}
	}
	return loaded, nil
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
		return "", none, exitError{2, fmt.Sprintf("there are several: name the %s with %s: %s", what, flag,
			strings.Join(names, ", "))}
	}
	return "", none, exitError{1, fmt.Sprintf("%s %q is not in the configuration; there is %s", what, text.Clip(name),
		strings.Join(names, ", "))}
}
