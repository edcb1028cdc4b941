package client

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
)

// Bodies are a session of BOSH (XEP-0124) of which every request is made by hand, and every answer seen as it came.
type Bodies struct {
	url    string
	header http.Header
	host   string

	mu  sync.Mutex
	rid int64
	sid string
}

// OpenBodies begins a session at a host.
func OpenBodies(ctx context.Context, url string, header http.Header, host string) (*Bodies, error) {
	b := &Bodies{url: url, header: header, host: host, rid: rand.Int64N(1 << 40)}
	answer, err := b.Post(ctx, b.Next(), " to='"+host+
		"' wait='5' hold='1' ver='1.6' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'", "")
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sid = Attribute(answer, "sid"); err == nil && b.sid == "" {
		err = fmt.Errorf("no session: %s", answer)
	}
	return b, err
}

// Next takes the number of the next request.
func (b *Bodies) Next() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rid++
	return b.rid
}

// Post sends a request with further attributes of its body, and returns the answer.
func (b *Bodies) Post(ctx context.Context, rid int64, attributes, inside string) (answer string, err error) {
	b.mu.Lock()
	if b.sid != "" {
		attributes += " sid='" + b.sid + "'"
	}
	b.mu.Unlock()
	text := fmt.Sprintf("<body xmlns='%s' rid='%d'%s>%s</body>", httpBind, rid, attributes, inside)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, strings.NewReader(text))
	if err != nil {
		return "", err
	}
	r.Header = b.header.Clone()
	r.Host = r.Header.Get("Host")
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", res.StatusCode, body)
	}
	return string(body), err
}

// Say sends stanzas in one body.
func (b *Bodies) Say(ctx context.Context, stanzas ...string) (answer string, err error) {
	for i := range stanzas {
		stanzas[i] = namespaced(stanzas[i])
	}
	return b.Post(ctx, b.Next(), "", strings.Join(stanzas, ""))
}

// Until sends empty bodies until an answer has all of these parts in it.
func (b *Bodies) Until(ctx context.Context, answer string, parts ...string) (string, error) {
	for !hasAll(answer, parts) {
		next, err := b.Say(ctx)
		if err != nil {
			return answer, err
		}
		answer += next
		if strings.Contains(next, "terminate") && !hasAll(answer, parts) {
			return answer, fmt.Errorf("waiting for %q: %s", parts, answer)
		}
	}
	return answer, nil
}

// Login logs in without a name; a resource may be bound then.
func (b *Bodies) Login(ctx context.Context) error {
	answer, err := b.Say(ctx, "<auth xmlns='"+saslNamespace+"' mechanism='ANONYMOUS'/>")
	if err == nil {
		_, err = b.Until(ctx, answer, "<success")
	}
	if err == nil {
		answer, err = b.Post(ctx, b.Next(), " to='"+b.host+"' xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'", "")
	}
	if err == nil {
		_, err = b.Until(ctx, answer, "features")
	}
	return err
}

// Bind returns the full JID.
func (b *Bodies) Bind(ctx context.Context) (jid string, err error) {
	answer, err := b.Say(ctx, BindRequest)
	if err == nil {
		answer, err = b.Until(ctx, answer, "<jid>")
	}
	_, jid, _ = strings.Cut(answer, "<jid>")
	jid, _, _ = strings.Cut(jid, "</jid>")
	return jid, err
}
