package extauth

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

var framings = map[string]Framing{"generic": Generic, "ejabberd": Ejabberd}

// TestFramesOfEveryLength sends a query of each length there is, well beyond the bound of some, and looks at it after its
// last byte but one and after its last.
func TestFramesOfEveryLength(t *testing.T) {
	for name, f := range framings {
		for n := 0; n <= 1<<16-1; n++ {
			if n > MaxQuery+1000 && n < 1<<16-1000 && n%97 > 0 {
				continue
			}
			text := strings.Repeat("q", n)
			in := f.AppendQuery(nil, text)
			tooLong := n > MaxQuery
			query, rest, ok, err := f.Split(in)
			if ok == tooLong || (err != nil) != tooLong || ok && (string(query) != text || len(rest) > 0) {
				t.Fatalf("%s: %d bytes: %d, %d, %v, %v", name, n, len(query), len(rest), ok, err)
			}
			if query, rest, ok, err := f.Split(in[:len(in)-1]); ok || query != nil || !tooLong && (err != nil || len(rest) != len(in)-1) {
				t.Fatalf("%s: %d bytes, the last missing: %d, %d, %v, %v", name, n, len(query), len(rest), ok, err)
			}
		}
	}
}

// TestFramesOfEverySplit cuts two queries at every byte.
func TestFramesOfEverySplit(t *testing.T) {
	texts := []string{"auth:alice:" + host + ":ok-alice", "isuser:bob:" + host}
	for name, f := range framings {
		in := f.AppendQuery(f.AppendQuery(nil, texts[0]), texts[1])
		first := len(f.AppendQuery(nil, texts[0]))
		for n := range len(in) + 1 {
			query, rest, ok, err := f.Split(in[:n])
			switch {
			case err != nil || ok != (n >= first):
				t.Errorf("%s: %d bytes: %v, %v", name, n, ok, err)
			case ok && (string(query) != texts[0] || len(rest) != n-first):
				t.Errorf("%s: %d bytes: %q and %q", name, n, query, rest)
			case !ok && len(rest) != n:
				t.Errorf("%s: %d bytes: %q is left", name, n, rest)
			}
		}
	}
}

// TestFirstByteTellsTheFraming: no operation's name can begin a frame.
func TestFirstByteTellsTheFraming(t *testing.T) {
	for n := 0; n <= MaxQuery; n++ {
		if frame := Ejabberd.AppendQuery(nil, strings.Repeat("q", n)); FramingOf(frame[0]) != Ejabberd {
			t.Fatalf("a frame of %d bytes is taken for a line", n)
		}
	}
	for letter := byte('A'); letter <= 'z'; letter++ {
		if FramingOf(letter) != Generic {
			t.Errorf("%q is taken for a length", letter)
		}
	}
}

func FuzzFraming(f *testing.F) {
	f.Add([]byte("auth:a:b:c\nisuser:a:b\n"))
	f.Add([]byte("\x00\x0aauth:a:b:c\x00\x00"))
	f.Add([]byte("\xff\xff"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		for name, framing := range framings {
			query, rest, ok, err := framing.Split(in)
			switch {
			case err != nil:
				if ok || query != nil || rest != nil {
					t.Fatalf("%s: an error beside %q, %q", name, query, rest)
				}
			case !ok:
				if query != nil || !bytes.Equal(rest, in) {
					t.Fatalf("%s: incomplete, with %q, %q", name, query, rest)
				}
			default:
				if back := append(framing.AppendQuery(nil, string(query)), rest...); !bytes.Equal(back, in) || len(query) > MaxQuery {
					t.Fatalf("%s: %q became %q", name, in, back)
				}
			}
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{"auth:a:b:c:d", "isuser:a:b", "isuser:a:b:c", "setpass:a:b:c", "auth:a", "", ":::", "auth:\x00:b:c", "auth:\xff:b:c"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		q, refusal := parseQuery(text)
		switch {
		case refusal != nil && q != query{}:
			t.Fatalf("a refusal beside %+v", q)
		case refusal == nil && (q.String() != string(text) || q.user == "" || q.host == "" || strings.Contains(q.user+q.host, ":")):
			t.Fatalf("%q is read as %+v", text, q)
		}
	})
}

// FuzzServer: whatever comes, there are no more answers than queries, and
// none is yes unless it was asked properly.
func FuzzServer(f *testing.F) {
	f.Add([]byte("auth:a:b:c\n"))
	f.Add([]byte("auth:a:b:c\nauth:alice:" + host + ":ok-alice\n"))
	f.Add(binary.BigEndian.AppendUint16(nil, 3))
	path := serve(f, &Server{Auth: &stub{}})
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) == 0 {
			return
		}
		framing := FramingOf(in[0])
		p := dial(t, path, framing)
		if _, err := p.Write(in); err != nil {
			return // it was refused and closed before all was written
		}
		_ = closeWrite(p)
		var got bytes.Buffer
		_, _ = got.ReadFrom(p)
		if n, most := got.Len()/len(framing.Answer(false)), 1; n > most || got.Len()%len(framing.Answer(false)) != 0 {
			t.Fatalf("%q got %q", in, got.Bytes())
		}
		if query, rest, ok, _ := framing.Split(in); got.String() == framing.Answer(true) &&
			(!ok || len(rest) > 0 || !bytes.HasPrefix(query, []byte("auth:")) && !bytes.HasPrefix(query, []byte("isuser:alice:"))) {
			t.Fatalf("%q got a yes", in)
		}
	})
}

// String returns the text that parseQuery reads.
func (q query) String() string {
	s := q.operation + ":" + q.user + ":" + q.host
	if q.operation == opAuth {
		s += ":" + q.password
	}
	return s
}
