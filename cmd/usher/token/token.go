// Package token is the command usher token: how is a token made, and why is one refused.
package token

import (
	"github.com/urfave/cli/v2"
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
