package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const (
	maxFetchBytes = 256 << 10
	fetchTimeout  = 3 * time.Second
	maxRedirects  = 3
)

// A statusError is an answer other than 200.
type statusError int

func (e statusError) Error() string {
	return fmt.Sprintf("the key server answers with status %d", int(e))
}

// gone reports whether the server says that there is no such key.
func (e statusError) gone() bool {
	return e == http.StatusNotFound || e == http.StatusGone || e == http.StatusForbidden
}

// CheckSourceURL refuses a URL that keys are not fetched from: https is
// wanted, or http to this machine.
func CheckSourceURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("not a URL; write it like https://id.example.com/jwks.json")
	case u.User != nil:
		return errors.New("the URL holds a user name; key sets are public, leave it out")
	case u.Fragment != "":
		return errors.New("the URL has a fragment; leave it out")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return fmt.Errorf("the scheme %q; use https", clip(u.Scheme))
	}
	if addr, err := netip.ParseAddr(u.Hostname()); u.Hostname() == "localhost" || err == nil && addr.IsLoopback() {
		return nil
	}
	return errors.New("http to another machine, where anybody on the way can change the keys; use https")
}

// checkAddress lets http reach this machine only, and https nothing that no
// key server has: link-local addresses (cloud metadata), multicast.
func checkAddress(address string, plain bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	addr := at.Addr().Unmap()
	switch {
	case plain && !addr.IsLoopback():
		return errors.New("http is for keys on this machine only; use https")
	case addr.IsLinkLocalUnicast(), addr.IsMulticast(), addr.IsUnspecified():
		return fmt.Errorf("keys are not fetched from %s", addr)
	}
	return nil
}

// newHTTPClient follows redirects within one server only. Addresses are
// checked at the dial, so that a name which resolves to something else does
// not pass; plain says that the URL is http.
func newHTTPClient(plain bool) *http.Client {
	dialer := &net.Dialer{Timeout: fetchTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		return checkAddress(address, plain)
	}}
	transport := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	return &http.Client{Transport: transport, Timeout: fetchTimeout, CheckRedirect: checkRedirect}
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if r.URL.Scheme != first.Scheme || r.URL.Host != first.Host {
		return errors.New("the key server redirects to another server; name that one, if it is right")
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
}

// fetch returns a body and how long it may be used. No error holds the URL,
// which may hold more than an address.
func fetch(ctx context.Context, client *http.Client, from string) (body []byte, fresh time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, 0, errors.New("the URL cannot be asked")
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json, application/x-pem-file, */*;q=0.1")
	r.Header.Set("User-Agent", "usher")
	response, err := client.Do(r)
	if err != nil {
		if inner := (*url.Error)(nil); errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, 0, statusError(response.StatusCode)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, maxFetchBytes+1))
	if err != nil {
		return nil, 0, fmt.Errorf("reading the answer: %w", err)
	}
	if len(body) > maxFetchBytes {
		return nil, 0, fmt.Errorf("the answer is over %d bytes", maxFetchBytes)
	}
	return body, freshness(response.Header.Values("Cache-Control")), nil
}
