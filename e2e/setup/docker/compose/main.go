// Command compose reads docker-jitsi-meet's folder as docker compose does, with the reader that docker compose is made
// of, and with usher's overlay: compose FOLDER SERVICE COMMAND... runs a command with the environment that the
// service's container would have, and no more; without a command it prints that.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "compose FOLDER SERVICE COMMAND...")
		os.Exit(2)
	}
	logrus.SetLevel(logrus.ErrorLevel) // the older files have a line that is of no use any more
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "compose:", err)
		os.Exit(1)
	}
}

func run(folder, name string, command []string) error {
	project, err := load(folder)
	if err != nil {
		return err
	}
	service, err := project.GetService(name)
	if err != nil {
		return err
	}
	env := environment(service)
	if len(command) == 0 {
		for _, line := range env {
			fmt.Println(line)
		}
		return nil
	}
	c := exec.Command(command[0], command[1:]...)
	c.Env, c.Stdout, c.Stderr = env, os.Stdout, os.Stderr
	return c.Run()
}

func load(folder string) (*types.Project, error) {
	options, err := cli.NewProjectOptions(
		[]string{filepath.Join(folder, "docker-compose.yml"), filepath.Join(folder, "compose.usher.yml")},
		cli.WithWorkingDirectory(folder), cli.WithName("jitsi"), cli.WithEnvFiles(), cli.WithDotEnv)
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

// environment leaves out what has no value: such a name in a service's list sets nothing.
func environment(service types.ServiceConfig) []string {
	var all []string
	for name, value := range service.Environment {
		if value != nil {
			all = append(all, name+"="+*value)
		}
	}
	slices.Sort(all)
	return all
}
