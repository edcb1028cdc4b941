// Package parsed compares what the gateway reads with what Prosody reads, of one and the same text: by Prosody's own
// mod_websocket, mod_bosh and parser, in its Lua. What Prosody takes for a stanza the gateway must have judged as
// exactly that, or ended the stream.
package parsed

import (
	"bufio"
	_ "embed" // the script
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"usher/e2e/child"
	"usher/e2e/prosody"
)

//go:embed oracle.lua
var script string

// An Oracle is a Prosody's Lua that reads what it is given. It is for one goroutine.
type Oracle struct {
	process *child.Process
	to      io.WriteCloser
	from    *bufio.Reader
}

// A Way is how texts come to Prosody.
type Way string

// The ways.
const (
	WebSocket Way = "websocket" // frames of one connection
	BOSH      Way = "bosh"      // bodies of one session, whose sid is "s" and whose last rid was 1
)

// Open starts an oracle.
func Open(v prosody.Version) (*Oracle, error) {
	install, err := prosody.Find(v)
	if err != nil {
		return nil, err
	}
	lua, err := exec.LookPath("lua5.4")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(lua, "-e", " "+script) // an argument that begins with "-" is an option
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "MODULES="+filepath.Join(install.Library, "modules"),
		"LUA_PATH="+filepath.Join(install.Library, "?.lua")+";;", "LUA_CPATH="+filepath.Join(install.Library,
			"?.so")+";;")
	to, toErr := cmd.StdinPipe()
	from, fromErr := cmd.StdoutPipe()
	if err := errors.Join(toErr, fromErr); err != nil {
		return nil, err
	}
	p, err := child.Start(cmd)
	if err != nil {
		return nil, err
	}
	return &Oracle{process: p, to: to, from: bufio.NewReaderSize(from, 1<<16)}, nil
}

// Close ends it.
func (o *Oracle) Close() { o.process.Kill() }

// Read returns what becomes of each text: "opened", "closed", "error", "dropped"
// if a fault of Prosody's lost it, or an element as [Show] spells it.
func (o *Oracle) Read(way Way, texts ...[]byte) ([][]string, error) {
	var question strings.Builder
	fmt.Fprintf(&question, "%s %d\n", way, len(texts))
	for _, text := range texts {
		fmt.Fprintf(&question, "%x\n", text)
	}
	if _, err := io.WriteString(o.to, question.String()); err != nil {
		return nil, err
	}
	answers := make([][]string, 0, len(texts))
	for range texts {
		line, err := o.from.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line = strings.TrimSuffix(line, "\n"); line == "" {
			answers = append(answers, nil)
			continue
		}
		answers = append(answers, strings.Split(line, "\t"))
	}
	return answers, nil
}
