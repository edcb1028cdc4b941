package keystest

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// A RoundTripper answers fetches without a network.
type RoundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f RoundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Answer returns a response, with a Cache-Control unless that is empty.
func Answer(status int, cacheControl, body string) (*http.Response, error) {
	h := http.Header{}
	if cacheControl != "" {
		h.Set("Cache-Control", cacheControl)
	}
	content := io.NopCloser(strings.NewReader(body))
	return &http.Response{StatusCode: status, Header: h, ContentLength: -1, Body: content}, nil
}

// Hang answers when the request is given up.
func Hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// A SetServer publishes a set that can be replaced. Publish comes first.
type SetServer struct {
	Fetches atomic.Int32
	Hangs   atomic.Bool

	body atomic.Pointer[string]
}

// Publish replaces the set.
func (p *SetServer) Publish(set string) { p.body.Store(&set) }

// RoundTrip answers with the set, without a Cache-Control.
func (p *SetServer) RoundTrip(r *http.Request) (*http.Response, error) {
	p.Fetches.Add(1)
	if p.Hangs.Load() {
		return Hang(r)
	}
	return Answer(200, "", *p.body.Load())
}

// A KeyServer is an ASAP key server. The zero value has no file.
type KeyServer struct {
	Status  atomic.Int32 // instead of the files; -1 hangs
	Empty   atomic.Bool  // instead of a file's content
	Fetches atomic.Int32

	mu    sync.Mutex
	files map[string]string // by path
}

// Put publishes a file, also while it may be fetched.
func (k *KeyServer) Put(kid, file string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.files == nil {
		k.files = map[string]string{}
	}
	k.files[ASAPPath(kid)] = file
}

// Remove takes a file back.
func (k *KeyServer) Remove(kid string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.files, ASAPPath(kid))
}

// RoundTrip answers with the file of the path, fresh for a minute, or 404.
func (k *KeyServer) RoundTrip(r *http.Request) (*http.Response, error) {
	k.Fetches.Add(1)
	k.mu.Lock()
	file, ok := k.files[r.URL.Path]
	k.mu.Unlock()
	if k.Empty.Load() {
		file = ""
	}
	switch status := int(k.Status.Load()); {
	case status < 0:
		return Hang(r)
	case status > 0:
		return Answer(status, "", file)
	case !ok:
		return Answer(404, "", "")
	}
	return Answer(200, "max-age=60", file)
}
