package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/urfave/cli/v2"

	"usher/internal/config"
	"usher/internal/text"
)

// askDaemon does one request for a command and decodes the answer into v.
func askDaemon(c *cli.Context, method, path string, v any) error {
	return askDaemonWith(c, method, path, nil, v)
}

// askDaemonWith is askDaemon with a body, or nil. Without --config the file may be missing, as the socket's path is then
// the default; a file that the operator names and that cannot be read would leave it to chance which daemon is asked.
func askDaemonWith(c *cli.Context, method, path string, body io.Reader, v any) error {
	name := c.String("config")
	if c.IsSet("config") {
		if _, _, fault := config.ReadRegular(name, config.MaxSize); fault != nil {
			return exitError{1, fmt.Sprintf("the configuration %s %s; %s, or leave --config out", text.Printable(name), fault.Text, fault.Mend)}
		}
	}
	return callAdminWith(c.Context, config.AdminSocket(name), method, path, body, v)
}

// callAdmin does one request over the socket and decodes the answer into v.
func callAdmin(ctx context.Context, socket, method, path string, v any) error {
	return callAdminWith(ctx, socket, method, path, nil, v)
}

// callAdminWith is callAdmin with a body, or nil.
func callAdminWith(ctx context.Context, socket, method, path string, body io.Reader, v any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, method, "http://usher"+path, body)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return unreachable(socket, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return unreachable(socket, fmt.Errorf("it answered %s", resp.Status))
	}
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		return unreachable(socket, err)
	}
	return nil
}

func unreachable(socket string, err error) error {
	return exitError{3, fmt.Sprintf("the daemon could not be reached at %s: %v\nstart it with: systemctl start usher (or usher serve --config FILE); only root and usher's own user may ask it", socket, err)}
}
