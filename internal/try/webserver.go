package try

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/internal/text"
	"usher/internal/try/client"
)

// webServer asks the page's web server for a WebSocket.
func (t *link) webServer(ctx context.Context) result {
	u := *t.Target.URL
	query := url.Values{"room": {t.name}, "token": {t.token}}
	h := client.Handshake{Target: u.EscapedPath() + "?" + query.Encode(), Host: u.Host, Origin: "https://" + u.Host}
	if local(u.Hostname()) { // straight at usher's gateway, or at a web server that serves names
		h.Host = t.Host
		h.Origin = "https://" + TargetOf(t.Config, t.Host).page(t.Host)
	}
	began := time.Now()
	stream, opening, err := client.WebSocket(ctx, t.conn, h, t.Host)
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
