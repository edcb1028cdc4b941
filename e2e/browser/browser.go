// Package browser answers "what does a person see who opens this link?": it starts a real Chromium without a window,
// on an empty profile, for which the names of the test lead to the loopback interface and no other name exists. It
// knows nothing of package testing, as the demo uses it too; package driver looks into the pages.
package browser

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"usher/e2e/child"
	"usher/e2e/parts"
)

// grace is how long Chromium has to end after SIGTERM: it writes its profile then, which a slow disk keeps it from.
const grace = 30 * time.Second

// startLimit bounds a start whose context has no deadline; Chromium takes about a second.
const startLimit = time.Minute

// ErrMissing is in the error of Find and Start when the machine has no Chromium.
var ErrMissing = errors.New("chromium is not installed: run scripts/install.sh chromium")

// Config says what to start.
type Config struct {
	Dir   string            // folder for the profile and the log; created if needed
	Hosts map[string]string // addresses, host:port, for names; the port of a link is replaced too
}

// A Browser is a Chromium that runs.
type Browser struct {
	config Config
	proc   *child.Process
	addr   string // host:port of its DevTools
	path   string // of the WebSocket there
}

// Find returns the program.
func Find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", parts.Why("chromium", ErrMissing)
}

// Start returns when the browser takes commands. The context bounds the start, not the life of it: end that with Stop.
func Start(ctx context.Context, c Config) (*Browser, error) {
	program, err := Find()
	if err != nil {
		return nil, err
	}
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return nil, fmt.Errorf("resolving the browser's folder: %w", err)
	}
	b := &Browser{config: c}
	if b.proc, err = b.spawn(program); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := b.wait(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("waiting for chromium: %w\nits output:\n%s", err, b.Log()), b.Stop())
	}
	return b, nil
}

func (b *Browser) file(name string) string { return filepath.Join(b.config.Dir, name) }

func (b *Browser) spawn(program string) (*child.Process, error) {
	if err := os.MkdirAll(b.config.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the browser's folder: %w", err)
	}
	out, err := os.OpenFile(b.file("output"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the browser's output: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(program, b.config.flags()...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = b.config.Dir, out, out
	// Fonts and settings have caches outside of the profile.
	cmd.Env = append(os.Environ(), "HOME="+b.config.Dir, "XDG_CONFIG_HOME="+b.config.Dir,
		"XDG_CACHE_HOME="+b.config.Dir, "TMPDIR="+b.config.Dir)
	return child.Start(cmd)
}

// wait reads where Chromium takes commands: it writes the port it chose, and a path, into its profile.
func (b *Browser) wait(ctx context.Context) error {
	for {
		text, err := os.ReadFile(filepath.Join(b.config.profile(), "DevToolsActivePort"))
		port, path, complete := strings.Cut(string(text), "\n")
		switch {
		case err == nil && complete && path != "":
			b.addr, b.path = net.JoinHostPort("127.0.0.1", port), strings.TrimSpace(path)
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
		select {
		case <-b.proc.Done():
			return fmt.Errorf("it exited: %v", b.proc.Err())
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// DevTools is the address of the WebSocket for the Chrome DevTools Protocol.
func (b *Browser) DevTools() string { return "ws://" + b.addr + b.path }

// PID is the process id.
func (b *Browser) PID() int { return b.proc.PID() }

// Log is what Chromium has written to its standard output and error.
func (b *Browser) Log() string {
	text, err := os.ReadFile(b.file("output"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Stop ends the browser with all of its processes.
func (b *Browser) Stop() error {
	err := b.proc.Stop(grace)
	// They are one process group. Its own helpers end by themselves when the browser does, but a moment later.
	if killed := syscall.Kill(-b.proc.PID(), syscall.SIGKILL); killed != nil && !errors.Is(killed, syscall.ESRCH) {
		err = errors.Join(err, fmt.Errorf("ending chromium's helpers: %w", killed))
	}
	return err
}
