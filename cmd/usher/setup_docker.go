package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"usher/internal/setup"
)

// setupDocker prints what docker-jitsi-meet wants.
func setupDocker(c *cli.Context) error {
	_, err := io.WriteString(c.App.Writer, setup.Docker())
	return err
}
