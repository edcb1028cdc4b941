package try

import (
	"testing"
	"time"

	"usher/e2e/nginx"
	"usher/e2e/world"
	"usher/internal/ports"
)

// TestPage: what is wrong between a browser and usher.
func TestPage(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{Gateway: gateway})
	nobody, err := ports.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	good := startNginx(t, nginx.Config{Gateway: w.Usher.Gateway, Names: []string{world.Meet, "video.example.org"}})
	expired := startNginx(t, nginx.Config{Gateway: w.Usher.Gateway, Until: time.Now().Add(-time.Hour)})
	dead := startNginx(t, nginx.Config{Gateway: nobody})
	past := startNginx(t, nginx.Config{Gateway: w.Prosody.HTTP()})

	r := try(t, w, "--url", page, "--connect", good.TLS(), "--ca-file", good.Certificate())
	r.isWell(t)
	for _, row := range []struct {
		name, url, connect, ca string
		hop, seen, mend        string
	}{
		{"a name that nobody has", "wss://meet.example.invalid", "", "",
			"name", "meet.example.invalid has no address", "A or AAAA record"},
		{"nobody there", page, nobody, "", "connection", "nobody answers at " + nobody, "start the web server"},
		{"no certificate", page, good.Plain(), "", "certificate", "does not speak TLS", "listen 443 ssl"},
		{"signed by itself", page, good.TLS(), "", "certificate", "signed by nobody but itself", "--ca-file"},
		{"another name's", "wss://else.example.org", good.TLS(), good.Certificate(),
			"certificate", "is for meet.example.com, video.example.org, not for else.example.org",
			"the certificate of else.example.org"},
		{"expired", page, expired.TLS(), expired.Certificate(), "certificate", "has expired", "certbot renew"},
		{"usher not there", page, dead.TLS(), dead.Certificate(), "web server", "answers 502", w.Usher.Gateway},
		{"another page", "wss://video.example.org", good.TLS(), good.Certificate(),
			"web server", "usher refuses the page https://video.example.org", "gateway.origins"},
		{"no location", page + "/chat", good.TLS(), good.Certificate(),
			"web server", "no WebSocket at /chat", "nginx-meet.conf"},
		{"past usher", page, past.TLS(), past.Certificate(),
			"gateway", "goes past usher", "lead to listen.gateway, " + w.Usher.Gateway + ", instead of " + w.Prosody.HTTP()},
	} {
		t.Run(row.name, func(t *testing.T) {
			args := []string{"--url", row.url}
			if row.connect != "" {
				args = append(args, "--connect", row.connect)
			}
			if row.ca != "" {
				args = append(args, "--ca-file", row.ca)
			}
			r := try(t, w, args...)
			r.stopsAt(t, row.hop, row.seen, row.mend)
		})
	}
}
