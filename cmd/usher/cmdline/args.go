package cmdline

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// CompletionFlag is what the shell asks with; it has to stay the last argument.
const CompletionFlag = "--generate-bash-completion"

// Arrange puts the options of a command before its other arguments, wherever they stand, so that an address is never
// taken for an option: Prosody draws accounts of guests that begin with - or _ (util.id), and the library ends its
// options at the first other argument. What is neither an option of the command nor has an @ stays where options are,
// and is then refused as a wrong one; behind -- everything is as it is.
func Arrange(app *cli.App, args []string) []string {
	if len(args) == 0 || args[len(args)-1] == CompletionFlag {
		return args
	}
	commands, known := app.Commands, []cli.Flag{}
	at := 1
	for ; at < len(args) && len(commands) > 0; at++ {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[at]) })
		if i < 0 {
			return args // an option of the program itself, help, or no command
		}
		commands, known = commands[i].Subcommands, commands[i].Flags
	}
	if len(commands) > 0 {
		return args
	}
	options, others := tellApart(args[at:], known)
	return slices.Concat(args[:at], options, []string{"--"}, others)
}

// tellApart tells a command's options, with their values, from its other arguments.
func tellApart(args []string, known []cli.Flag) (options, others []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return options, append(others, args[i+1:]...)
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			others = append(others, arg)
			continue
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		flag := flagNamed(known, name)
		if flag == nil && isAddress(arg) {
			others = append(others, arg)
			continue
		}
		options = append(options, arg)
		if takes, ok := flag.(cli.DocGenerationFlag); ok && takes.TakesValue() && !hasValue && i+1 < len(args) {
			i++
			options = append(options, args[i])
		}
	}
	return options, others
}

// takesName reports whether a command's last argument is a name that usher has not chosen.
func takesName(c *cli.Command) bool {
	return strings.Contains(c.UsageText, " JID") || strings.Contains(c.UsageText, " ACCOUNT")
}

// aboutDuration reports whether the library could not read an option that is a duration. Its error is a text alone:
// invalid value "1d" for flag -ttl: parse error.
func aboutDuration(c *cli.Command, err error) bool {
	_, rest, found := strings.Cut(err.Error(), "for flag -")
	name, _, _ := strings.Cut(rest, ":")
	_, ok := flagNamed(c.Flags, name).(*cli.DurationFlag)
	return found && ok
}

// flagNamed returns nil if there is none.
func flagNamed(known []cli.Flag, name string) cli.Flag {
	for _, f := range known {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

// isAddress reports whether an argument that looks like an option is an address. One with = before its @ is an option
// with an address for a value, whose name is wrong.
func isAddress(arg string) bool {
	account, _, found := strings.Cut(arg, "@")
	return found && !strings.Contains(account, "=")
}
