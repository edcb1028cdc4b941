package client

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const httpBind = "http://jabber.org/protocol/httpbind"

// BOSH is how to reach a server by BOSH (XEP-0124, XEP-0206), for Login.Via.
func BOSH(url string, header http.Header) func(ctx context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) {
		b := &bosh{url: url, header: header, rid: rand.Int64N(1 << 40)}
		b.came = sync.NewCond(&b.mu)
		b.ctx, b.cancel = context.WithCancelCause(context.Background())
		return b, nil
	}
}

// bosh is a stream whose pieces go into requests.
type bosh struct {
	net.Conn // none: it only makes this a net.Conn
	url      string
	header   http.Header
	ctx      context.Context
	cancel   context.CancelCauseFunc
	polling  sync.Once
	requests sync.WaitGroup // under way beside Write

	mu   sync.Mutex
	came *sync.Cond
	in   bytes.Buffer // from the server, and not read yet
	rid  int64
	sid  string
	to   string
}

// SetDeadline knows one deadline: it is over.
func (b *bosh) SetDeadline(time.Time) error {
	b.end(os.ErrDeadlineExceeded)
	return nil
}

// Close ends the session.
func (b *bosh) Close() error {
	if b.ctx.Err() == nil {
		_, _ = b.Write([]byte("</stream:stream>"))
	}
	b.end(net.ErrClosed)
	b.requests.Wait()
	return nil
}

func (b *bosh) end(why error) {
	b.cancel(why)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.came.Broadcast()
}

// Read returns what the server sent as one stream.
func (b *bosh) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.in.Len() == 0 && b.ctx.Err() == nil {
		b.came.Wait()
	}
	if b.in.Len() == 0 {
		return 0, context.Cause(b.ctx)
	}
	return b.in.Read(p)
}

// Write sends one request, and has its answer come out of Read.
func (b *bosh) Write(p []byte) (int, error) {
	text, attributes := string(p), ""
	b.mu.Lock()
	b.rid++
	switch {
	case strings.HasPrefix(text, "<?xml") && b.sid == "":
		_, rest, _ := strings.Cut(text, "to='")
		b.to, _, _ = strings.Cut(rest, "'")
		text = ""
		attributes = " to='" + b.to + "' wait='10' hold='1' ver='1.6' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'"
	case strings.HasPrefix(text, "<?xml"):
		text, attributes = "", " to='"+b.to+"' xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'"
	case text == "</stream:stream>":
		text, attributes = "", " type='terminate'"
	default:
		text = namespaced(text)
	}
	if b.sid != "" {
		attributes += " sid='" + b.sid + "'"
	}
	request := fmt.Sprintf("<body xmlns='%s' rid='%d'%s>%s</body>", httpBind, b.rid, attributes, text)
	b.mu.Unlock()
	switch {
	case strings.Contains(attributes, "ver='1.6'"), strings.Contains(attributes, "terminate"):
		return len(p), b.post(request)
	case strings.HasPrefix(text, "<iq"):
		b.polling.Do(func() { b.requests.Go(b.poll) })
	}
	b.requests.Go(func() { _ = b.post(request) }) // Read tells
	return len(p), nil
}

// post sends a request and passes on what its answer holds.
func (b *bosh) post(request string) error {
	r, err := http.NewRequestWithContext(b.ctx, http.MethodPost, b.url, strings.NewReader(request))
	if err != nil {
		return err
	}
	r.Header = b.header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Host = r.Header.Get("Host")
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", answer.StatusCode, body)
	}
	if err == nil {
		err = b.take(body)
	}
	if err != nil {
		b.end(err)
	}
	return err
}

// take reads an answer: what is in it comes out of Read.
func (b *bosh) take(body []byte) error {
	var tag struct {
		SID  string `xml:"sid,attr"`
		Type string `xml:"type,attr"`
	}
	if err := xml.Unmarshal(body, &tag); err != nil {
		return err
	}
	inside := body[bytes.IndexByte(body, '>')+1:]
	inside = inside[:max(0, bytes.LastIndex(inside, []byte("</")))]
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sid == "" {
		b.sid = tag.SID
	}
	if bytes.Contains(inside, []byte("<stream:features")) {
		b.in.WriteString(serverHeader)
	}
	b.in.Write(inside)
	b.came.Broadcast()
	if tag.Type == "terminate" {
		return io.EOF
	}
	return nil
}

// poll has a request wait at the server for what comes.
func (b *bosh) poll() {
	for b.ctx.Err() == nil {
		b.mu.Lock()
		b.rid++
		request := fmt.Sprintf("<body xmlns='%s' rid='%d' sid='%s'/>", httpBind, b.rid, b.sid)
		b.mu.Unlock()
		if b.post(request) != nil {
			return
		}
	}
}
