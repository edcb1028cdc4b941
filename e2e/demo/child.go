package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"usher/e2e/child"
)

// stopWithin is twice what usher itself takes for a stop at the most.
const stopWithin = 10 * time.Second

// A demoChild is the demo's daemon, a process of its own as under systemd.
type demoChild struct{ *child.Process }

// startChild runs a program with its standard error in a file.
func startChild(log, program string, args ...string) (*demoChild, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	defer f.Close() // the child has its own
	cmd := exec.Command(program, args...)
	cmd.Stderr = f
	p, err := child.Start(cmd)
	return &demoChild{p}, err
}

// stop returns when the child is gone, and how it ended.
func (c *demoChild) stop() error {
	if c.Stop(stopWithin) != nil {
		return errors.New("usher did not stop and was killed")
	}
	if err := c.Err(); err != nil {
		return fmt.Errorf("usher ended badly: %w", err)
	}
	return nil
}
