package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"usher/internal/cluster"
)

// A link is one connection to the engine, opened when it is needed. It speaks for one caller at a time, and who waits
// for that waits no longer than its context lasts.
type link struct {
	client  rueidis.Client
	home    home
	timeout time.Duration
	turn    chan struct{} // holds a value while a caller speaks
	ended   chan struct{} // closed by close
	pace    pace          // of who speaks

	mu   sync.Mutex
	conn net.Conn
	era  uint64 // of conn
	once sync.Once
}

// A home is what links connect to. Each connection is of the era that is now when it is begun; lost hears of the era
// of one that failed.
type home interface {
	now() uint64
	dial(ctx context.Context) (net.Conn, error)
	lost(era uint64)
}

// buffer is that of a connection in each direction, in bytes. What is larger is read in parts.
const buffer = 16 << 10

// newLink makes a link whose answers may take wait longer than the timeout.
func newLink(o *Options, h home, wait time.Duration) (*link, error) {
	l := &link{home: h, timeout: o.Timeout + wait, turn: make(chan struct{}, 1), ended: make(chan struct{})}
	made := false
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{"engine"}, // its home knows where that is
		DialCtxFn: func(ctx context.Context, _ string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			if !made { // NewClient connects at once, with no context of ours
				return nil, errClosed
			}
			ctx, cancel := context.WithTimeoutCause(ctx, d.Timeout, errTimeout)
			defer cancel()
			return l.open(ctx)
		},
		AuthCredentialsFn: func(rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
			password, err := ask(o.Password)
			return rueidis.AuthCredentials{Username: o.User, Password: password}, err
		},
		// The library's defaults are for many callers and large caches. KeepAlive stands for PINGs: each command has
		// a timeout, so they are not needed.
		Dialer:              net.Dialer{Timeout: o.Timeout, KeepAlive: -1},
		ConnWriteTimeout:    l.timeout,
		PipelineMultiplex:   -1,
		RingScaleEachConn:   3,
		ReadBufferEachConn:  buffer,
		WriteBufferEachConn: buffer,
		SelectDB:            o.Database,
		ClientName:          "usher",
		ClientSetInfo:       rueidis.DisableClientSetInfo,
		ForceSingleClient:   true,
		DisableRetry:        true,
		DisableCache:        true,
	})
	if client == nil {
		return nil, err
	}
	l.client, made = client, true
	return l, nil
}

// do gives the engine commands in one round trip. The error is that of the caller's context, or the first of the
// connection or of an answer, classified.
func (l *link) do(ctx context.Context, commands ...[]string) ([]rueidis.RedisResult, error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := l.wait(ctx); err != nil {
		return nil, err
	}
	built := make([]rueidis.Completed, len(commands))
	for i, words := range commands {
		built[i] = l.client.B().Arbitrary(words...).Build()
	}
	answers := l.ask(ctx, built)
	return answers, l.judge(ctx, answers)
}

// wait lets the time pass that a failure asks for.
func (l *link) wait(ctx context.Context) error {
	pause := time.NewTimer(l.pace.wait(time.Now()))
	defer pause.Stop()
	select {
	case <-l.ended:
		return classify(errClosed)
	default:
	}
	select {
	case <-pause.C:
		return ctx.Err()
	case <-l.ended:
		return classify(errClosed)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask cuts the connection when the context or the time is over: the library heeds a deadline only, and no cancellation.
func (l *link) ask(ctx context.Context, commands []rueidis.Completed) []rueidis.RedisResult {
	ctx, cancel := context.WithTimeoutCause(ctx, l.timeout, errTimeout)
	defer cancel()
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		l.cut(forever)
		close(cut)
	})
	answers := l.client.DoMulti(ctx, commands...)
	if !stop() {
		<-cut // so that it does not cut the next caller's
	}
	return answers
}

func (l *link) judge(ctx context.Context, answers []rueidis.RedisResult) error {
	for _, answer := range answers {
		err := answer.Error()
		if err == nil || rueidis.IsRedisNil(err) || isNoScript(err) {
			continue
		}
		if gone := ctx.Err(); gone != nil {
			return gone
		}
		err = classify(err)
		l.pace.failed(time.Now())
		if errors.Is(err, cluster.ErrAway) {
			l.home.lost(l.cut(forever)) // a primary that became a replica may keep the connection
		}
		return err
	}
	l.pace.succeeded()
	return nil
}

// open connects, and keeps the connection, so that it can be cut. An era that ends meanwhile either finds it to cut, or
// is seen here.
func (l *link) open(ctx context.Context) (net.Conn, error) {
	era := l.home.now()
	plain, err := l.home.dial(ctx)
	if err != nil {
		return nil, err
	}
	conn := &guarded{Conn: plain}
	l.mu.Lock()
	l.conn, l.era = conn, era
	l.mu.Unlock()
	select {
	case <-l.ended:
		conn.Close()
		return nil, errClosed
	default:
	}
	if l.home.now() != era {
		conn.Close()
		return nil, errOther
	}
	return conn, nil
}

// forever is after every era.
const forever = math.MaxUint64

// cut ends the connection, unless it is of an era after the given one; the next command opens another. It returns the
// connection's era.
func (l *link) cut(era uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil && l.era <= era {
		l.conn.Close()
	}
	return l.era
}

// close ends the link for good.
func (l *link) close() {
	l.once.Do(func() {
		close(l.ended)
		l.cut(forever)
		l.client.Close()
	})
}
