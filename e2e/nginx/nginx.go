// Package nginx starts a real nginx, as Debian packages it, with the configuration that usher gives to operators: on
// free ports of the loopback interface, with a certificate of its own making and its logs in a folder of its own.
package nginx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"usher/e2e/child"
	"usher/e2e/parts"
	"usher/internal/ports"
)

// grace is how long nginx has to end after SIGTERM.
const grace = 30 * time.Second

// ErrMissing is in the error of Find and Start when the machine has no nginx.
var ErrMissing = errors.New("nginx is not installed: run scripts/install.sh nginx")

// Config says what to start.
type Config struct {
	Dir     string // folder for the configuration and the logs; created if needed
	Site    string // path of the example for operators; deploy/nginx-meet.conf of this repository unless given
	Shape   string // instead of Site, one of the sites that others have: debian, docker, subdomain
	Gateway string // host:port to which XMPP goes
	Root    string // folder of the page
	Console string // host:port of usher's console; unless it is empty, deploy/nginx-console.conf is a site besides
	More    string // further lines of the site, where its folder stands

	Names []string  // of the certificate; the site's unless given
	Until time.Time // when the certificate ends; in a day unless given
}

// A Server is an nginx that runs.
type Server struct {
	config      Config
	plain, addr string
	proc        *child.Process
}

// Find returns the program. Debian keeps it where the search path of an ordinary user does not lead.
func Find() (string, error) {
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", parts.Why("nginx", ErrMissing)
}

// Start returns when nginx takes connections. The context bounds the start, not the life of it: end that with Stop.
func Start(ctx context.Context, c Config) (*Server, error) {
	if _, err := Find(); err != nil {
		return nil, err
	}
	var err error
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return nil, fmt.Errorf("resolving nginx's folder: %w", err)
	}
	s := &Server{config: c}
	for _, address := range []*string{&s.plain, &s.addr} {
		if *address, err = ports.FreeAddress(); err != nil {
			return nil, err
		}
	}
	if err := s.write(); err != nil {
		return nil, err
	}
	return s, s.Restart(ctx)
}

// Restart starts nginx with the same ports and configuration, after a Stop or instead of one.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Stop(); err != nil {
		return err
	}
	if err := s.spawn(); err != nil {
		return err
	}
	if err := s.wait(ctx); err != nil {
		return errors.Join(fmt.Errorf("waiting for nginx: %w: %s", err, s.Logs()), s.Stop())
	}
	return nil
}

func (s *Server) spawn() error {
	program, err := Find()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(s.path("output.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening nginx's output: %w", err)
	}
	defer out.Close()
	// -e: before it reads its configuration nginx writes to a log that only root may write.
	cmd := exec.Command(program, "-p", s.config.Dir, "-e", s.path("error.log"), "-c", s.path("nginx.conf"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.config.Dir, out, out
	s.proc, err = child.Start(cmd)
	return err
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
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Stop ends nginx, with its connections. Stopping what has stopped is fine.
func (s *Server) Stop() error {
	if s.proc == nil {
		return nil
	}
	return s.proc.Stop(grace)
}

// TLS is the address of the site, host:port.
func (s *Server) TLS() string { return s.addr }

// Certificate is the file of the site's certificate, which is signed by itself.
func (s *Server) Certificate() string { return s.path("site.crt") }

// Plain is the address without TLS, host:port.
func (s *Server) Plain() string { return s.plain }

// Logs is what nginx has written to all of its logs.
func (s *Server) Logs() string {
	names, _ := filepath.Glob(s.path("*.log")) // the pattern is well-formed
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		fmt.Fprintf(&all, "== %s\n%s", filepath.Base(name), text)
		if err != nil {
			fmt.Fprintln(&all, err)
		}
	}
	return all.String()
}

func (s *Server) path(name string) string { return filepath.Join(s.config.Dir, name) }
