package world

import (
	"context"
	"net"
	"net/http"
	"net/url"

	"usher/e2e/client"
)

// query is what Jitsi's client puts behind its connection's address.
func (l Link) query() string {
	q := url.Values{"room": {l.Room}, "prefix": {l.Tenant}}
	if l.Token != "" {
		q.Set("token", l.Token)
	}
	if l.Resume != "" {
		q.Set("previd", l.Resume)
	}
	return "?" + q.Encode()
}

// fromPage are the headers of a browser behind a web server, but for the address.
func fromPage() http.Header {
	return http.Header{"Host": {Meet}, "Origin": {"https://" + Meet}, "X-Forwarded-Proto": {"https"}}
}

func (l Link) via(address string) func(context.Context) (net.Conn, error) {
	if l.BOSH {
		return client.BOSH("http://"+address+"/http-bind"+l.query(), fromPage())
	}
	return client.WebSocket("ws://"+address+"/xmpp-websocket"+l.query(), fromPage())
}
