package prosody_test

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// scripted is a Dovecot authentication server that answers by a script, for the answers that usher never gives.
type scripted struct {
	path       string
	mechanisms []string

	mu       sync.Mutex
	answer   func(command, id string) string // the line for an AUTH or a CONT; "" closes the connection
	requests []string                        // every AUTH and CONT, without its id and with spaces for TABs
}

// always answers everything with one line; %s stands for the id.
func always(line string) func(command, id string) string {
	return func(_, id string) string { return strings.Replace(line, "%s", id, 1) }
}

// challenge answers AUTH with this challenge, as it stands in the line, and what comes back with a last line.
func challenge(first, last string) func(command, id string) string {
	return func(command, id string) string {
		if command == "AUTH" {
			return "CONT\t" + id + "\t" + first
		}
		return strings.Replace(last, "%s", id, 1)
	}
}

func startScripted(t *testing.T, mechanisms ...string) *scripted {
	t.Helper()
	s := &scripted{path: filepath.Join(t.TempDir(), "auth.sock"), mechanisms: mechanisms}
	listener, err := net.Listen("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { // Prosody was started later, so it has ended: every connection is closed
		listener.Close()
		running.Wait()
	})
	return s
}

func (s *scripted) serve(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "VERSION\t1\t2\n")
	for _, m := range s.mechanisms {
		fmt.Fprintf(conn, "MECH\t%s\n", m)
	}
	fmt.Fprint(conn, "SPID\t1\nCUID\t1\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		if fields[0] == "VERSION" || fields[0] == "CPID" {
			continue
		}
		line := s.reply(fields)
		if line == "" {
			return
		}
		fmt.Fprintln(conn, line)
	}
}

func (s *scripted) reply(fields []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, strings.Join(slices.Delete(slices.Clone(fields), 1, 2), " "))
	return s.answer(fields[0], fields[1])
}

// script sets what to answer from now on, and forgets the requests so far.
func (s *scripted) script(answer func(command, id string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.requests = answer, nil
}

func (s *scripted) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}
