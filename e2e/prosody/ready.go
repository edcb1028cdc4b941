package prosody

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"
)

// startLimit bounds a start whose context has no deadline; a Prosody that is not starved takes a third of a second.
const startLimit = time.Minute

var errPortTaken = errors.New("a chosen port was taken")

// ready returns when every virtual host greets its clients.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	err := s.listening(ctx)
	if s.config.Lame {
		return err
	}
	for _, h := range s.config.Hosts {
		if err == nil && h.Component == "" {
			err = s.greeted(ctx, h.Name)
		}
	}
	if failure := s.loadFailure(); failure != nil {
		err = failure // it says why, where the client's side only sees that
	}
	if err != nil {
		return fmt.Errorf("prosody %s did not start: %w\nthe end of its log:\n%s", s.install.Release, err, s.tail(20))
	}
	return nil
}

// listening waits until Prosody says that it has the client port. Connecting would prove less: with the port taken in
// the last moment it could be another Prosody that answers.
func (s *Server) listening(ctx context.Context) error {
	activated := fmt.Sprintf("Activated service 'c2s' on [127.0.0.1]:%d", s.ports.c2s)
	for !strings.Contains(s.Log(), activated) {
		select {
		case <-s.proc.Done():
			return fmt.Errorf("it exited: %v", s.proc.Err())
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", s.C2S(), context.Cause(ctx))
		case <-time.After(5 * time.Millisecond):
		}
		if err := s.loadFailure(); errors.Is(err, errPortTaken) {
			return err
		}
	}
	return nil
}

// greeted opens a stream to a virtual host and waits for its features. Prosody is one thread that loads all hosts
// before it serves the first connection, so whatever answers has been loaded completely.
func (s *Server) greeted(ctx context.Context, host string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.C2S())
	if err != nil {
		return fmt.Errorf("connecting to host %q: %w", host, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_, err = fmt.Fprintf(conn, "<?xml version='1.0'?><stream:stream to='%s' version='1.0' xmlns='jabber:client' "+
		"xmlns:stream='http://etherx.jabber.org/streams'>", host)
	if err != nil {
		return fmt.Errorf("greeting host %q: %w", host, err)
	}
	return awaitFeatures(conn, host)
}

func awaitFeatures(r io.Reader, host string) error {
	var got strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		got.Write(buf[:n])
		switch {
		case strings.Contains(got.String(), "<stream:features"):
			return nil
		case strings.Contains(got.String(), "</stream:error>"):
			return fmt.Errorf("host %q did not load: %s", host, got.String())
		case err != nil:
			return fmt.Errorf("host %q sent no features but %q: %w", host, got.String(), err)
		}
	}
}

// loadFailure finds in the log what Prosody carries on without: a module it could not load, a port it could not open.
func (s *Server) loadFailure() error {
	log := s.Log()
	if strings.Contains(log, "portmanager\terror\tFailed to open server port") {
		return errPortTaken
	}
	failure := regexp.MustCompile(`(?m)^.*(?:module|host|storage)manager\terror\t(.*)$`).FindStringSubmatch(log)
	if failure == nil {
		return nil
	}
	return errors.New(failure[1])
}

func (s *Server) tail(lines int) string {
	all := strings.Split(strings.TrimSpace(s.Log()), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
