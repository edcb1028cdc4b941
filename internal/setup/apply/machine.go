package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"usher/internal/setup"
)

// checks are what Prosody and nginx are asked about their files.
func checks() [][]string {
	return [][]string{{"prosodyctl", "check", "config"}, {"nginx", "-t"}}
}

// opinions asks before anything is changed: what was wrong already is no reason to stop.
func (w *Writer) opinions(ctx context.Context) map[string]bool {
	good := map[string]bool{}
	for _, command := range checks() {
		if w.Machine != nil {
			_, err := w.Machine.Run(ctx, command[0], command[1:]...)
			good[strings.Join(command, " ")] = err == nil
		}
	}
	return good
}

// tried asks again.
func (w *Writer) tried(ctx context.Context, before map[string]bool) error {
	if w.Machine == nil {
		w.say("Nothing is run: the files are those of a folder. On the machine itself prosodyctl check config and " +
			"nginx -t would be asked now.")
		return nil
	}
	for _, command := range checks() {
		name := strings.Join(command, " ")
		said, err := w.Machine.Run(ctx, command[0], command[1:]...)
		switch {
		case err == nil:
			w.say("%s: ok", name)
		case before[name]:
			return fmt.Errorf("%s: %w\n%s", name, err, said)
		default:
			w.say("%s complained before as well (%v):\n%s", name, err, said)
		}
	}
	return nil
}

// commands are what brings each part's files into force, in the order in which nobody is refused for longer than
// Prosody takes to start: usher first, the web server last.
func commands(parts []setup.Part) [][]string {
	all := []struct {
		part setup.Part
		line string
	}{
		{setup.Usher, "systemctl enable usher"},
		{setup.Usher, "systemctl restart usher"},
		{setup.Prosody, "systemctl restart prosody"},
		{setup.Jicofo, "systemctl restart jicofo"},
		{setup.Nginx, "systemctl reload nginx"},
	}
	var list [][]string
	for _, c := range all {
		if slices.Contains(parts, c.part) {
			list = append(list, strings.Fields(c.line))
		}
	}
	return list
}

// Commands are what Write would run for a plan, for a person to read.
func Commands(p *setup.Plan) []string {
	var list []string
	for _, command := range commands(p.Parts()) {
		list = append(list, strings.Join(command, " "))
	}
	return list
}

func stopUsher() []string { return []string{"systemctl", "disable", "--now", "usher"} }

func restartUsher() []string { return []string{"systemctl", "restart", "usher"} }

func (w *Writer) runAll(ctx context.Context, list [][]string) error {
	for _, command := range list {
		line := strings.Join(command, " ")
		if w.Machine == nil {
			w.say("not run: %s", line)
			continue
		}
		if said, err := w.Machine.Run(ctx, command[0], command[1:]...); err != nil {
			return fmt.Errorf("%s: %w\n%s", line, err, said)
		}
		w.say("ran %s", line)
	}
	return nil
}
