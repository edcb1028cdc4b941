package haproxy

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

// grace is how long HAProxy has to end after SIGTERM.
const grace = 30 * time.Second

// ErrMissing is in the error of Find and Start when the machine has no HAProxy.
var ErrMissing = errors.New("haproxy is not installed: run scripts/install.sh haproxy")

// Config says what to start.
type Config struct {
	Dir    string    // folder for the files; it is there
	Deploy string    // the folder with the examples for operators
	Shards [2]string // host:port of the two web servers of the example, without TLS
}

// A Server is an HAProxy that runs.
type Server struct {
	config Config
	addr   string
	proc   *child.Process
}

// Find returns the program. Debian keeps it where the search path of an ordinary user does not lead.
func Find() (string, error) {
	for _, name := range []string{"haproxy", "/usr/sbin/haproxy"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", parts.Why("haproxy", ErrMissing)
}

// Start returns when HAProxy takes connections. The context bounds the start, not the life of it: end that with Stop.
func Start(ctx context.Context, c Config) (*Server, error) {
	program, err := Find()
	if err != nil {
		return nil, err
	}
	s := &Server{config: c}
	if err := s.write(); err != nil {
		return nil, err
	}
	out, err := os.OpenFile(s.path("haproxy.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening haproxy's log: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(program, "-db", "-f", s.path("haproxy.cfg"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, out, out
	if s.proc, err = child.Start(cmd); err != nil {
		return nil, err
	}
	if err := s.wait(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("waiting for haproxy: %w: %s", err, s.Log()), s.Stop())
	}
	return s, nil
}

// write writes the examples with the places of this machine, and without TLS, which needs names.
func (s *Server) write() error {
	var err error
	if s.addr, err = ports.FreeAddress(); err != nil {
		return err
	}
	tls := " ssl verify required ca-file /etc/ssl/certs/ca-certificates.crt"
	for name, places := range map[string][][2]string{
		"haproxy-shards.map": nil,
		"haproxy.cfg": {
			{"maxconn 20000", "maxconn 1000"}, // descriptors are fewer here
			{"log /dev/log local0", "log stdout format raw local0"},
			{"/run/haproxy/", s.path("") + "/"},
			{"/etc/haproxy/shards.map", s.path("haproxy-shards.map")},
			{"    bind :80\n", ""},
			{"bind :443 ssl crt /etc/haproxy/meet.example.com.pem alpn http/1.1", "bind " + s.addr},
			{"    http-request redirect scheme https unless { ssl_fc }\n", ""},
			{"shard1.example.com:443 check" + tls, s.config.Shards[0] + " check inter 200ms"},
			{"shard2.example.com:443 check" + tls, s.config.Shards[1] + " check inter 200ms"},
		},
	} {
		text, err := os.ReadFile(filepath.Join(s.config.Deploy, name))
		if err != nil {
			return fmt.Errorf("reading the example: %w", err)
		}
		here, err := replaceAll(string(text), places)
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.path(name), []byte(here), 0o600); err != nil {
			return fmt.Errorf("writing haproxy's configuration: %w", err)
		}
	}
	return nil
}

// replaceAll replaces every pair; one that does not occur means that the example has changed.
func replaceAll(text string, pairs [][2]string) (string, error) {
	for _, pair := range pairs {
		if !strings.Contains(text, pair[0]) {
			return "", fmt.Errorf("the example has no %q", pair[0])
		}
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return text, nil
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

// Stop ends HAProxy, with its connections.
func (s *Server) Stop() error { return s.proc.Stop(grace) }

// Address is where it answers, host:port, without TLS.
func (s *Server) Address() string { return s.addr }

// Log is what HAProxy has written.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.path("haproxy.log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s *Server) path(name string) string { return filepath.Join(s.config.Dir, name) }
