package lobby

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
)

func lobbyExport(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	var list []admin.Listed
	if err := cmdline.Ask(c, "GET", "/lobby", &list); err != nil {
		return err
	}
	for _, e := range list {
		if !e.Fixed || c.Bool("all") {
			fmt.Fprintln(c.App.Writer, e.String())
		}
	}
	return nil
}

func lobbyImport(c *cli.Context) error {
	if c.NArg() != 1 {
		return cmdline.Exit(2, `lobby import: give one file, or "-" for standard input`)
	}
	in := c.App.Reader
	if name := c.Args().First(); name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	entries, problems := admin.ReadEntries(in)
	if len(problems) > 0 && c.Bool("json") {
		return imported(c, admin.LobbyAnswer{}, problems)
	}
	if len(problems) > 0 {
		return cmdline.Exit(1, "nothing was changed:\n"+strings.Join(problems, "\n"))
	}
	body, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	answer, err := askToChange(c, "/lobby/import", url.Values{"replace": {fmt.Sprint(c.Bool("replace"))}},
		bytes.NewReader(body))
	if err != nil {
		return err
	}
	if c.Bool("json") {
		if answer.Problem != "" {
			problems = []string{answer.Problem}
		}
		return imported(c, answer, problems)
	}
	_, err = fmt.Fprintf(c.App.Writer, "%d on the whitelist, %d taken off\n", answer.Added, answer.Removed)
	return err
}

// imported prints what an import did, or the lines that cannot be read, for a script.
func imported(c *cli.Context, a admin.LobbyAnswer, problems []string) error {
	err := cmdline.WriteJSON(c.App.Writer, struct {
		Added    int          `json:"added"`
		Removed  int          `json:"removed"`
		Problems []string     `json:"problems"`
		Warning  string       `json:"warning,omitempty"`
		Cluster  *admin.Reach `json:"cluster,omitempty"` // which other ushers have it
	}{a.Added, a.Removed, append([]string{}, problems...), a.Warning, a.Cluster})
	if err == nil && len(problems) > 0 {
		return cmdline.Exit(1, "")
	}
	return err
}
