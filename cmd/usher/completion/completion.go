// Package completion is the command usher completion: how does a shell complete the commands.
package completion

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
)

// Each asks usher for what may follow. A word of two dashes alone would end the options, so it is asked for as one
// dash.

const bashCompletion = `_usher() {
  local cur="${COMP_WORDS[COMP_CWORD]}"
  local words=("${COMP_WORDS[@]:0:COMP_CWORD}")
  if [[ "$cur" == -* ]]; then words+=("${cur/%--/-}"); fi
  COMPREPLY=($(compgen -W "$("${words[@]}" --generate-bash-completion 2>/dev/null)" -- "$cur"))
}
complete -o bashdefault -o default -F _usher usher
`

const zshCompletion = `#compdef usher
_usher() {
  local -a opts
  local cur="${words[-1]}"
  if [[ "$cur" == -* ]]; then
    opts=("${(@f)$(${words[@]:0:#words[@]-1} ${cur/%--/-} --generate-bash-completion 2>/dev/null)}")
  else
    opts=("${(@f)$(${words[@]:0:#words[@]-1} --generate-bash-completion 2>/dev/null)}")
  fi
  if [[ -n "${opts[1]}" ]]; then _describe 'values' opts; else _files; fi
}
if [[ "${funcstack[1]}" == _usher ]]; then _usher "$@"; else compdef _usher usher; fi
`

const fishCompletion = `function __usher_complete
  set -l words (commandline -opc)
  set -l cur (commandline -ct)
  if string match -q -- '-*' $cur; set -a words (string replace -r '^--$' -- - $cur); end
  $words --generate-bash-completion 2>/dev/null
end
complete -c usher -f -a '(__usher_complete)'
complete -c usher -l config -r -F
complete -c usher -n '__fish_seen_subcommand_from mint' -l key -r -F
complete -c usher -n '__fish_seen_subcommand_from extauth' -l socket -r -F
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
			scripts := map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}
			script, ok := scripts[c.Args().First()]
			if !ok || c.NArg() != 1 {
				return cmdline.Exit(2, "name the shell: usher completion bash, zsh or fish")
			}
			fmt.Fprint(c.App.Writer, script)
			return nil
		},
	}
}
