// Package ejabberd starts a real ejabberd, as Debian packages it, whose logins go to a program of external
// authentication.
package ejabberd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"usher/e2e/child"
	"usher/e2e/parts"
	"usher/internal/ports"
)

// grace is how long ejabberd has to end after SIGTERM.
const grace = 30 * time.Second

// ErrMissing is wrapped by Find's error.
var ErrMissing = errors.New("ejabberd is not installed: run scripts/install.sh ejabberd")

// Config says what to start.
type Config struct {
	Dir     string // folder for the configuration, the data and the log; created if needed
	Host    string // the virtual host
	Program string // extauth_program: a command line, split at spaces
}

// A Server is an ejabberd that runs. It is no part of a cluster and has no other listener.
type Server struct {
	config Config
	addr   string
	proc   *child.Process
}

// Find returns the folder that holds Debian's ejabberd among Erlang's libraries.
func Find() (string, error) {
	if _, err := exec.LookPath("erl"); err != nil {
		return "", parts.Why("ejabberd", ErrMissing)
	}
	found, _ := filepath.Glob("/usr/lib/*/ejabberd-*/ebin") // the pattern is well-formed
	if len(found) == 0 {
		return "", parts.Why("ejabberd", ErrMissing)
	}
	return filepath.Dir(filepath.Dir(found[0])), nil
}

// Start returns when clients can log in.
func Start(ctx context.Context, c Config) (*Server, error) {
	libs, err := Find()
	if err != nil {
		return nil, err
	}
	addr, err := ports.FreeAddress()
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, addr: addr}
	if err := s.write(); err != nil {
		return nil, err
	}
	if s.proc, err = s.spawn(libs); err != nil {
		return nil, err
	}
	if err := s.wait(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("waiting for ejabberd: %w: %s", err, s.Log()), s.Stop())
	}
	return s, nil
}

// write writes what an operator writes for tokens. With its cache ejabberd would let in whom usher
// has meanwhile refused.
func (s *Server) write() error {
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`hosts: [%q]
loglevel: info
listen:
  - port: %s
    ip: "127.0.0.1"
    module: ejabberd_c2s
auth_method: external
extauth_program: %q
auth_use_cache: false
disable_sasl_mechanisms: ["X-OAUTH2"]
modules: {}
acme: {auto: false}
`, s.config.Host, port, s.config.Program)
	if err := os.MkdirAll(s.config.Dir, 0o700); err != nil {
		return fmt.Errorf("creating ejabberd's folder: %w", err)
	}
	if err := os.WriteFile(s.path("ejabberd.yml"), []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing ejabberd's configuration: %w", err)
	}
	return nil
}

func (s *Server) path(name string) string { return filepath.Join(s.config.Dir, name) }

// spawn runs Erlang itself: ejabberdctl wants root or its own user, and fixed folders. A node
// without a name needs no epmd and opens no port for others.
func (s *Server) spawn(libs string) (*child.Process, error) {
	out, err := os.OpenFile(s.path("output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening ejabberd's output: %w", err)
	}
	defer out.Close()
	cmd := exec.Command("erl", "-noinput", "-mnesia", "dir", fmt.Sprintf("%q", s.path("database")), "-s", "ejabberd")
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.config.Dir, out, out
	cmd.Env = append(os.Environ(), "ERL_LIBS="+libs, "HOME="+s.config.Dir, "ERL_CRASH_DUMP="+os.DevNull,
		"EJABBERD_CONFIG_PATH="+s.path("ejabberd.yml"), "EJABBERD_LOG_PATH="+s.path("ejabberd.log"))
	return child.Start(cmd)
}

func (s *Server) wait(ctx context.Context) error {
	for {
		if conn, err := net.Dial("tcp", s.addr); err == nil {
			return conn.Close()
		}
		select {
		case <-s.proc.Done():
			return fmt.Errorf("it exited: %w", s.proc.Err())
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// C2S is host:port for clients, without TLS.
func (s *Server) C2S() string { return s.addr }

// Log is what ejabberd has logged.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.path("output"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Stop ends it.
func (s *Server) Stop() error { return s.proc.Stop(grace) }
