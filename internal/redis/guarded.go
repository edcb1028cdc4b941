package redis

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// The bounds of one answer. The library makes place for what an answer announces before it comes: a few bytes could end
// the process.
const (
	maxLine   = 64 << 10 // bytes of a line
	maxText   = 1 << 20  // bytes of a text
	maxParts  = 128 << 10
	maxDepth  = 16
	maxAnswer = 64 << 20 // bytes of all
)

var errAnswer = errors.New("an answer is none of an engine, or too large")

// A guarded connection reads what an engine answers
// (https://redis.io/docs/latest/develop/reference/protocol-spec/), and fails before the library is given what
// announces more than an engine has to say. Reading is for one goroutine.
type guarded struct {
	net.Conn
	line  []byte // that is not whole yet
	text  int64  // bytes of a text that are to come, with its end
	parts []int  // that each list which is open still wants
	open  int    // the sum of these
	bytes int64  // of the answer so far
	err   error
}

func (g *guarded) Read(b []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.Conn.Read(b)
	if g.err = g.take(b[:n]); g.err != nil {
		g.Close()
		return 0, g.err
	}
	return n, err
}

func (g *guarded) take(b []byte) error {
	for len(b) > 0 {
		if g.bytes > maxAnswer {
			return fmt.Errorf("%w: over %d MiB", errAnswer, maxAnswer>>20)
		}
		if g.text > 0 {
			n := min(g.text, int64(len(b)))
			b, g.text, g.bytes = b[n:], g.text-n, g.bytes+n
			if g.text == 0 {
				g.end()
			}
			continue
		}
		n := bytes.IndexByte(b, '\n') + 1
		whole := n > 0
		if !whole {
			n = len(b)
		}
		if len(g.line)+n > maxLine {
			return fmt.Errorf("%w: a line of over %d bytes", errAnswer, maxLine)
		}
		g.line = append(g.line, b[:n]...)
		b, g.bytes = b[n:], g.bytes+int64(n)
		if !whole {
			return nil
		}
		if err := g.begin(); err != nil {
			return err
		}
		g.line = g.line[:0]
	}
	return nil
}

// begin takes a line, with which a value begins.
func (g *guarded) begin() error {
	kind, rest := g.line[0], g.line[1:]
	rest, ok := bytes.CutSuffix(rest, []byte("\r\n"))
	switch {
	case !ok:
	case kind == '$' || kind == '!' || kind == '=' || kind == '*' || kind == '~' || kind == '%':
		n, err := strconv.ParseInt(string(rest), 10, 32)
		if err == nil {
			return g.announced(kind, int(n))
		}
	case kind == '_' && len(rest) == 0, kind == '#' && len(rest) == 1,
		kind == '+', kind == '-', kind == ':', kind == ',', kind == '(':
		g.end()
		return nil
	}
	return fmt.Errorf("%w: %.20q", errAnswer, g.line)
}

// announced takes how long a text or a list is to be.
func (g *guarded) announced(kind byte, n int) error {
	list := kind == '*' || kind == '~' || kind == '%'
	switch {
	case n == -1 && (kind == '$' || kind == '*'), n == 0 && list:
		g.end()
		return nil
	case !list && n >= 0 && n <= maxText:
		g.text = int64(n) + 2
		return nil
	}
	if kind == '%' && n > 0 && n <= maxParts {
		n *= 2
	}
	if !list || n < 0 || g.open+n > maxParts || len(g.parts) >= maxDepth {
		return fmt.Errorf("%w: %.20q", errAnswer, g.line)
	}
	g.parts = append(g.parts, n)
	g.open += n
	return nil
}

// end takes the end of a value, and of the lists whose last it is.
func (g *guarded) end() {
	for last := len(g.parts) - 1; last >= 0; last-- {
		g.open--
		if g.parts[last]--; g.parts[last] > 0 {
			return
		}
		g.parts = g.parts[:last]
	}
	g.bytes = 0
}
