// Package completion is the command usher completion: how does a shell complete the commands.
package completion

import (
	"fmt"

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
compdef _usher usher
`

// Command is usher completion.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the script that completes commands in bash or zsh",
		UsageText: "usher completion bash|zsh",
		Description: `Example:

   $ usher completion bash > /etc/bash_completion.d/usher
   $ usher completion zsh > /usr/local/share/zsh/site-functions/_usher`,
		Action: func(c *cli.Context) error {
			scripts := map[string]string{"bash": bashCompletion, "zsh": zshCompletion}
			script, ok := scripts[c.Args().First()]
			if !ok || c.NArg() != 1 {
				return cmdline.Exit(2, "name the shell: usher completion bash, or usher completion zsh")
			}
			fmt.Fprint(c.App.Writer, script)
			return nil
		},
	}
}
