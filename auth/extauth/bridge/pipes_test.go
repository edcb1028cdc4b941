package bridge

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/auth/extauth"
)

// piped runs the bridge with pipes, as ejabberd does.
func piped(t *testing.T, socket string, f extauth.Framing, in string) (out, complaints string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), raceExit, "BRIDGE_TEST_SOCKET="+socket, "BRIDGE_TEST_FRAMING="+string('0'+rune(f)))
	cmd.Stdin = strings.NewReader(in)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("ended with %v: %s", err, &stderr)
	}
	return stdout.String(), stderr.String()
}

func TestPipes(t *testing.T) {
	t.Parallel()
	path := serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path
	for _, f := range []extauth.Framing{extauth.Generic, extauth.Ejabberd} {
		frame := func(s string) string { return string(f.AppendQuery(nil, s)) }
		for in, want := range map[string]string{
			"":                            "",
			frame(good):                   f.Answer(true),
			frame(wrong):                  f.Answer(false),
			frame(good)[:9]:               "",
			frame(good) + frame(good):     f.Answer(false),
			frame(good) + "x":             f.Answer(false),
			frame("isuser:alice:" + host): f.Answer(true),
		} {
			if got, said := piped(t, path, f, in); got != want || said != "" {
				t.Errorf("%q: %q and %q, want %q", in, got, said, want)
			}
		}
	}
	forged := string(extauth.Ejabberd.AppendQuery(nil, wrong+"\n"+good))
	if got, _ := piped(t, path, extauth.Ejabberd, forged); got != extauth.Ejabberd.Answer(false) {
		t.Errorf("a newline in a password: %q", got)
	}
}

// TestSignalsWithPipes: ejabberd hears of the end by the pipe, and nothing is left in it, so the bridge ends at once.
func TestSignalsWithPipes(t *testing.T) {
	t.Parallel()
	path := serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path
	for _, s := range append(endingSignals, syscall.SIGCONT) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), raceExit, "BRIDGE_TEST_SOCKET="+path, "BRIDGE_TEST_FRAMING=2")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(extauth.Ejabberd.AppendQuery(nil, good)); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 4)
		if _, err := io.ReadFull(out, answer); err != nil || string(answer) != extauth.Ejabberd.Answer(true) {
			t.Fatalf("%v: %q, %v", s, answer, err)
		}
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(out); err != nil || len(rest) != 0 { // ends with the process
			t.Errorf("%v: %q, %v", s, rest, err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", s, err)
		}
		_ = in.Close()
	}
}

// TestFramesInPieces: a pipe brings them as it likes.
func TestFramesInPieces(t *testing.T) {
	t.Parallel()
	path := serve(t, socketPath(t), &extauth.Server{Auth: &stub{}}).path
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), raceExit, "BRIDGE_TEST_SOCKET="+path, "BRIDGE_TEST_FRAMING=2")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	frame := extauth.Ejabberd.AppendQuery(nil, good)
	for cut := 1; cut < len(frame); cut += 7 {
		for _, part := range [][]byte{frame[:cut], frame[cut:]} {
			if _, err := in.Write(part); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		answer := make([]byte, 4)
		if _, err := io.ReadFull(out, answer); err != nil || string(answer) != extauth.Ejabberd.Answer(true) {
			t.Fatalf("cut at %d: %q, %v", cut, answer, err)
		}
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}
