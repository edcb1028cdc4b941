package handover

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/daemon"
	"usher/e2e/tokens"
)

// TestHTTPRestarts: with systemd's socket no question at the HTTP door fails in a restart, asked as Prosody's modules
// ask, on a connection each. On one that is kept open a question can meet its end.
func TestHTTPRestarts(t *testing.T) {
	d, _ := prepared(t)
	d.Write("usher.yaml", configuration(d, "  http: "+d.HTTP+"\nhttp_secret_file: http.secret\n"))
	d.HoldHTTP()
	d.Start()
	ctx, stop := context.WithCancel(t.Context())
	var asked atomic.Int64
	var asking sync.WaitGroup
	for n := range people {
		client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
		asking.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				account := fmt.Sprintf("p%d-%d", n, i)
				if err := ask(client, d, account, tokens.Sign(t, meet, tokens.Called(account))); err != nil {
					t.Error(err)
				}
				asked.Add(1)
				time.Sleep(time.Millisecond) // the processors are few
			}
		})
	}
	for range 10 {
		d.Stop()
		d.Start()
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	asking.Wait()
	t.Logf("%d questions in 10 restarts", asked.Load())
}

// ask wants an account to be let in.
func ask(client *http.Client, d *daemon.Daemon, account, token string) error {
	req, err := http.NewRequest("GET", d.URL("/auth/http/check_password?server="+meet+"&user="+account+"&pass="+token), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+daemon.HTTPSecret)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != "true" {
		return fmt.Errorf("%s %q: %v", res.Status, body, err)
	}
	return nil
}
