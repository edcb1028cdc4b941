package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// callWithin bounds one request.
const callWithin = 30 * time.Second

// maxProblem bounds the text of a problem, in bytes.
const maxProblem = 4 << 10

// An UnreachableError says that the daemon does not answer on its socket, or not as one does.
type UnreachableError struct {
	Socket string
	Err    error
}

// Error says what to do about it.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("the daemon could not be reached at %s: %v\nstart it with: systemctl start usher (or usher "+
		"serve --config FILE); "+
		"only root and usher's own user may ask it", e.Socket, e.Err)
}

// Unwrap returns the reason.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Call does one request over the socket of a daemon and decodes the answer into v. The body may be nil. The error is an
// [*UnreachableError], or about the request itself.
func Call(ctx context.Context, socket, method, path string, body io.Reader, v any) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, "http://usher"+path, body)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return &UnreachableError{socket, err}
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "" {
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
		if err != nil {
			return &UnreachableError{socket, err}
		}
		return errors.New(strings.TrimSpace(string(text)))
	}
	if resp.StatusCode != http.StatusOK {
		return &UnreachableError{socket, fmt.Errorf("it answered %s", resp.Status)}
	}
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		return &UnreachableError{socket, err}
	}
	return nil
}
