package websocket

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
	"usher/internal/quietsocket"
)

// readBytes is what a connection holds all the time; a buffer it has only
// while a message passes.
const readBytes = 1 << 10

// Options are what a connection is opened with.
type Options struct {
	Client bool // usher dialled: what it sends is masked

	// IdleTimeout is for the other side to say something. Zero means no limit.
	IdleTimeout time.Duration
	// WriteTimeout is for the other side to take a piece ([budget.Piece]).
	WriteTimeout time.Duration

	// Trusted says whether the other side may send without end; until then it is
	// [EarlyBytes]. nil: it may.
	Trusted *atomic.Bool
}

// A Conn is one WebSocket connection after its handshake. It must be opened ([Dial],
// [Accept], [Conn.Open]) before anything else. One goroutine may read; any may
// write.
type Conn struct {
	conn         net.Conn
	reader       *bufio.Reader
	state        ws.State // which side of the protocol usher is
	idleTimeout  time.Duration
	writeTimeout time.Duration
	readUntil    time.Time    // the read deadline in force
	trusted      *atomic.Bool // of Options
	early        int64        // bytes that came before trusted was true
	lastRead     atomic.Int64 // when something came last, in nanoseconds since 1970
	final        atomic.Int64 // the final deadline, in nanoseconds since 1970; 0: none

	mu       sync.Mutex // held while a frame is written
	finished bool       // no frame may follow; wants mu
}

// Open opens a connection whose handshake is over. What came together with the
// handshake is early.
func (c *Conn) Open(nc net.Conn, early []byte, o Options) {
	nc = quietsocket.Of(nc)
	var from io.Reader = nc
	if len(early) > 0 {
		from = io.MultiReader(bytes.NewReader(bytes.Clone(early)), nc)
	}
	c.lastRead.Store(time.Now().UnixNano())
	c.conn, c.reader = nc, bufio.NewReaderSize(from, readBytes)
	c.idleTimeout, c.writeTimeout, c.trusted = o.IdleTimeout, o.WriteTimeout, o.Trusted
	if c.state = ws.StateServerSide; o.Client {
		c.state = ws.StateClientSide
	}
}

// Close cuts the connection. [Conn.Finish] tells the other side first.
func (c *Conn) Close() error { return c.conn.Close() }

// LastRead returns when something came last, in nanoseconds since 1970.
func (c *Conn) LastRead() int64 { return c.lastRead.Load() }

// SetFinalDeadline sets a deadline for all reads and writes, those under way and
// those that follow.
func (c *Conn) SetFinalDeadline(by time.Time) {
	c.final.Store(by.UnixNano())
	_ = c.conn.SetDeadline(by)
}

// Discard reads and drops what the other side still sends, for so long at most. To
// close a socket with unread bytes would reset it, and the other side would lose
// what it was told last.
func (c *Conn) Discard(within time.Duration) {
	_ = c.conn.SetReadDeadline(time.Now().Add(within))
	_, _ = io.Copy(io.Discard, c.conn)
}

// await sets the deadline for silence, if it is not nearly that already.
func (c *Conn) await() error {
	if c.idleTimeout == 0 && c.readUntil.IsZero() {
		return nil
	}
	var until time.Time
	if c.idleTimeout > 0 {
		now := time.Now()
		c.lastRead.Store(now.UnixNano())
		if until = now.Add(c.idleTimeout); until.Sub(c.readUntil).Abs() < c.idleTimeout/8 {
			return nil
		}
	}
	return c.readBy(until)
}

// readBy sets the read deadline; the final one, if there is one, counts instead.
func (c *Conn) readBy(until time.Time) error {
	c.readUntil = until
	err := c.conn.SetReadDeadline(until)
	if by := c.final.Load(); by != 0 {
		err = c.conn.SetReadDeadline(time.Unix(0, by))
	}
	return err
}

// readWithin sets the read deadline for so many bytes, unless they are all here.
func (c *Conn) readWithin(length int64) error {
	if int64(c.reader.Buffered()) >= length {
		return nil
	}
	return c.readBy(time.Now().Add(budget.TimeFor(length)))
}

// writeWithin sets the write deadline for a piece.
func (c *Conn) writeWithin() error {
	err := c.conn.SetWriteDeadline(time.Now().Add(c.writeTimeout))
	if by := c.final.Load(); by != 0 { // read last, as SetFinalDeadline may come in between
		err = c.conn.SetWriteDeadline(time.Unix(0, by))
	}
	return err
}

// A buffer holds one piece of a message, with room for a frame's header before it, so
// that both are written at once.
type buffer struct {
	message Message
	bytes   [ws.MaxHeaderSize + budget.Piece]byte
}

func (b *buffer) piece() []byte { return b.bytes[ws.MaxHeaderSize:] }

// Buffers are a pool of buffers, each of which is used while a message passes. The
// zero value is ready, and safe for concurrent use.
type Buffers struct{ pool sync.Pool }

func (b *Buffers) get() *buffer {
	if one, ok := b.pool.Get().(*buffer); ok {
		return one
	}
	return new(buffer)
}

// put returns a buffer to the pool, and repays the loan of its message.
func (b *Buffers) put(one *buffer) {
	one.message.loan.Repay()
	one.message = Message{}
	b.pool.Put(one)
}
