package try

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/auth/gateway"
	"usher/internal/text"
	"usher/internal/try/client"
)

// webServer asks the page's web server for a WebSocket.
func (t *link) webServer(ctx context.Context) result {
	u := t.Target.URL
	began := time.Now()
	stream, opening, err := client.WebSocket(ctx, t.conn, t.handshake(*u), t.Host)
	t.date(opening.Header.Get("Date"), began)
	if status, ok := errors.AsType[*client.StatusError](err); ok {
		return t.badStatus(*status, opening.Header)
	}
	if err != nil {
		return failed("look at the web server's configuration of "+u.Path+t.location(), "no WebSocket: %v", err)
	}
	t.stream = stream
	server := opening.Header.Get("Server")
	if server == "" {
		return passed("opens a WebSocket at %s", u.Path)
	}
	return passed("%s opens a WebSocket at %s", text.Name(server), u.Path)
}

// handshake asks for an address as the page does.
func (t *link) handshake(u url.URL) client.Handshake {
	query := url.Values{"room": {t.name}}
	if t.token != "" {
		query.Set("token", t.token)
	}
	h := client.Handshake{Target: u.EscapedPath() + "?" + query.Encode(), Host: u.Host, Origin: "https://" + u.Host}
	if local(u.Hostname()) { // straight at usher's gateway, or at a web server that serves names
		h.Host = t.Host
		h.Origin = "https://" + TargetOf(t.Config, t.Host).page(t.Host)
	}
	return h
}

// page is the host of a page's address, or the virtual host.
func (t Target) page(host string) string {
	if t.URL == nil {
		return host
	}
	return t.URL.Host
}

// badStatus says what stands behind the answer of a web server.
func (t *link) badStatus(e client.StatusError, header http.Header) result {
	gateway, path := t.Config.Listen.Gateway.Name, t.Target.URL.Path
	switch e.Status {
	case http.StatusForbidden:
		if strings.Contains(e.Body, "gateway.origins") {
			return failed("name it in gateway.origins of "+t.ConfigFile+", or have the web server pass the Host "+
				"header on (proxy_set_header Host $http_host)",
				"usher refuses the page https://%s", t.Target.page(t.Host))
		}
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		to, _, _ := strings.Cut(header.Get("Location"), "?")
		return failed("take that address, with --url", "the web server sends elsewhere: %s", text.Clip(to))
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return failed("have it lead to listen.gateway, "+gateway+t.location()+", and usher run (systemctl status usher)",
			"the web server answers %d: it does not reach what stands behind it", e.Status)
	case http.StatusNotFound, http.StatusOK:
		if strings.HasPrefix(e.Body, "no such path") {
			return failed("have the web server lead to "+gateway+"/xmpp-websocket"+t.location(),
				"usher's gateway is asked for another path")
		}
		return failed("add the location of XMPP to its file, as deploy/nginx-meet.conf has it"+t.location()+
			", or load mod_websocket, where it leads to Prosody",
			"the web server has no WebSocket at %s: it answers %d", path, e.Status)
	}
	return failed("have it pass Upgrade and Connection on, as deploy/nginx-meet.conf does"+t.location(),
		"the web server answers %d %s instead of a WebSocket", e.Status, http.StatusText(e.Status))
}

// upstreamFault says why usher does not reach Prosody's WebSocket, by asking there from here.
func (t *entry) upstreamFault(ctx context.Context) result {
	at := t.upstream()
	address := t.upstreamURL().JoinPath(gateway.WebSocketPath).String()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return failed("correct gateway.upstream of "+t.ConfigFile, "usher does not reach Prosody: %v", err)
	}
	r.Host = t.Host
	transport := &http.Transport{DisableKeepAlives: true} // and no proxy
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return failed("start Prosody (systemctl start prosody), or correct gateway.upstream of "+t.ConfigFile+
			": it is Prosody's http_ports", "Prosody's web server does not answer at %s", at)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxPage))
	if answer.StatusCode == http.StatusNotFound {
		return failed(`add "websocket" and "bosh" to modules_enabled in Prosody's configuration`+
			t.Folders.prosodyPlace(`^modules_enabled\s*=`)+", see that "+t.Host+" is one of its hosts, and restart Prosody",
			"Prosody has no WebSocket for %s at %s: mod_websocket is not loaded there, or it does not have the host", t.Host, at)
	}
	return failed("look at Prosody's log, and at usher's",
		"usher gets no WebSocket from Prosody at %s, which answers %d here", at, answer.StatusCode)
}

// maxPage bounds what is read of a web page, in bytes.
const maxPage = 64 << 10
