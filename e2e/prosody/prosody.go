// Package prosody answers "what does a real Prosody do with this?": it starts one in a folder of its own, on free
// ports of the loopback interface, waits until it serves, and stops it. The end-to-end tests and the demo use it,
// so it knows nothing of package testing; prosodytest adds that.
package prosody

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"usher/e2e/child"
)

// Server is a running Prosody.
type Server struct {
	install Install
	config  Config
	ports   services
	proc    *child.Process
}

// Start writes the configuration into config.Dir, starts Prosody and returns when every host of it sends XMPP stream
// features. It fails at once, with the end of the log, when Prosody exits or when a module or a host did not load.
// The context bounds the start, not the life of the server: end that with Stop.
func Start(ctx context.Context, config Config) (*Server, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	install, err := Find(config.Version)
	if err != nil {
		return nil, err
	}
	if config.Dir, err = filepath.Abs(config.Dir); err != nil {
		return nil, fmt.Errorf("resolving the folder: %w", err)
	}
	s := &Server{install: install, config: config}
	// Between choosing a port and Prosody's bind somebody else may take it: then choose again.
	for range 5 {
		if s.ports, err = freePorts(); err != nil {
			return nil, err
		}
		if err = s.run(ctx); !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// run starts the process with the ports already chosen and leaves none behind when it fails.
func (s *Server) run(ctx context.Context) error {
	if err := s.config.write(s.ports); err != nil {
		return err
	}
	if err := os.Remove(s.config.logFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the old log: %w", err)
	}
	proc, err := spawn(s.install.Launcher, s.config)
	if err != nil {
		return err
	}
	s.proc = proc
	if err := s.ready(ctx); err != nil {
		return errors.Join(err, s.Stop())
	}
	return nil
}

// Restart stops Prosody and starts it again with the same ports, configuration and data. The log begins anew.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.run(ctx)
}

// Done is closed when Prosody has exited, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.proc.Done() }

// PID is the process id.
func (s *Server) PID() int { return s.proc.PID() }

// Install says which Prosody runs.
func (s *Server) Install() Install { return s.install }

// C2S is the address for XMPP clients, host:port.
func (s *Server) C2S() string { return address(s.ports.c2s) }

// HTTP is the address of Prosody's HTTP server, host:port; it listens when a module that serves HTTP is loaded.
func (s *Server) HTTP() string { return address(s.ports.http) }

// Component is the address for XEP-0114 components, host:port; it listens when an external component is configured.
func (s *Server) Component() string { return address(s.ports.component) }

// Log is everything Prosody has logged since it was last started, its standard output and error included.
func (s *Server) Log() string {
	b, err := os.ReadFile(s.config.logFile())
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	return string(b)
}
