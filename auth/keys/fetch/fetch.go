package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode"

	"usher/internal/text"
)

// Timeout is for all of a fetch: name, connection, redirects, body.
const Timeout = 3 * time.Second

const (
	maxFetched   = 256 << 10 // bytes of a body, or of a response's header
	maxRedirects = 3
	maxErrorText = 200 // bytes; parts of it may be the server's
)

// A Fetcher gets key material. It uses its transport directly: a http.Client
// follows redirects by itself and puts the URL into its errors.
type Fetcher struct {
	Transport http.RoundTripper // [NewTransport]
	Accept    string            // media types
}

// A Response is a whole body and how long it stays fresh.
type Response struct {
	Body  []byte
	Fresh time.Duration
}

// A StatusError is any answer but 200.
type StatusError int

func (e StatusError) Error() string {
	return fmt.Sprintf("the server answers %d %s", int(e), http.StatusText(int(e)))
}

// NewTransport dials only where a URL of this scheme may lead, by [ParseURL].
// Roots are the certificate authorities; nil means the system's.
func NewTransport(scheme string, insecureHTTP bool, roots *x509.CertPool) http.RoundTripper {
	return newTransport(newDialer(scheme, insecureHTTP), roots)
}

// newTransport makes every fetch a connection of its own: they are far apart.
// No proxy is taken from the environment; the dialer's check would not hold
// behind one.
func newTransport(d *net.Dialer, roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    Timeout,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxFetched,
	}
}

// Get fetches one small document. Its errors never hold the URL.
func (f *Fetcher) Get(ctx context.Context, from *url.URL) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	r, err := f.follow(ctx, from)
	if err == nil {
		return r, nil
	}
	if errors.Is(err, context.DeadlineExceeded) || ctx.Err() == context.DeadlineExceeded {
		return Response{}, fmt.Errorf("no complete answer within %v", Timeout)
	}
	return Response{}, ClipError(err)
}

// ClipError bounds a text that is partly the server's, and keeps it from moving
// the cursor of an operator's terminal: a certificate may be for any name.
func ClipError(err error) error {
	text := err.Error()
	if len(text) <= maxErrorText && !strings.ContainsFunc(text, unicode.IsControl) {
		return err
	}
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "") + "…"
	}
	return errors.New(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return '?'
		}
		return c
	}, text))
}

// plainError keeps what the dialer and TLS say, and nothing else of a failed
// request: net/http quotes the server's answer, which can repeat the URL.
func plainError(err error) error {
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return network
	}
	if authority, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Errorf("name the CA of the key server under ca_file: %w",
			authority) // first: the rest may be cut off
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate
	}
	return fmt.Errorf("the server gave no readable HTTP answer (%T)", err)
}

const maybeHTTPS = "; if that port is for https, write https:// in the address"

// PlainError is a failed request's error without what the server said, and without the URL. The scheme is the URL's.
func PlainError(scheme string, err error) error { return otherScheme(scheme, err) }

// otherScheme is plainError, and says so where the port seems to be for http
// instead of https, or the reverse: on a port for TLS the server hangs up, or
// answers what is no HTTP.
func otherScheme(scheme string, err error) error {
	_, record := errors.AsType[tls.RecordHeaderError](err)
	plain := plainError(err)
	_, network := errors.AsType[*net.OpError](err)
	switch {
	case record || errors.Is(err, http.ErrSchemeMismatch):
		return errors.New("the server does not speak TLS on this port; " +
			"if it is for http, write http:// in the address (and insecure_http: true, unless it is this machine)")
	case scheme == "http" && (!network || errors.Is(err, syscall.ECONNRESET)):
		return fmt.Errorf("%w%s", plain, maybeHTTPS)
	}
	return plain
}

// follow goes where redirects of the same server lead.
func (f *Fetcher) follow(ctx context.Context, from *url.URL) (Response, error) {
	for range maxRedirects + 1 {
		r, next, err := f.once(ctx, from)
		if err != nil || next == nil {
			return r, err
		}
		from = next
	}
	return Response{}, fmt.Errorf("more than %d redirects", maxRedirects)
}

// once sends one request. It returns a body, or where a redirect leads.
func (f *Fetcher) once(ctx context.Context, from *url.URL) (Response, *url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return Response{}, nil, errors.New("the URL cannot be requested")
	}
	req.Header.Set("Accept", f.Accept)
	req.Header.Set("User-Agent", "usher")
	resp, err := f.Transport.RoundTrip(req)
	if err != nil {
		return Response{}, nil, otherScheme(from.Scheme, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		body, err := readBody(resp)
		return Response{Body: body, Fresh: freshFor(resp.Header)}, nil, err
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		next, err := redirect(from, resp.Header.Get("Location"))
		return Response{}, next, err
	}
	// What web servers answer to http on a port for https.
	if resp.StatusCode == http.StatusBadRequest && from.Scheme == "http" {
		return Response{}, nil, fmt.Errorf("%w%s", StatusError(resp.StatusCode), maybeHTTPS)
	}
	return Response{}, nil, StatusError(resp.StatusCode)
}

// redirect stays with the server that the operator named: another one could
// be any service inside the network.
func redirect(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err != nil || location == "" {
		return nil, errors.New("a redirect to something that is not a URL")
	}
	if !sameOrigin(from, to) {
		return nil, fmt.Errorf("a redirect to another server, %q; configure the URL that it leads to",
			text.Name(to.Scheme+"://"+to.Host))
	}
	to.User, to.Fragment, to.RawFragment = nil, "", ""
	return to, nil
}

func readBody(resp *http.Response) ([]byte, error) {
	if resp.ContentLength > maxFetched {
		return nil, fmt.Errorf("more than %d bytes", maxFetched)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxFetched+1))
	if err != nil {
		return nil, plainError(err)
	}
	if len(body) > maxFetched {
		return nil, fmt.Errorf("more than %d bytes", maxFetched)
	}
	return body, nil
}
