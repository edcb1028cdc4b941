package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"usher/e2e/child"
	"usher/internal/admin"
)

// stopWithin is twice what usher itself takes for a stop at the most.
const stopWithin = 10 * time.Second

// An usher is one of four, a process of its own with a folder of its own.
type usher struct {
	name, dir, program string
	proc               *child.Process // nil: it does not run
}

func (u *usher) path(name string) string { return filepath.Join(u.dir, name) }

func (u *usher) configure(d *demo, cell string) error {
	if err := os.MkdirAll(u.dir, 0o700); err != nil {
		return err
	}
	text := fmt.Sprintf(`state: sqlite:%s
listen: {dovecot: %s, admin: %s, metrics: %s}
cluster:
  redis: redis://%s/0?sentinel=usher
  secret_files: [%s]
  node: %s
  cell: %s
hosts:
  %s:
    issuers: {my-app: {secret_files: [%s], audience: [jitsi]}}
`, u.path("usher.db"), u.path("auth.sock"), u.path("admin.sock"), u.path("metrics.sock"), d.sentinel.Address(),
		d.path("cluster.secret"), u.name, cell, host, d.path("my-app.secret"))
	return os.WriteFile(u.path("usher.yaml"), []byte(text), 0o600)
}

// start starts the daemon, and returns when it answers.
func (u *usher) start(ctx context.Context) error {
	log, err := os.OpenFile(u.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer log.Close() // the child has its own
	cmd := exec.Command(u.program, "serve", "--config", u.path("usher.yaml"))
	cmd.Stderr = log
	if u.proc, err = child.Start(cmd); err != nil {
		u.proc = nil // nothing to stop
		return fmt.Errorf("starting %s: %w", u.name, err)
	}
	return until(ctx, u.name+" answers", func() error {
		conn, err := net.Dial("unix", u.path("auth.sock"))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// kill ends it at once.
func (u *usher) kill() {
	u.proc.Kill()
	u.proc = nil
}

func (u *usher) stop() error {
	if u.proc == nil {
		return nil
	}
	if u.proc.Stop(stopWithin) != nil {
		return errors.New(u.name + " did not stop and was killed")
	}
	if err := u.proc.Err(); err != nil {
		return fmt.Errorf("%s ended badly: %w", u.name, err)
	}
	return nil
}

// command runs a command against this usher, and returns what it prints.
func (u *usher) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, u.program, args...)
	cmd.Env = append(os.Environ(), "USHER_CONFIG="+u.path("usher.yaml"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("usher %v at %s: %w: %s", args, u.name, err, out)
	}
	return string(out), nil
}

// knows waits until this usher lets people in and so many live, as far as it knows.
func (u *usher) knows(ctx context.Context, ushers int) error {
	return until(ctx, fmt.Sprintf("%s knows %d ushers", u.name, ushers), func() error {
		said, err := u.command(ctx, "cluster", "status", "--json")
		if err != nil {
			return err
		}
		var a admin.ClusterAnswer
		if err := json.Unmarshal([]byte(said), &a); err != nil {
			return err
		}
		lives := 0
		for _, n := range a.Nodes {
			if n.Lives && n.InStep {
				lives++
			}
		}
		if !a.Fresh || lives != ushers {
			return errors.New(said)
		}
		return nil
	})
}
