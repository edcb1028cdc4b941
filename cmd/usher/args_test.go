package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
)

// TestArrange: where an address, an option, and what is neither may stand.
func TestArrange(t *testing.T) {
	for line, want := range map[string]string{
		"lobby allow -abc@guest.x":                    "lobby allow -- -abc@guest.x",
		"lobby allow --ttl 8h -abc@guest.x":           "lobby allow --ttl 8h -- -abc@guest.x",
		"lobby allow -abc@guest.x --ttl 8h":           "lobby allow --ttl 8h -- -abc@guest.x",
		"lobby allow --abc@guest.x -ttl=8h --room b":  "lobby allow -ttl=8h --room b -- --abc@guest.x",
		"lobby allow --room -abc alice@x":             "lobby allow --room -abc -- alice@x",
		"lobby allow --note=-a@b alice@x":             "lobby allow --note=-a@b -- alice@x",
		"lobby admit standup -abc@guest.x --config f": "lobby admit --config f -- standup -abc@guest.x",
		"lobby deny -room@conf.x _abc@guest.x":        "lobby deny -- -room@conf.x _abc@guest.x",
		"lobby admit -- -room -abc@guest.x --config":  "lobby admit -- -room -abc@guest.x --config",
		"lobby remove --rom=board@c alice@x":          "lobby remove --rom=board@c -- alice@x", // a wrong option
		"lobby remove --rom board alice@x":            "lobby remove --rom -- board alice@x",   // likewise
		"sessions revoke -abc@x --json":               "sessions revoke --json -- -abc@x",
		"sessions revoke -- -abc":                     "sessions revoke -- -abc",
		"token explain --host h --json -":             "token explain --host h --json -- -",
		"token explain - --json":                      "token explain --json -- -",
		"token mint --user -abc --moderator":          "token mint --user -abc --moderator --",
		"status --json":                               "status --json --",
		"status --config":                             "status --config --", // the library says what is missing
		"--version":                                   "--version",
		"lobby":                                       "lobby",
		"lobby --help":                                "lobby --help",
		"help lobby":                                  "help lobby",
		"nonsense -abc@x":                             "nonsense -abc@x",
		"lobby allow -a " + cmdline.CompletionFlag:    "lobby allow -a " + cmdline.CompletionFlag,
	} {
		got := cmdline.Arrange(newApp(), append([]string{"usher"}, strings.Fields(line)...))
		if !slices.Equal(got[1:], strings.Fields(want)) {
			t.Errorf("%s\n got %s\nwant %s", line, strings.Join(got[1:], " "), want)
		}
	}
}

// TestEveryCommandTakesAddresses: every command with arguments gets them as they are, wherever its options stand. A
// command that is added is tried without anybody thinking of it.
func TestEveryCommandTakesAddresses(t *testing.T) {
	for _, path := range leaves(newApp().Commands, nil) {
		for _, names := range [][]string{{"-abc@guest.x"}, {"standup", "-abc@guest.x"},
			{"--x@conf.x", "_abc@guest.x"}} {
			for _, args := range [][]string{names, slices.Concat([]string{"--config", "f"}, names),
				slices.Concat(names, []string{"--config", "f"})} {
				app := newApp()
				var got []string
				for _, c := range all(app.Commands) {
					if !hasFlag(c, "config") {
						c.Flags = append(c.Flags, cmdline.ConfigFlag())
					}
					c.Action = func(c *cli.Context) error {
						got = c.Args().Slice()
						if slices.Contains(args, "f") && c.String("config") != "f" {
							t.Errorf("%v %v: config is %q", path, args, c.String("config"))
						}
						return nil
					}
				}
				app.Writer, app.ErrWriter = io.Discard, io.Discard
				line := slices.Concat([]string{"usher"}, path, args)
				if err := app.Run(cmdline.Arrange(app, line)); err != nil || !slices.Equal(got, names) {
					t.Errorf("%v: %q, %v", line, got, err)
				}
			}
		}
	}
}

// leaves are the commands that do something, by their words.
func leaves(commands []*cli.Command, before []string) (list [][]string) {
	for _, c := range commands {
		path := slices.Concat(before, []string{c.Name})
		if len(c.Subcommands) > 0 {
			list = append(list, leaves(c.Subcommands, path)...)
		} else {
			list = append(list, path)
		}
	}
	return list
}

func all(commands []*cli.Command) (list []*cli.Command) {
	for _, c := range commands {
		list = append(append(list, c), all(c.Subcommands)...)
	}
	return list
}

func hasFlag(c *cli.Command, name string) bool {
	return slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
}
