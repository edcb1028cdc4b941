// Package status is the command usher status: how is the daemon.
package status

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/admin"
	"usher/internal/text"
)

// Command is usher status.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "tell how the daemon is: ready or not, last reload, keys of every issuer",
		UsageText: "usher status [--config FILE] [--wait [--timeout D]] [--json]",
		Description: `The exit code is 0 if the daemon is ready, 1 if it is not, and 3 if it could not be
reached. With --wait it waits until the daemon is there and ready.

Example:

   $ usher status --config /etc/usher/usher.yaml
   $ systemctl restart usher && usher status --wait --timeout 30s`,
		Flags: []cli.Flag{cmdline.ConfigFlag(), cmdline.JSONFlag("one JSON object"),
			&cli.BoolFlag{Name: "wait", Usage: "wait until the daemon is ready"},
			&cli.DurationFlag{Name: "timeout", Value: time.Minute, Usage: "with --wait: for how `LONG`"}},
		Action: action,
	}
}

func action(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	if c.IsSet("timeout") && !c.Bool("wait") {
		return cmdline.Exit(2, "--timeout is for --wait")
	}
	var s admin.Status
	var err error
	if c.Bool("wait") {
		s, err = await(c)
	} else {
		s, err = ask(c)
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		if err := cmdline.WriteJSON(c.App.Writer, s); err != nil {
			return err
		}
	} else {
		printStatus(cmdline.Prose(c.App.Writer), s)
	}
	switch {
	case s.Ready:
		return nil
	case c.Bool("wait"):
		return cmdline.Exit(1, "it is not ready after "+text.Duration(c.Duration("timeout")))
	}
	return cmdline.Exit(1, "")
}

func ask(c *cli.Context) (s admin.Status, err error) {
	err = cmdline.Ask(c, "GET", "/status", &s)
	return s, err
}

// askEvery is how often a daemon is asked whether it is ready: one that is not there cannot tell when it comes.
const askEvery = 250 * time.Millisecond

// await asks until the daemon is ready, or the time is over. It returns the last answer, if there was one.
func await(c *cli.Context) (last admin.Status, err error) {
	ctx, cancel := context.WithTimeout(c.Context, c.Duration("timeout"))
	defer cancel()
	c.Context = ctx
	again := time.NewTicker(askEvery)
	defer again.Stop()
	for answered := false; ; {
		s, failed := ask(c)
		unreachable, is := errors.AsType[cmdline.ExitError](failed)
		switch {
		case failed == nil:
			last, err, answered = s, nil, true
		case !is || unreachable.ExitCode() != 3:
			return s, failed // it does not pass
		case ctx.Err() == nil || !answered:
			last, err, answered = s, failed, false
		}
		if err == nil && last.Ready {
			return last, nil
		}
		select {
		case <-ctx.Done():
			return last, err
		case <-again.C:
		}
	}
}

// unreachedAfter is how long a gateway may stand without a browser until that is worth a line.
const unreachedAfter = 10 * time.Minute

func printStatus(w io.Writer, s admin.Status) {
	ready := "ready"
	if !s.Ready {
		ready = "not ready"
	}
	up := time.Duration(s.Uptime * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(w, "usher %s is %s, process %d, up %s, configuration %s\n", s.Version, ready, s.PID, up, s.Config)
	for _, reason := range s.NotReady {
		fmt.Fprintln(w, "  not ready: "+reason)
	}
	printLastReload(w, s.LastReload)
	for _, warning := range s.Warnings {
		fmt.Fprintln(w, "configuration: "+warning)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Listeners)) {
		fmt.Fprintf(w, "listen.%s: %s%s\n", name, s.Listeners[name], describeCounts(s.Connections[name]))
	}
	printUnreached(w, s, up)
	if s.Shortage != "" {
		fmt.Fprintln(w, "connections: "+s.Shortage)
	}
	if s.State != nil {
		printState(w, s.State)
	}
	if s.Cluster != "" {
		fmt.Fprintln(w, "cluster: "+text.Printable(s.Cluster)+" (usher cluster status)")
	}
	for _, h := range s.Hosts {
		fmt.Fprintln(w, "host "+h.Host)
		for _, i := range h.Issuers {
			fmt.Fprintln(w, "  issuer "+i.Issuer+": "+text.Printable(describeIssuer(i)))
			for _, line := range issuerFaults(i) {
				fmt.Fprintln(w, "    "+text.Printable(line))
			}
		}
		if r := h.Relay; r != nil && r.OK {
			fmt.Fprintln(w, "  relay: "+text.Printable(r.Text))
		} else if r != nil {
			fmt.Fprintln(w, "  relay: NO: "+text.Printable(r.Text+"; "+r.Mend))
		}
		for _, m := range h.MUC {
			printMUC(w, m, h.Relay != nil)
		}
		for _, u := range h.Unseen {
			fmt.Fprintf(w, "  moderation.moderators: no token has had the claim %s since %s; look at its spelling, "+
				"and at what the application writes\n",
				text.Printable(u.Claim), u.Since.Format(time.RFC3339))
		}
	}
}

func printState(w io.Writer, s *admin.State) {
	behind := ""
	if s.BehindSeconds >= 1 { // before that it is only not done yet
		age := time.Duration(s.BehindSeconds * float64(time.Second)).Round(time.Second)
		behind = fmt.Sprintf("; the file is %s and %s behind", text.Bytes(s.BehindBytes), age)
	}
	fmt.Fprintf(w, "state %s: file %s, journal %s%s\n", s.Path, text.Bytes(s.FileBytes), text.Bytes(s.JournalBytes),
		behind)
	if s.Stuck {
		fmt.Fprintln(w, "  STUCK: a write to the journal is not back, and logins fail: the disk hangs")
	}
	if s.Problem != "" {
		fmt.Fprintln(w, "  the file cannot be written: "+text.Printable(s.Problem))
	}
}

func describeIssuer(i admin.Issuer) string {
	s := text.Plural(i.Keys, "key") + " from " + i.Source
	if i.URL != "" {
		s += " " + i.URL
	}
	if len(i.Names) > 0 {
		s += " (" + strings.Join(i.Names, ", ") + ")"
	}
	if !i.LastSuccess.IsZero() {
		s += ", fetched " + i.LastSuccess.Format(time.RFC3339)
	}
	if i.Problem != "" {
		s += ": " + i.Problem
	}
	return s
}

// describeCounts is what stands behind an address; nothing for a daemon that does not tell.
func describeCounts(c admin.Counts) string {
	if c.Most == 0 {
		return ""
	}
	s := fmt.Sprintf(", %d of %d connections", c.Open, c.Most)
	if c.Closed > 0 {
		s += fmt.Sprintf(", %d closed by the limit", c.Closed)
	}
	return s
}

// printUnreached says so where no web server has come to the gateway in a while: it may still lead past usher.
func printUnreached(w io.Writer, s admin.Status, up time.Duration) {
	_, listens := s.Listeners["gateway"]
	if listens && s.Connections["gateway"].Entered == 0 && up >= unreachedAfter {
		fmt.Fprintf(w, "  nobody has come to the gateway since the start, %s ago: does the web server lead there? see "+
			"\"If it does not work\" in docs/jitsi.md\n", up)
	}
}

// issuerFaults returns what an operator should see to, a line each.
func issuerFaults(i admin.Issuer) (lines []string) {
	if i.Problem == "" && i.Error != "" {
		lines = append(lines, "the last fetch failed, "+i.LastFailure.Format(time.RFC3339)+": "+i.Error)
	}
	for _, s := range i.Skipped {
		lines = append(lines, "left out: "+s)
	}
	return lines
}

func printLastReload(w io.Writer, last *admin.LastReload) {
	switch {
	case last == nil:
		fmt.Fprintln(w, "last reload: none since the start")
	case last.OK:
		fmt.Fprintln(w, "last reload: good, "+last.Time.Format(time.RFC3339))
	default:
		retry := (&admin.Reload{RetryAt: last.RetryAt, Tries: last.Tries}).RetryText()
		fmt.Fprintln(w, "last reload: refused, "+last.Time.Format(time.RFC3339)+": "+last.Error+retry)
		for _, warning := range last.Warnings {
			fmt.Fprintln(w, "  also: "+warning)
		}
	}
}

// printMUC says of each question of Prosody's whether it comes. About the rooms of a relay Prosody asks nothing.
func printMUC(w io.Writer, m admin.MUC, relayed bool) {
	if relayed {
		fmt.Fprintf(w, "  muc %s: the gateway decides about joins\n", m.MUC)
		if m.Account != "" {
			fmt.Fprintf(w, "    past it came %s to %s, since %s; in rooms now of such: %d; keep Prosody's ports 5222, "+
				"5280 and 5281 from the internet\n",
				text.Printable(m.Account), text.Printable(m.Room), m.Since.Format(time.RFC3339), m.Unasked)
		}
		return
	}
	fmt.Fprintf(w, "  muc %s: asks about joins (mod_muc_http_auth): %s; about new rooms (mod_muc_http_defaults): %s\n",
		m.MUC, m.AsksAboutJoins(), m.AsksAboutRooms())
	if m.Account != "" {
		fmt.Fprintf(w, "    such as %s in %s, since %s; in rooms now about whom it did not ask: %d\n",
			text.Printable(m.Account), text.Printable(m.Room), m.Since.Format(time.RFC3339), m.Unasked)
	}
}
