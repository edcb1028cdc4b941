package component

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"usher/internal/logattr"
	"usher/internal/ratelimit"
	"usher/metrics"
	"usher/moderation"
)

// Config is how the component reaches Prosody.
type Config struct {
	JID     string // as in Prosody's Component line
	Address string // host:port of its component_ports
	Secret  string // its component_secret
}

// Options are the collaborators of a [Client]. A nil Log or Metrics is a
// no-op. Zero durations mean the defaults.
type Options struct {
	Log          *slog.Logger
	Metrics      *metrics.Metrics
	Command      Command       // for moderators; nil: none, or the one that [Client.Offer] brings
	MinBackoff   time.Duration // default 500 ms
	MaxBackoff   time.Duration // default 30 s
	PingEvery    time.Duration // default 30 s
	AnswerWithin time.Duration // of one IQ; default 5 s
}

// takenRetry is how long to wait where another connection has the component's JID: that of an
// usher on standby, or this one's own that Prosody still has for open. It may end at any moment,
// and until then nobody waits for an answer.
const takenRetry = time.Second

// A Client is the component. While it is not
// connected every call fails at once with [moderation.ErrUnreachable].
type Client struct {
	o         Options
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	connected chan struct{} // one value for each connection
	told      []func()      // that it is connected

	mu      sync.Mutex
	config  Config
	changed chan struct{} // closed when config changes
	session *session      // nil while not connected
	number  uint64        // of the last connection
	problem string        // why not, for an operator

	asker  asker
	rights rights
}

// New returns a client that connects once [Client.Run] runs.
func New(c Config, o Options) *Client {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	o.MinBackoff = cmp.Or(o.MinBackoff, 500*time.Millisecond)
	o.MaxBackoff = cmp.Or(o.MaxBackoff, 30*time.Second)
	o.PingEvery = cmp.Or(o.PingEvery, 30*time.Second)
	o.AnswerWithin = cmp.Or(o.AnswerWithin, 5*time.Second)
	dialer := net.Dialer{Timeout: handshakeWithin}
	client := &Client{o: o, dial: dialer.DialContext, config: c,
		changed: make(chan struct{}), connected: make(chan struct{}, 1),
		problem: "not connected yet", rights: rights{log: o.Log, lines: ratelimit.Log{Every: time.Minute}}}
	client.asker = asker{client.current, o.AnswerWithin, &client.rights}
	return client
}

// Offer has the component offer a command to moderators. It is called before Run.
func (c *Client) Offer(command Command) { c.o.Command = command }

// TellConnected has others told, too, each time Prosody has accepted the component; none of them may wait. It is called
// before Run.
func (c *Client) TellConnected(connected func()) { c.told = append(c.told, connected) }

// Connected receives a value each time Prosody has accepted the component.
func (c *Client) Connected() <-chan struct{} { return c.connected }

// Connection numbers the present connection, from one; zero is none.
func (c *Client) Connection() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == nil {
		return 0
	}
	return c.number
}

// Configure puts another configuration in force. The connection is made anew
// if it differs.
func (c *Client) Configure(next Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if next == c.config {
		return
	}
	c.config = next
	close(c.changed)
	c.changed = make(chan struct{})
	if c.session != nil {
		_ = c.session.conn.Close()
	}
}

// JID returns the component's address, as it is configured now.
func (c *Client) JID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.config.JID
}

// Problem says why rooms cannot be changed, and how to mend it; or nothing.
func (c *Client) Problem() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == nil {
		return c.problem
	}
	if c.rights.lacking.Load() {
		return "Prosody does not let the component change rooms: " + hintRights(c.config.JID)
	}
	return ""
}

// Run keeps the component connected until ctx ends.
func (c *Client) Run(ctx context.Context) error {
	backoff, taken := c.o.MinBackoff, false
	for ctx.Err() == nil {
		c.mu.Lock()
		config, changed := c.config, c.changed
		c.mu.Unlock()
		stood, err := c.serve(ctx, config)
		if ctx.Err() != nil {
			return nil
		}
		if stood >= settled { // this Prosody takes the component: it was restarted, or the network broke
			backoff = c.o.MinBackoff
		}
		wait := backoff/2 + rand.N(backoff) // not all daemons of a restarted Prosody at once
		level := slog.LevelWarn
		if again := taken; isTaken(err) {
			wait, taken = takenRetry, true
			if again {
				level = slog.LevelDebug // it was said, and would be each second
			}
		} else {
			backoff, taken = min(2*backoff, c.o.MaxBackoff), false
		}
		c.down(ctx, level, config, err, wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		case <-changed:
			backoff = c.o.MinBackoff
		}
	}
	return nil
}

// settled is how long a connection has to stand until the next one is made at once.
const settled = 3 * time.Second

// serve is one connection, from the first byte to the last. It returns how long Prosody had accepted the component.
func (c *Client) serve(ctx context.Context, config Config) (stood time.Duration, err error) {
	conn, err := c.dial(ctx, "tcp", config.Address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	st, err := open(ctx, quick{conn}, config.JID, config.Secret)
	if err != nil {
		return 0, err
	}
	accepted := time.Now()
	s := newSession(st, config.JID, c.o)
	c.mu.Lock()
	superseded := c.config != config
	if !superseded {
		c.session, c.problem = s, ""
		c.number++
	}
	c.mu.Unlock()
	if superseded {
		return 0, errors.New("the configuration has changed")
	}
	c.rights.lacking.Store(false)
	c.o.Metrics.ComponentConnected(true)
	c.o.Log.Info("component connected", "jid", config.JID, "address", config.Address)
	select {
	case c.connected <- struct{}{}:
	default:
	}
	for _, tell := range c.told {
		tell()
	}
	err = s.run(ctx)
	c.mu.Lock()
	c.session, c.problem = nil, "the connection was lost"
	c.mu.Unlock()
	c.o.Metrics.ComponentConnected(false)
	return time.Since(accepted), err
}

// down says why there is no connection, and what to do about it.
func (c *Client) down(ctx context.Context, level slog.Level, config Config, err error, wait time.Duration) {
	hint := hintConnection(config, err)
	c.mu.Lock()
	c.problem = "not connected to Prosody: " + plainly(err) + "; " + hint
	c.mu.Unlock()
	c.o.Log.LogAttrs(ctx, level, "component not connected", slog.String("jid", config.JID),
		slog.String("address", config.Address), logattr.Err(err), logattr.Hint(hint),
		slog.Duration("again_in", wait.Round(time.Millisecond)))
}

func (c *Client) current() (*session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == nil {
		return nil, moderation.ErrUnreachable
	}
	return c.session, nil
}
