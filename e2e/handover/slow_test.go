package handover

import (
	"fmt"
	"net"
	"testing"
	"time"
)

// TestSlowStrangers: who begins a request at another door and does not end it makes a stop last, and nobody who logs in
// waits for that: Prosody does nothing else meanwhile.
func TestSlowStrangers(t *testing.T) {
	t.Parallel() // it waits
	d, _ := prepared(t)
	d.Write("usher.yaml", configuration(d, fmt.Sprintf("  gateway: %s\n  http: %s\nhttp_secret_file: http.secret\n"+
		"gateway: {upstream: \"http://127.0.0.1:9\", origins: [\"*\"]}\n", d.Gateway, d.HTTP)))
	d.Hold()
	d.Start()
	p := connect(t, d)
	p.login("alice")
	for _, address := range []string{d.Gateway, d.HTTP} {
		stranger, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
		_, err = fmt.Fprintf(stranger, "POST /http-bind HTTP/1.1\r\nHost: %s\r\nContent-Length: 99\r\n\r\n<", address)
		if err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond) // the requests have come in
	began, restarted := time.Now(), make(chan time.Duration)
	go func() {
		d.Stop()
		lasted := time.Since(began)
		d.Start()
		restarted <- lasted
	}()
	slowest := time.Duration(0)
	for n := 0; ; n++ {
		asked := time.Now()
		p.login(fmt.Sprint("p", n))
		slowest = max(slowest, time.Since(asked))
		select {
		case lasted := <-restarted:
			t.Logf("the stop lasted %v, the slowest of %d logins %v", lasted, n, slowest)
			if slowest > lasted/2 {
				t.Errorf("a login took %v of the %v that the stop lasted", slowest, lasted)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}
