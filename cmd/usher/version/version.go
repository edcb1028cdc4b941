// Package version is the command usher version: which usher is this, and what was it made of.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
)

// A Version is what usher version --json prints.
type Version struct {
	Version  string `json:"version"`
	Go       string `json:"go"`       // of the compiler: go1.26.0
	Platform string `json:"platform"` // linux/amd64
	Commit   string `json:"commit,omitempty"`
	Changed  bool   `json:"changed,omitempty"` // it was built of a commit and of changes that are in none
}

// Command is usher version.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "tell which usher this is, and what it was built of",
		UsageText: "usher version [--json]",
		Description: `The version is that of this program; usher status has that of the daemon.

Example:

   $ usher version
   usher v1.4.0 (commit 3d95e1b3a964, go1.26.0, linux/amd64)`,
		Flags:  []cli.Flag{cmdline.JSONFlag("one JSON object")},
		Action: action,
	}
}

func action(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	info, _ := debug.ReadBuildInfo()
	v := describe(c.App.Version, info)
	if c.Bool("json") {
		return cmdline.WriteJSON(c.App.Writer, v)
	}
	_, err := fmt.Fprintln(c.App.Writer, v)
	return err
}

// describe reads what the compiler noted; info may be nil.
func describe(version string, info *debug.BuildInfo) Version {
	v := Version{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info == nil {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Changed = s.Value == "true"
		}
	}
	return v
}

// String is one line.
func (v Version) String() string {
	commit := ""
	if v.Commit != "" {
		commit = "commit " + v.Commit[:min(len(v.Commit), 12)]
		if v.Changed {
			commit += " with changes"
		}
		commit += ", "
	}
	return fmt.Sprintf("usher %s (%s%s, %s)", v.Version, commit, v.Go, v.Platform)
}
