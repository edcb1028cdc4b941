package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"usher/auth"
	"usher/auth/gateway"
	"usher/e2e/browser"
	"usher/e2e/browser/page"
	"usher/e2e/nginx"
)

// A visitor follows a link.
type visitor struct {
	who   string
	link  string
	came  func(page.State) bool // the page of this visitor, and no other's, at its end
	wants string
}

// stepLinks has a real browser open links as Jitsi makes them.
func stepLinks(ctx context.Context, d *demoWorld) (err error) {
	if _, err = browser.Find(); err == nil {
		_, err = page.FindStrophe()
	}
	if err != nil {
		d.leaveOut("Jitsi's links", err)
		return nil
	}
	states := make(chan page.State, 256)
	address, stop, err := d.openSite(func(s page.State) {
		select {
		case states <- s:
		default: // nobody waits for it
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	b, err := browser.Start(ctx, browser.Config{Dir: d.path("browser"), Hosts: map[string]string{demoHost: address}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	visitors, err := d.visitors()
	if err != nil {
		return err
	}
	for _, v := range visitors {
		if err := d.visit(ctx, b, v, states); err != nil {
			return err
		}
	}
	return nil
}

// openSite opens the site meet.example.com: Jitsi's page is a small one of our own here, and before usher's gateway,
// where nginx would be, is a proxy of Go's library.
func (d *demoWorld) openSite(report func(page.State)) (address string, stop func(), err error) {
	pages, err := page.New(page.Site{}, report)
	if err != nil {
		return "", nil, err
	}
	certificate, key := d.path("site.crt"), d.path("site.key")
	if err := nginx.WriteCertificate(certificate, key, demoHost); err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	quiet := log.New(io.Discard, "", 0) // a browser that goes away is no news
	proxy := &httputil.ReverseProxy{ErrorLog: quiet, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: d.gateway})
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}}
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.Handle(gateway.WebSocketPath, proxy)
	mux.Handle(gateway.BOSHPath, proxy)
	server := &http.Server{Handler: mux, ErrorLog: quiet, ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{NextProtos: []string{"http/1.1"}}}
	go func() { _ = server.ServeTLS(l, certificate, key) }()
	return l.Addr().String(), func() { _ = server.Close() }, nil
}

func (d *demoWorld) visitors() ([]visitor, error) {
	const room = "townhall"
	link := func(name string, claims map[string]any, query string) (string, error) {
		claims["room"] = room
		token, err := d.roomToken(name, claims)
		return "https://" + demoHost + "/" + room + "?jwt=" + token + query, err
	}
	first, err1 := link("alice", map[string]any{"moderator": true}, "")
	second, err2 := link("bob", map[string]any{}, "&transport=bosh")
	late, err3 := link("carol", map[string]any{"exp": 1}, "")
	of := func(account string) func(page.State) bool {
		return func(s page.State) bool {
			return s.Status == "joined" && strings.HasPrefix(s.JID, account+"@"+demoHost+"/")
		}
	}
	return []visitor{
		{"alice, a moderator, by WebSocket", first, of("alice"), "moderator/owner"},
		{"bob, by BOSH", second, of("bob"), "participant/member"},
		{"carol, with an expired token", late, func(s page.State) bool {
			return s.Status == "refused"
		}, "refused: " + auth.ReasonExpired.ClientText()},
		{"a guest, without a token", "https://" + demoHost + "/" + room, func(s page.State) bool {
			return s.Status == "joined" && s.Domain == demoGuests
		}, "participant/none"},
	}, errors.Join(err1, err2, err3)
}

// visit opens a link and waits until its page sees what it should. usher holds a join back for a moment only, so on a
// busy machine somebody becomes what the token says a moment after the join.
func (d *demoWorld) visit(ctx context.Context, b *browser.Browser, v visitor, states <-chan page.State) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := b.Open(ctx, v.link); err != nil {
		return err
	}
	shown, _, _ := strings.Cut(v.link, "?")
	if shown != v.link {
		shown += "?jwt=…"
	}
	got := "nothing"
	for got != v.wants {
		select {
		case s := <-states:
			if v.came(s) {
				got = seen(s)
			}
		case <-ctx.Done():
			return fmt.Errorf("%s: the page saw %s, wanted %s: %w\n%s", v.who, got, v.wants, ctx.Err(), b.Log())
		}
	}
	fmt.Fprintf(d.out, "   %-40s %-33s → %s\n", shown, v.who, got)
	return nil
}

// seen is what a page sees of itself.
func seen(s page.State) string {
	if s.Error != nil {
		return "refused: " + s.Error.Text
	}
	return s.Now.Role + "/" + s.Now.Affiliation
}
