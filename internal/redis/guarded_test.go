package redis

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"usher/internal/cluster"
)

// TestNoEngine: what answers with what would end the process, or fill the memory, is away like any that answers badly.
func TestNoEngine(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"$-2\r\n", "$9223372036854775807\r\n", "$2000000000\r\n", "*-5\r\n", "*2000000000\r\n",
		"%2000000000\r\n", "~70000000\r\n", "|1\r\n", ">2\r\n", "$?\r\n;2000000000\r\n", "*?\r\n", "!2000000000\r\n",
		"=-9\r\n",
		"#txx$-2\r\n", "_\n", ":1\n", "\r\n", "x\r\n", strings.Repeat("*1\r\n", 1000), strings.Repeat("*100000\r\n", 3),
		"+" + strings.Repeat("x", maxLine)} {
		err := answered(t, text)
		if !errors.Is(err, cluster.ErrAway) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	for _, text := range []string{"+OK\r\n", "$0\r\n\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n", "*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
		"%1\r\n+a\r\n_\r\n",
		"#t\r\n", "$200000\r\n" + strings.Repeat("x", 200_000) + "\r\n"} {
		if err := answered(t, text); err != nil {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

// TestLongAnswer: an answer is bounded as a whole.
func TestLongAnswer(t *testing.T) {
	t.Parallel()
	g := &guarded{}
	if err := g.take(fmt.Appendf(nil, "*%d\r\n", 1000)); err != nil {
		t.Fatal(err)
	}
	part := append(fmt.Appendf(nil, "$%d\r\n", maxText), make([]byte, maxText+2)...)
	n := 0
	for ; n < 1000 && g.take(part) == nil; n++ {
	}
	if n < 60 || n > 70 {
		t.Errorf("it ends after %d parts", n)
	}
}

// FuzzGuarded: however an answer is cut into pieces, the same is said of it; and what is let through announces no more
// than the bounds.
func FuzzGuarded(f *testing.F) {
	f.Add([]byte("*2\r\n$1\r\na\r\n%1\r\n+a\r\n_\r\n:1\r\n"), 3)
	f.Add([]byte("$-2\r\n"), 1)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		whole, parts := &guarded{}, &guarded{}
		one := whole.take(b)
		at = max(0, min(at, len(b)))
		two := parts.take(b[:at])
		if two == nil {
			two = parts.take(b[at:])
		}
		if (one == nil) != (two == nil) {
			t.Fatalf("whole %v, in parts %v", one, two)
		}
		if one == nil && (whole.open != parts.open || whole.text != parts.text || !bytes.Equal(whole.line, parts.line)) {
			t.Fatalf("%+v, %+v", whole, parts)
		}
		sum := 0
		for _, n := range whole.parts {
			sum += n
		}
		if sum != whole.open || whole.open > maxParts || len(whole.parts) > maxDepth || whole.text > maxText+2 {
			t.Fatalf("%+v", whole)
		}
	})
}
