// Package completion is the command usher completion: how does a shell complete the commands.
package completion

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
)

const bashCompletion = `_usher() {
  local cur="${COMP_WORDS[COMP_CWORD]}"
  local words=("${COMP_WORDS[@]:0:COMP_CWORD}")
  if [[ "$cur" == -* ]]; then words+=("$cur"); fi
  COMPREPLY=($(compgen -W "$("${words[@]}" --generate-bash-completion 2>/dev/null)" -- "$cur"))
}
complete -o bashdefault -o default -F _usher usher
`

const zshCompletion = `#compdef usher
_usher() {
  local -a opts
  local cur="${words[-1]}"
  if [[ "$cur" == -* ]]; then
    opts=("${(@f)$(${words[@]:0:#words[@]-1} ${cur} --generate-bash-completion 2>/dev/null)}")
  else
    opts=("${(@f)$(${words[@]:0:#words[@]-1} --generate-bash-completion 2>/dev/null)}")
  fi
  if [[ -n "${opts[1]}" ]]; then _describe 'values' opts; else _files; fi
}
if [[ "${funcstack[1]}" == _usher ]]; then _usher "$@"; else compdef _usher usher; fi
`

// Command is usher completion.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the script that completes commands in bash, zsh or fish",
		UsageText: "usher completion bash|zsh|fish",
		Description: `The Debian package has them installed already. Example:

   $ usher completion bash > /etc/bash_completion.d/usher
   $ usher completion zsh > /usr/local/share/zsh/site-functions/_usher
   $ usher completion fish > /etc/fish/completions/usher.fish`,
		Action: func(c *cli.Context) error {
			text, err := script(c.App, c.Args().First())
			if err != nil || c.NArg() != 1 {
				return cmdline.Exit(2, "name the shell: usher completion bash, zsh or fish")
			}
			_, err = io.WriteString(c.App.Writer, text)
			return err
		},
	}
}

// script returns the script for a shell. That for fish names every command and option; the others ask usher.
func script(app *cli.App, shell string) (string, error) {
	switch shell {
	case "bash":
		return bashCompletion, nil
	case "zsh":
		return zshCompletion, nil
	case "fish":
		return app.ToFishCompletion()
	}
	return "", fmt.Errorf("no shell %q", shell)
}
