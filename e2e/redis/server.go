package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"usher/e2e/child"
	"usher/e2e/parts"
	"usher/internal/ports"
)

const (
	// grace is how long a server has to end after SIGTERM: it writes its files and waits for the disk.
	grace = 30 * time.Second
	// startLimit bounds a start whose context has no deadline; a server takes some milliseconds.
	startLimit = time.Minute
	// onSIGTERM has a server always end. By default Redis 7 waits up to ten seconds for a replica that is behind, and
	// goes on for good, with "Writing initial AOF, can't exit.", while it writes its append-only file for the first
	// time: after CONFIG SET appendonly yes, and on a replica after each copy of everything.
	onSIGTERM = "now force"
)

// ErrMissing is in the error of Start when the machine has no Redis.
var ErrMissing = errors.New("redis-server and redis-sentinel are not installed: run scripts/install.sh redis")

// Config says what to start.
type Config struct {
	Dir      string   // folder for its files; created if needed
	Address  string   // host:port; a free port of the loopback interface unless given
	Primary  string   // host:port of the server that it copies; "" for a primary
	User     string   // whom CLI is; "" for the user default
	Password string   // of the user; "" lets everybody in
	Whole    string   // the whole configuration, instead of what would be made of the rest
	TLS      *Certs   // with it, TLS is all that the server speaks
	Socket   string   // path of a Unix socket, besides
	Lines    []string // of its configuration, after all others
	Sentinel bool     // it is one
	monitors []string // lines of a Sentinel
}

// A Server is a Redis or a Sentinel that runs.
type Server struct {
	config Config
	proc   *child.Process
}

// Find returns an error when the machine has no Redis.
func Find() error {
	for _, name := range []string{"redis-server", "redis-sentinel", "redis-cli"} {
		if _, err := exec.LookPath(name); err != nil {
			return parts.Why("redis", ErrMissing)
		}
	}
	return nil
}

// Start returns when the server answers. The context bounds the start, not its life: end that with Stop.
func Start(ctx context.Context, c Config) (*Server, error) {
	if err := Find(); err != nil {
		return nil, err
	}
	if c.Address == "" {
		var err error
		if c.Address, err = ports.FreeAddress(); err != nil {
			return nil, err
		}
	}
	s := &Server{config: c}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making redis' folder: %w", err)
	}
	// Redis and Sentinel write into their own configuration, so it is written once and not at a Restart.
	conf := c.Whole
	if conf == "" {
		conf = s.conf()
	}
	if err := os.WriteFile(s.path("redis.conf"), []byte(conf), 0o600); err != nil {
		return nil, fmt.Errorf("writing redis' configuration: %w", err)
	}
	return s, s.Restart(ctx)
}

// StartSentinel starts a Sentinel that watches a primary under a name. It takes a primary for dead after a minute without
// an answer, so that it replaces none that is slow, and by [Server.ReplaceSoon] after half a second.
func StartSentinel(ctx context.Context, c Config, name string, primary *Server, quorum int) (*Server, error) {
	host, port := primary.hostPort()
	c.Sentinel = true
	c.monitors = []string{
		fmt.Sprintf("sentinel monitor %s %s %s %d", name, host, port, quorum),
		"sentinel down-after-milliseconds " + name + " 60000",
		"sentinel failover-timeout " + name + " 2000",
	}
	if primary.config.Password != "" {
		c.monitors = append(c.monitors, "sentinel auth-pass "+name+" "+primary.config.Password)
	}
	return Start(ctx, c)
}

// ReplaceSoon has a Sentinel take the primary that it knows under a name for dead after half a second without an answer:
// for a primary that is about to be dead, or is.
func (s *Server) ReplaceSoon(ctx context.Context, name string) error {
	switch out, err := s.CLI(ctx, "SENTINEL", "SET", name, "down-after-milliseconds", "500"); {
	case err != nil:
		return fmt.Errorf("asking the Sentinel: %w: %s", err, out)
	case out != "OK":
		return fmt.Errorf("the Sentinel answers %q", out)
	}
	return nil
}

func (s *Server) conf() string {
	host, port := s.hostPort()
	lines := []string{"bind " + host, "dir " + s.config.Dir, "daemonize no", "repl-diskless-sync-delay 0"}
	if s.config.Sentinel {
		lines = lines[:3]
	}
	if s.config.TLS != nil {
		lines = append(lines, "port 0", "tls-port "+port, "tls-cert-file "+s.config.TLS.Cert,
			"tls-key-file "+s.config.TLS.Key, "tls-ca-cert-file "+s.config.TLS.CA, "tls-auth-clients no",
			"tls-replication yes")
	} else {
		lines = append(lines, "port "+port)
	}
	if s.config.Primary != "" {
		host, port, _ := net.SplitHostPort(s.config.Primary)
		lines = append(lines, "replicaof "+host+" "+port)
	}
	if s.config.Password != "" {
		lines = append(lines, "requirepass "+s.config.Password)
		if !s.config.Sentinel {
			lines = append(lines, "masterauth "+s.config.Password)
		}
	}
	if s.config.Socket != "" {
		lines = append(lines, "unixsocket "+s.config.Socket)
	}
	lines = append(append(lines, s.config.monitors...), s.config.Lines...)
	return strings.Join(lines, "\n") + "\n"
}

// Restart starts the server on the same port with the same files, after a Stop or instead of one.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Stop(); err != nil {
		return err
	}
	if err := s.spawn(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := s.answers(ctx); err != nil {
		return errors.Join(fmt.Errorf("waiting for redis: %w: %s", err, s.Log()), s.Stop())
	}
	return nil
}

func (s *Server) spawn() error {
	out, err := os.OpenFile(s.path("output.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening redis' output: %w", err)
	}
	defer out.Close()
	cmd := exec.Command("redis-server", s.path("redis.conf"))
	if s.config.Sentinel {
		cmd.Args = append(cmd.Args, "--sentinel")
	} else {
		cmd.Args = append(cmd.Args, "--shutdown-on-sigterm", onSIGTERM)
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.config.Dir, out, out
	s.proc, err = child.Start(cmd)
	return err
}

// answers waits until the server says PONG: a server that still loads its file does not, and another one that has the
// port already is not this one.
func (s *Server) answers(ctx context.Context) error {
	for {
		out, err := s.CLI(ctx, "PING")
		if err == nil && out == "PONG" && s.isThis(ctx) {
			return nil
		}
		select {
		case <-s.proc.Done():
			return fmt.Errorf("it exited: %w", s.proc.Err())
		case <-ctx.Done():
			return fmt.Errorf("%w: %s %v", context.Cause(ctx), out, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *Server) isThis(ctx context.Context) bool {
	out, err := s.CLI(ctx, "INFO", "server")
	return err == nil && strings.Contains(out, fmt.Sprintf("process_id:%d\r\n", s.proc.PID()))
}

// CLI gives the server one command as its default user and returns the answer, as redis-cli prints it. An answer that
// is an error is text, too.
func (s *Server) CLI(ctx context.Context, args ...string) (string, error) {
	host, port := s.hostPort()
	all := []string{"-h", host, "-p", port}
	if s.config.TLS != nil {
		all = append(all, "--tls", "--cacert", s.config.TLS.CA)
	}
	if s.config.User != "" {
		all = append(all, "--user", s.config.User)
	}
	cmd := exec.CommandContext(ctx, "redis-cli", append(all, args...)...)
	if s.config.Password != "" {
		cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+s.config.Password)
	}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Stop ends the server; it writes its file first. Stopping what has stopped is fine.
func (s *Server) Stop() error {
	if s.proc == nil {
		return nil
	}
	_ = s.proc.Signal(syscall.SIGCONT) // one that is suspended would not hear the rest
	return s.proc.Stop(grace)
}

// Kill ends the server at once, with nothing written.
func (s *Server) Kill() { s.proc.Kill() }

// Suspend stops the server in the middle of what it does, with its connections open, until Resume.
func (s *Server) Suspend() error { return s.proc.Suspend() }

// Resume lets a suspended server go on.
func (s *Server) Resume() error { return s.proc.Signal(syscall.SIGCONT) }

// Address is where the server answers, host:port.
func (s *Server) Address() string { return s.config.Address }

// Log is what the server has written.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.path("output.log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s *Server) hostPort() (host, port string) {
	host, port, _ = net.SplitHostPort(s.config.Address)
	return host, port
}

func (s *Server) path(name string) string { return filepath.Join(s.config.Dir, name) }
