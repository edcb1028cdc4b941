// Package cluster is the command usher cluster: which ushers share what they know.
package cluster

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
	"usher/internal/text"
)

// Command is usher cluster.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "cluster",
		Usage: "look at the ushers that share what they know, or retire one",
		Description: `Example:

   $ usher cluster status`,
		Subcommands: []*cli.Command{
			{
				Name:      "status",
				Usage:     "tell which ushers there are, and whether this one knows what the others know",
				UsageText: "usher cluster status [--config FILE] [--json]",
				Description: `The exit code is 1 if something is wrong, or if there is no cluster, 3 if the daemon could
not be reached.

Example:

   $ usher cluster status`,
				Flags:  []cli.Flag{cmdline.ConfigFlag(), cmdline.JSONFlag("one JSON object")},
				Action: clusterStatus,
			},
			{
				Name:      "forget",
				Usage:     "retire an usher for good, so that nobody waits for it any more",
				UsageText: "usher cluster forget [--config FILE] NODE",
				Description: `What the node has told the others stays known. One that still runs comes back by itself.

Example:

   $ usher cluster forget c`,
				Flags:  []cli.Flag{cmdline.ConfigFlag()},
				Action: clusterForget,
			},
		},
	}
}

const noCluster = "there is no cluster in the configuration: this usher is alone"

func clusterStatus(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	var a admin.ClusterAnswer
	if err := cmdline.Ask(c, "GET", "/cluster", &a); err != nil {
		return err
	}
	if c.Bool("json") {
		if err := cmdline.WriteJSON(c.App.Writer, a); err != nil {
			return err
		}
	}
	if a.Alone {
		return cmdline.Exit(1, noCluster)
	}
	if !c.Bool("json") {
		printCluster(c.App.Writer, a)
	}
	if n := len(slices.Concat(a.Problems, a.Warnings())); n > 0 {
		return cmdline.Exit(1, text.Plural(n, "problem"))
	}
	return nil
}

func printCluster(w io.Writer, a admin.ClusterAnswer) {
	fmt.Fprintf(w, "node %s of cell %s: %s\n", a.Node, a.Cell, a.Report)
	if a.Engine != "" {
		fmt.Fprintln(w, "  Redis: "+text.Printable(a.Engine))
	}
	for _, problem := range slices.Concat(a.Problems, a.Warnings()) {
		fmt.Fprintln(w, "  PROBLEM: "+text.Printable(problem))
	}
	if a.Staleness >= 0 {
		fmt.Fprintf(w, "knows what the others had published %s ago; %s not sent yet\n", rounded(a.Staleness),
			text.Plural(a.Outbox, "change"))
	}
	table := cmdline.NewTable(w, "NODE\tCELL\tHEARD\tIN STEP\tWRITES\tRULES\tCLOCK\tVERSION")
	for _, n := range a.Nodes {
		heard := rounded(n.Heard) + " ago"
		if !n.Lives {
			heard += ", gone"
		}
		rules := "the same"
		if !n.SameConf {
			rules = "OTHERS"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%+dms\t%s\n", text.Printable(n.Node), text.Printable(n.Cell), heard,
			yes(n.InStep), yes(n.Writer), rules, n.Clock.Milliseconds(), text.Printable(n.Usher))
		if n.Problem != "" {
			fmt.Fprintf(table, "  %s\n", text.Printable(n.Problem))
		}
	}
	_ = table.Flush()
}

func rounded(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func clusterForget(c *cli.Context) error {
	if c.NArg() != 1 || c.Args().First() == "" {
		return cmdline.Exit(2, "cluster forget: give the name of one node; usher cluster status shows them")
	}
	var a admin.ForgetAnswer
	q := url.Values{"node": {c.Args().First()}}
	if err := cmdline.Ask(c, "POST", "/cluster/forget?"+q.Encode(), &a); err != nil {
		return err
	}
	switch {
	case a.Alone:
		return cmdline.Exit(1, noCluster)
	case a.Problem != "":
		return cmdline.Exit(1, a.Problem)
	}
	fmt.Fprintln(c.App.Writer, "forgotten: "+text.Printable(c.Args().First()))
	return nil
}
