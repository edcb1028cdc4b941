package websocket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
)

// memory is a connection without a socket, and without deadlines.
type memory struct {
	net.Conn // none: it only makes this a net.Conn
	in       io.Reader
	out      bytes.Buffer
}

func (m *memory) Read(p []byte) (int, error)       { return m.in.Read(p) }
func (m *memory) Write(p []byte) (int, error)      { return m.out.Write(p) }
func (m *memory) SetDeadline(time.Time) error      { return nil }
func (m *memory) SetReadDeadline(time.Time) error  { return nil }
func (m *memory) SetWriteDeadline(time.Time) error { return nil }

// An inspector has messages be at most so long, and judges them by their
// beginning.
type inspector struct {
	most  int64
	whole bool
	judge func(m *Message) (bool, error)
}

func (i inspector) Limit() int64 { return i.most }
func (i inspector) Whole() bool  { return i.whole }

func (i inspector) Inspect(m *Message) (bool, error) {
	if i.judge == nil {
		return true, nil
	}
	return i.judge(m)
}

// relayed passes on what a client sends before it vanishes. It returns what the
// client got, what the other side got, and the error.
func relayed(sent []byte, i inspector, trusted bool) (client, server []byte, err error) {
	var buffers Buffers
	var shares budget.Budget
	is := &atomic.Bool{}
	is.Store(trusted)
	from, to := &memory{in: bytes.NewReader(sent)}, &memory{}
	var near, far Conn
	near.Open(from, nil, Options{Trusted: is})
	far.Open(to, nil, Options{Client: true})
	err = Relay(&near, &far, i, Store{&buffers, shares.Share(netip.Prefix{}, 1<<20)})
	if shares.Taken() != 0 {
		err = errors.Join(err, errors.New("a loan is not repaid"))
	}
	return from.out.Bytes(), to.out.Bytes(), err
}

// masked is a frame as a client sends it.
func masked(fin bool, op ws.OpCode, payload string) []byte {
	return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, []byte(payload))))
}

// framesOf reads what a side got, and unmasks it.
func framesOf(t *testing.T, got []byte, state ws.State) (frames []ws.Frame) {
	t.Helper()
	for r := bytes.NewReader(got); r.Len() > 0; {
		f, err := gatewaytest.ReadFrame(r)
		if err == nil {
			err = ws.CheckHeader(f.Header, state)
		}
		if err != nil || !f.Header.Fin {
			t.Fatalf("a frame %+v: %v", f.Header, err)
		}
		if f.Header.Masked {
			ws.Cipher(f.Payload, f.Header.Mask, 0)
		}
		frames = append(frames, f)
	}
	return frames
}

func textsOf(frames []ws.Frame) (texts []string) {
	for _, f := range frames {
		texts = append(texts, string(f.Payload))
	}
	return texts
}

// TestInspect: what the inspector refuses or replaces goes no further, however
// long it is and however it comes, and what follows is whole.
func TestInspect(t *testing.T) {
	for _, length := range []int{10, budget.Piece, budget.Piece + 1, 5*budget.Piece + 7} {
		for name, send := range map[string]func(string) []byte{
			"in one frame": func(s string) []byte { return masked(true, ws.OpText, s) },
			"in fragments": func(s string) []byte {
				return slices.Concat(masked(false, ws.OpText, s[:5]), masked(true, ws.OpPing, "?"), masked(true, ws.OpContinuation, s[5:]))
			},
		} {
			filled := func(s string) string { return s + strings.Repeat("x", length-len(s)) }
			sent := slices.Concat(send(filled("pass 1")), send(filled("refuse")), send(filled("pass 2")), send(filled("replace")), send(filled("pass 3")))
			judge := func(m *Message) (bool, error) {
				if bytes.HasPrefix(m.Payload(), []byte("replace")) {
					m.Replace([]byte("another"))
				}
				return !bytes.HasPrefix(m.Payload(), []byte("refuse")), nil
			}
			_, got, err := relayed(sent, inspector{most: 1 << 20, judge: judge}, true)
			want := []string{filled("pass 1"), filled("pass 2"), "another", filled("pass 3")}
			if texts := textsOf(framesOf(t, got, ws.StateServerSide)); !slices.Equal(texts, want) || !errors.Is(err, io.EOF) {
				t.Errorf("%d bytes %s became %.300q, %v", length, name, texts, err)
			}
		}
	}
}

var errJudged = errors.New("as the inspector wants")

// TestRelayErrors tells whose fault an end is.
func TestRelayErrors(t *testing.T) {
	stop := func(*Message) (bool, error) { return false, errJudged }
	for name, row := range map[string]struct {
		sent    []byte
		judge   func(*Message) (bool, error)
		trusted bool
		want    error
	}{
		"a close frame":        {masked(true, ws.OpClose, "\x03\xe8bye"), nil, true, &ClosedError{}},
		"nothing more":         {nil, nil, true, io.EOF},
		"cut":                  {masked(true, ws.OpText, "text")[:8], nil, true, io.ErrUnexpectedEOF},
		"too large":            {masked(true, ws.OpText, strings.Repeat("x", 101)), nil, true, ErrTooLarge},
		"too large, fragments": {slices.Concat(masked(false, ws.OpText, strings.Repeat("x", 100)), masked(true, ws.OpContinuation, "x")), nil, true, ErrTooLarge},
		"too much":             {bytes.Repeat(masked(true, ws.OpPong, ""), EarlyBytes/FrameCost+1), nil, false, ErrTooMuch},
		"much":                 {bytes.Repeat(masked(true, ws.OpPong, ""), EarlyBytes/FrameCost+1), nil, true, io.EOF},
		"not masked":           {ws.MustCompileFrame(ws.NewTextFrame([]byte("text"))), nil, true, ws.ErrProtocolMaskRequired},
		"the inspector's":      {masked(true, ws.OpText, "text"), stop, true, errJudged},
	} {
		_, got, err := relayed(row.sent, inspector{most: 100, judge: row.judge}, row.trusted)
		_, ofSource := errors.AsType[*SourceError](err)
		if ofSource == (row.judge != nil) || len(got) > 0 {
			t.Errorf("%s: %v, and %q passes", name, err, got)
		}
		closing, isClose := errors.AsType[*ClosedError](err)
		if _, want := errors.AsType[*ClosedError](row.want); want != isClose || isClose && string(closing.Payload) != "\x03\xe8bye" || !want && !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	var near, far Conn
	near.Open(&memory{in: bytes.NewReader(masked(true, ws.OpText, "text"))}, nil, Options{})
	far.Open(&memory{}, nil, Options{Client: true})
	far.Finish([]string{"the last"}, StatusNormalClosure, nil)
	fault, ok := errors.AsType[*DestinationError](Relay(&near, &far, inspector{most: 100}, Store{Buffers: &Buffers{}}))
	if !ok || !errors.Is(fault, ErrFinished) {
		t.Errorf("after the last frame: %v", fault)
	}
	if BreaksProtocol(io.EOF) || !BreaksProtocol(&SourceError{ws.ErrProtocolMaskRequired}) || !BreaksProtocol(ws.ErrHeaderLengthMSB) {
		t.Error("BreaksProtocol")
	}
}

// FuzzRelay sends arbitrary bytes as a client does that has opened its
// WebSocket, and holds: to the other side go well-formed, masked, whole frames
// only, with all messages that were whole, as they were; the client gets pongs.
func FuzzRelay(f *testing.F) {
	for _, seed := range [][]byte{
		slices.Concat(masked(false, ws.OpText, "<a"), masked(true, ws.OpPing, "?"), masked(false, ws.OpContinuation, ""), masked(true, ws.OpContinuation, "/>")),
		slices.Concat(masked(true, ws.OpBinary, "<a/>"), masked(true, ws.OpClose, "\x03\xe8bye")),
		masked(true, ws.OpText, strings.Repeat("<a>", 400)),
		{0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, '<'},
		{0xc1, 0x80, 0, 0, 0, 0},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		client, server, err := relayed(sent, inspector{most: 1 << 20}, true)
		if _, ok := errors.AsType[*SourceError](err); !ok {
			t.Fatal(err)
		}
		if got, want := textsOf(framesOf(t, server, ws.StateServerSide)), wholeMessages(sent); !slices.Equal(got, want) {
			t.Fatalf("%q reaches the other side, want %q", got, want)
		}
		for _, fr := range framesOf(t, client, ws.StateClientSide) {
			if fr.Header.OpCode != ws.OpPong {
				t.Fatalf("the client gets %+v", fr.Header)
			}
		}
	})
}

// wholeMessages reads a client's frames by RFC 6455 alone, up to the first that
// breaks it or is a close frame.
func wholeMessages(sent []byte) (messages []string) {
	r, state, message := bytes.NewReader(sent), ws.StateServerSide, ""
	for {
		h, err := ws.ReadHeader(r)
		if err != nil || ws.CheckHeader(h, state) != nil || h.Length > int64(r.Len()) {
			return messages
		}
		payload := make([]byte, h.Length)
		_, _ = io.ReadFull(r, payload)
		ws.Cipher(payload, h.Mask, 0)
		switch {
		case h.OpCode == ws.OpClose:
			return messages
		case h.OpCode.IsControl():
			continue
		case h.Fin:
			messages, message, state = append(messages, message+string(payload)), "", ws.StateServerSide
		default:
			message, state = message+string(payload), ws.StateServerSide|ws.StateFragmented
		}
	}
}
