package try

import (
	"context"
	"io"
	"net/http"

	"usher/auth/gateway"
)

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
