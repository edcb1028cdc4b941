package bridge

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/auth/extauth"
)

// TestFirstQueryIsEchoed: Prosody writes before lpty's child has switched the
// echo off, and reads the echo as the answer. The query is never answered.
func TestFirstQueryIsEchoed(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path)
	x.write(good + "\n")
	if echo := x.readLine(); echo != good+"\r\n" {
		t.Fatalf("the terminal echoes %q", echo)
	}
	x.ready()
	x.silent(700 * time.Millisecond)
	x.ask(wrong, "0\n")
	x.ask(good, "1\n")
	x.silent(100 * time.Millisecond)
}

// TestRestartOnTheSameTerminal: it is raw already, so nothing was echoed, and
// the query that Prosody wrote after the fork is answered.
func TestRestartOnTheSameTerminal(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	x.ask(good, "1\n")
	x.told(syscall.SIGTERM)
	x.write(good + "\n")
	x.ended()
	x.silent(50 * time.Millisecond)
	x.write(good + "\n")
	x.start()
	if got := x.read(5 * time.Second); got != "1\n" {
		t.Fatalf("got %q", got)
	}
	x.ask(wrong, "0\n")
}

func TestAlternately(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	for range 100 {
		x.ask(good, "1\n")
		x.ask(wrong, "0\n")
	}
	x.ask("isuser:alice:"+host, "1\n")
	x.ask("isuser:bob:"+host, "0\n")
	x.ask("setpass:alice:"+host+":new", "0\n")
}

// TestCollections: the garbage collector closes files that nobody holds any
// more. None may have a number that was given back and is the daemon's since.
// It came to that by itself in the first minutes of a Prosody, and no query had
// an answer after it.
func TestCollections(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path)
	x.env = []string{"GOGC=1"}
	x.ready()
	x.ask(good, "1\n")
	for range 40 {
		x.stop()
		x.resume() // there is much to read and to throw away after that
	}
	x.askAnew(good, "1\n")
	x.alive()
}

// TestSecondLineInOneWrite: a forged query behind a wrong one, as mod_legacyauth
// lets it through. One refusal answers both.
func TestSecondLineInOneWrite(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	for range 50 {
		x.ask(wrong+"\n"+good, "0\n")
		x.ask(good+"\n"+good, "0\n")
		x.ask(good, "1\n")
	}
	x.silent(100 * time.Millisecond)
}

// TestBytesWhileTheDaemonDecides come too early as well.
func TestBytesWhileTheDaemonDecides(t *testing.T) {
	t.Parallel()
	s := &stub{}
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: s}).path).ready()
	release := s.holdBack()
	x.write(good + "\n")
	time.Sleep(100 * time.Millisecond)
	x.write(good + "\n")
	release()
	if got := x.read(5 * time.Second); got != "0\n" {
		t.Fatalf("got %q", got)
	}
	x.silent(300 * time.Millisecond)
	x.ask(good, "1\n")
}

// TestControlCharacters that a terminal would act upon.
func TestControlCharacters(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	for _, c := range []string{"\x03", "\x1c", "\x1a", "\x13", "\x11", "\x0d", "\x04", "\x7f", "\x15", "\x00", "\xff"} {
		x.ask("auth:alice:"+host+":x"+c+"y", "0\n")
		x.ask("auth:al"+c+"ice:"+host+":ok-alice", "0\n")
	}
	x.ask(good, "1\n")
	x.alive()
}

func TestLongQueries(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	for _, n := range []int{900, 1000, 3000} {
		x.ask("auth:alice:"+host+":"+strings.Repeat("x", n), "0\n")
	}
	x.ask("auth:"+strings.Repeat("a", 900)+":"+host+":ok-"+strings.Repeat("a", 900), "1\n")
}

// TestSuspendedWhileAQueryWaits: after 5 s Prosody has given up, and would
// read the answer as that of its next query.
func TestSuspendedWhileAQueryWaits(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	x.ask(good, "1\n")
	x.stop()
	x.write(good + "\n")
	time.Sleep(maxAge + 100*time.Millisecond)
	x.resume()
	x.silent(500 * time.Millisecond) // what was not answered is gone
	x.waits()
	x.alive()
	x.ask(good, "1\n")
}

// TestSuspendedWhileTheDaemonAnswers is the same, later.
func TestSuspendedWhileTheDaemonAnswers(t *testing.T) {
	t.Parallel()
	s := &stub{}
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: s}).path).ready()
	release := s.holdBack()
	x.write(good + "\n")
	time.Sleep(100 * time.Millisecond)
	x.stop()
	release()
	time.Sleep(maxAge + 100*time.Millisecond)
	x.resume()
	x.silent(100 * time.Millisecond)
	x.waits()
	x.alive()
	x.askAnew(good, "1\n") // and the late answer of the daemon is nobody's
	x.ask(wrong, "0\n")
}

// TestShortSuspension interrupts Prosody's reading by a SIGCHLD, however short
// it is: nobody waits for the answer any more.
func TestShortSuspension(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	x.waits()
	x.stop()
	x.write(good + "\n")
	time.Sleep(50 * time.Millisecond)
	x.resume()
	x.silent(500 * time.Millisecond)
	x.waits()
	x.alive()
	x.ask(good, "1\n")
}

// TestManyShortSuspensions: there is never an answer after one.
func TestManyShortSuspensions(t *testing.T) {
	t.Parallel()
	path := serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path
	x := openTerminal(t, path).ready()
	for i := range 30 {
		x.waits()
		x.stop()
		x.write(good + "\n")
		time.Sleep(time.Duration(i%5) * time.Millisecond)
		x.resume()
		x.silent(20 * time.Millisecond)
		x.askUntil(good, "1\n")
	}
	x.alive()
}

// TestDaemonAway: the answer is no, at once, until there is one again.
func TestDaemonAway(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	x := openTerminal(t, path).ready()
	began := time.Now()
	for range 10 {
		x.ask(good, "0\n")
	}
	t.Logf("%v for a refusal", time.Since(began)/10)
	daemon := serve(t, path, &extauth.Server{Auth: &stub{}})
	x.ask(good, "1\n")
	daemon.stop()
	x.ask(good, "0\n")
	serve(t, path, &extauth.Server{Auth: &stub{}})
	x.ask(good, "1\n")
	x.alive()
}

// TestDaemonStopped accepts connections and says nothing, as under SIGSTOP.
func TestDaemonStopped(t *testing.T) {
	t.Setenv("BRIDGE_TEST_UP", upTimeout.String())
	path := socketPath(t)
	l := listen(t, path)
	x := openTerminal(t, path).ready()
	began := time.Now()
	for range 5 {
		x.ask(good, "0\n")
	}
	t.Logf("%v for a refusal", time.Since(began)/5)
	_ = l.Close()
	serve(t, path, &extauth.Server{Auth: &stub{}})
	x.askUntil(good, "1\n")
	x.silent(100 * time.Millisecond)
}

// TestDaemonStopsWhileUp is noticed by the first query, which waits for a
// second; the next ones do not.
func TestDaemonStopsWhileUp(t *testing.T) {
	t.Parallel()
	s := &stub{}
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: s, ReplyTimeout: time.Hour}).path).ready()
	x.ask(good, "1\n")
	release := s.holdBack()
	x.ask(good, "0\n")
	release()
	x.ask(good, "1\n") // and the late answer is nobody's
	x.ask(wrong, "0\n")
	x.silent(100 * time.Millisecond)
}

// TestStrangeDaemon: nothing but a yes is a yes.
func TestStrangeDaemon(t *testing.T) {
	t.Parallel()
	for _, said := range []string{"1\r\n", "11\n", "1", "true\n", "1\n1\n", "1\n0\n", "\x00\x02\x00\x01", "0\n1\n", "\n"} {
		path := socketPath(t)
		l := listen(t, path)
		go func() {
			for {
				nc, err := l.Accept()
				if err != nil {
					return
				}
				go answerStrangely(nc, said)
			}
		}()
		x := openTerminal(t, path).ready()
		x.ask(good, "0\n")
		x.silent(50 * time.Millisecond)
		_ = l.Close()
	}
}

// answerStrangely says no to the probe and said to everything else.
func answerStrangely(nc net.Conn, said string) {
	defer nc.Close()
	buf := make([]byte, 4096)
	for {
		n, err := nc.Read(buf)
		if err != nil {
			return
		}
		answer := said
		if strings.HasPrefix(string(buf[:n]), probe) {
			answer = "0\n"
		}
		if _, err := io.WriteString(nc, answer); err != nil {
			return
		}
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	path := serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path
	x := openTerminal(t, path).ready()
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGPIPE, syscall.SIGWINCH} {
		x.signal(s)
		x.ask(good, "1\n")
	}
	for range 50 { // Go's runtime sends it to its own threads, to have them give way
		x.preempt()
		x.ask(good, "1\n")
	}
	for _, s := range endingSignals {
		x := openTerminal(t, path).ready()
		x.told(s)
		x.silent(50 * time.Millisecond)
		x.alive()
		x.write(good + "\n")
		x.ended()
		x.silent(50 * time.Millisecond)
	}
}

// TestTerminalCloses as when Prosody ends.
func TestTerminalCloses(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path).ready()
	x.ask(good, "1\n")
	_ = x.master.Close()
	x.ended()
}

// TestProsodyIsKilled: lpty hands all that Prosody has open to its child. Nothing of it is kept: the port can be listened
// at anew, and the bridge ends with the terminal, the other side of which it was handed, too.
func TestProsodyIsKilled(t *testing.T) {
	t.Parallel()
	x := openTerminal(t, serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path)
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := port.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	held, err := os.Create(filepath.Join(t.TempDir(), "prosody.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	x.handed = []*os.File{x.master, f, held}
	x.ready()
	x.ask(good, "1\n")
	_, _, _ = port.Close(), f.Close(), held.Close()
	free := func() error { // a process that another test is just starting has them until its exec
		again, err := net.Listen("tcp", port.Addr().String())
		if err != nil {
			return err
		}
		_ = again.Close()
		other, err := os.Open(held.Name())
		if err != nil {
			return err
		}
		defer other.Close()
		return syscall.Flock(int(other.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	for end := time.Now().Add(5 * time.Second); free() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(free())
		}
	}
	x.ask(good, "1\n")
	_ = x.master.Close()
	x.ended()
}
