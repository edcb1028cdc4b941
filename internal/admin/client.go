package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"usher/internal/filelock"
	"usher/internal/permission"
)

// callWithin bounds one request.
const callWithin = 30 * time.Second

// maxProblem bounds the text of a problem, in bytes.
const maxProblem = 4 << 10

// An UnreachableError says that the daemon does not answer on its socket, or not as one does.
type UnreachableError struct {
	Socket string // empty: it was asked within its own process
	Err    error

	hungUp bool // it took the connection, and ended it without an answer
}

// Error says what to do about it.
func (e *UnreachableError) Error() string {
	err := e.Err
	if request, is := errors.AsType[*url.Error](err); is {
		err = request.Err // its address is the same for all
	}
	if e.Socket == "" {
		return fmt.Sprintf("usher does not answer: %v", err)
	}
	return fmt.Sprintf("the daemon could not be reached at %s: %v\n%s", e.Socket, err, e.mend())
}

const mendStart = "start it with: systemctl start usher (or usher serve --config FILE)"

// mend tells a daemon that does not run from one that this user may not ask.
func (e *UnreachableError) mend() string {
	if errors.Is(e.Err, syscall.EACCES) {
		if b := permission.Find(e.Socket, permission.Read|permission.Write); b != nil {
			return b.Text() + "; " + mayAsk(b.Info)
		}
	}
	info, err := os.Lstat(e.Socket)
	switch {
	case err == nil && e.hungUp && !ownsOrRoot(info):
		return fmt.Sprintf("it hung up on the user %s; %s", permission.Self(), mayAsk(info))
	case err == nil && e.hungUp:
		return "look at its log: journalctl -u usher"
	}
	if pid := filelock.Holder(e.Socket + ".lock"); pid != 0 {
		return fmt.Sprintf("the process %d holds %s.lock: it is starting or stopping, or stands still; look at its "+
			"log: journalctl -u usher", pid, e.Socket)
	}
	return mendStart + "; only root and usher's own user may ask it"
}

// mayAsk says who may ask a daemon, by the owner of its socket, or of the folder that it is in.
func mayAsk(info fs.FileInfo) string {
	who := permission.Owner(info)
	if who == "root" {
		return "only root and the user that the daemon runs as may ask it: run the command with sudo"
	}
	return fmt.Sprintf("only root and the user %s may ask it: run the command with sudo, or as %s", who, who)
}

func ownsOrRoot(info fs.FileInfo) bool {
	return os.Geteuid() == 0 || permission.Owner(info) == permission.Self()
}

// Unwrap returns the reason.
func (e *UnreachableError) Unwrap() error { return e.Err }

// A Client asks a daemon: over its socket ([Over]), or within its own process ([Within]). It is safe for concurrent
// use.
type Client struct {
	socket    string // empty: within the process
	transport func() http.RoundTripper
}

// Over returns a client that asks over the socket of a daemon, with a connection for each request.
func Over(socket string) *Client {
	return &Client{socket, func() http.RoundTripper {
		return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}
	}}
}

// Call does one request over the socket of a daemon and decodes the answer into v. The body may be nil. The error is an
// [*UnreachableError], or about the request itself.
func Call(ctx context.Context, socket, method, path string, body io.Reader, v any) error {
	return Over(socket).Call(ctx, method, path, body, v)
}

// Follow is [Client.Follow] over the socket of a daemon.
func Follow(ctx context.Context, socket, path string, each func(Decision) error) error {
	return Over(socket).Follow(ctx, path, each)
}

// Call does one request and decodes the answer into v. The body may be nil. The error is an [*UnreachableError], or
// about the request itself.
func (c *Client) Call(ctx context.Context, method, path string, body io.Reader, v any) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	return c.send(ctx, method, path, body, func(answer io.Reader) error { return json.NewDecoder(answer).Decode(v) })
}

// Follow hands each to the decisions that an answer of GET /decisions with follow goes on with, until ctx ends or each
// fails. The errors are those of [Client.Call]; that the daemon ended it is [ErrCutOff].
func (c *Client) Follow(ctx context.Context, path string, each func(Decision) error) error {
	var failed error
	err := c.send(ctx, http.MethodGet, path, nil, func(answer io.Reader) error {
		lines := json.NewDecoder(answer)
		for {
			var d Decision
			if err := lines.Decode(&d); err != nil {
				return ErrCutOff
			}
			if failed = each(d); failed != nil {
				return nil
			}
		}
	})
	switch {
	case failed != nil:
		return failed
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, ErrCutOff):
		return ErrCutOff
	}
	return err
}

// ErrCutOff is of a follower whose daemon stopped, or found it too slow.
var ErrCutOff = errors.New("the daemon ended it: it has stopped, or what it sent was not read fast enough")

// send does one request and has the answer read.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader, read func(io.Reader) error) error {
	client := &http.Client{Transport: c.transport()}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, "http://usher"+path, body)
	if err != nil {
		return err
	}
	connected := false
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }}
	resp, err := client.Do(req.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		return &UnreachableError{c.socket, err, connected && ctx.Err() == nil}
	}
	defer resp.Body.Close()
	unavailable := resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != ""
	if unavailable || resp.StatusCode == http.StatusBadRequest {
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
		if err != nil {
			return &UnreachableError{c.socket, err, true}
		}
		return errors.New(strings.TrimSpace(string(text)))
	}
	if resp.StatusCode != http.StatusOK {
		return &UnreachableError{Socket: c.socket, Err: fmt.Errorf("it answered %s", resp.Status)}
	}
	if err := read(resp.Body); err != nil {
		cut := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
		return &UnreachableError{Socket: c.socket, Err: err, hungUp: cut}
	}
	return nil
}
