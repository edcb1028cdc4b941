package luaread

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

//go:embed recorder.lua
var recorder string

const (
	maxText   = 1 << 20 // bytes of a file
	maxOutput = 4 << 20 // bytes that the child writes: 1 MiB of values and what stands around them
	patience  = 10 * time.Second
	nobody    = 65534
	// limits are the child's: address space in KiB (16 MiB for the program, the rest for Lua itself), seconds of a
	// processor, no core, no file to write to, no process to start.
	limits = "ulimit -v 40960 && ulimit -t 5 && ulimit -c 0 && ulimit -f 0 && exec \"$0\" -E -e \"$1\""
)

// ErrNoLua says that there is no Lua to read with.
var ErrNoLua = errors.New("there is no lua5.4, with which Prosody's configuration is read: apt-get install lua5.4")

// Read runs the text of a file and returns what it sets, in that order. The error of a program that Lua does not
// understand names its line.
func Read(ctx context.Context, text string) ([]Event, error) {
	if len(text) > maxText {
		return nil, errors.New("it has more than 1 MiB")
	}
	lua, err := interpreter()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out := &limitedBuffer{left: maxOutput}
	cmd := child(ctx, lua)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), out, out
	runErr := cmd.Run()
	events, err := decode(out.Bytes())
	if err != nil && runErr != nil && out.Len() == 0 {
		return nil, fmt.Errorf("its reader ended early (%w): does the file run for long, or want much memory?", runErr)
	}
	return events, err
}

// child is the process that runs the program. The text comes by standard input, so that no argument holds a secret.
func child(ctx context.Context, lua string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", limits, lua, "\n"+recorder)
	cmd.Env, cmd.Dir = []string{}, "/"
	cmd.WaitDelay = time.Second
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}

// interpreter finds the Lua that Prosody uses: 5.4 first, as Debian's does.
func interpreter() (string, error) {
	for _, name := range []string{"lua5.4", "lua5.3", "lua5.2"} {
		for _, folder := range []string{"/usr/bin/", "/usr/local/bin/"} {
			if info, err := os.Stat(folder + name); err == nil && info.Mode().IsRegular() {
				return folder + name, nil
			}
		}
	}
	return "", ErrNoLua
}

// A limitedBuffer refuses what goes beyond its limit, which ends the child.
type limitedBuffer struct {
	bytes.Buffer
	left int
}

// Write appends p.
func (b *limitedBuffer) Write(p []byte) (int, error) {
	if len(p) > b.left {
		return 0, errors.New("too much output")
	}
	b.left -= len(p)
	return b.Buffer.Write(p)
}
