package proxy

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// A sentBody is a body on its way to Prosody. Its memory is released as soon as it
// has been read: the request may wait for its answer for minutes.
type sentBody struct {
	sent func() // may be nil

	mu   sync.Mutex
	body []byte
	at   int
}

// Read implements [io.Reader].
func (b *sentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at < len(b.body) {
		n := copy(p, b.body[b.at:])
		b.at += n
		return n, nil
	}
	b.releaseLocked()
	return 0, io.EOF
}

func (b *sentBody) releaseLocked() {
	if b.sent == nil { // a short one may have to be sent again, on another connection
		return
	}
	b.body, b.at = nil, 0
	b.sent()
	b.sent = nil
}

// Close implements [io.Closer]; net/http closes a body when it is done with it.
func (b *sentBody) Close() error { return nil }

// done is the end of the request.
func (b *sentBody) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.releaseLocked()
}

var errSent = errors.New("the body was sent already")

// again returns the body from its beginning, as long as it is there.
func (b *sentBody) again() (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.body == nil && b.at == 0 && b.sent == nil {
		return nil, errSent
	}
	return io.NopCloser(bytes.NewReader(b.body)), nil
}
