package try

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/internal/text"
	"usher/internal/try/client"
)

// resolve finds the addresses of the name.
func (t *Trial) resolve(ctx context.Context) result {
	host, _ := t.Target.address()
	if net.ParseIP(host) != nil || t.Connect != "" {
		return result{}
	}
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		why := err.Error()
		if of, ok := errors.AsType[*net.DNSError](err); ok {
			why = of.Err
		}
		mend := "give " + host + " an A or AAAA record, or correct the name"
		if t.Target.URL == nil {
			mend += "; where Prosody is on this machine, --c2s localhost does without"
		} else {
			mend += "; --url names another page"
		}
		return failed(mend, "%s has no address: %s", host, why)
	}
	return passed("%s is %s", host, strings.Join(text.First(found, 4), ", "))
}

// connect opens the connection.
func (t *Trial) connect(ctx context.Context) result {
	host, port := t.Target.address()
	address := cmp.Or(t.Connect, net.JoinHostPort(host, port))
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		if of, ok := errors.AsType[*net.OpError](err); ok {
			err = of.Err
		}
		if ctx.Err() != nil {
			err = errors.New("no answer in time")
		}
		mend := "start the web server, open its port in the firewall, or correct the address"
		if t.Target.URL == nil {
			mend = "start Prosody (systemctl start prosody), open its port in the firewall, or correct the address (c2s_ports)"
		}
		return failed(mend, "nobody answers at %s: %v", address, err)
	}
	t.conn = conn
	return passed("%s", conn.RemoteAddr())
}

// pageTLS verifies the certificate of the page.
func (t *Trial) pageTLS(ctx context.Context) result {
	if t.Target.URL.Scheme != "wss" {
		return result{}
	}
	host, _ := t.Target.address()
	conn := tls.Client(t.conn, t.tlsConfig(host))
	if err := conn.HandshakeContext(ctx); err != nil {
		return t.badTLS(err, host, "nginx", in(find(nginxFiles(t.Folders.Nginx), `^ssl_certificate\s`)))
	}
	t.conn = conn
	return goodTLS(conn.ConnectionState(), host)
}

func (t *Trial) tlsConfig(name string) *tls.Config {
	return &tls.Config{ServerName: name, RootCAs: t.Roots, NextProtos: []string{"http/1.1"}}
}

func goodTLS(s tls.ConnectionState, name string) result {
	cert := s.PeerCertificates[0]
	by := cert.Issuer.CommonName
	if by == "" {
		by = strings.Join(cert.Issuer.Organization, ", ")
	}
	return passed("good for %s until %s, by %q", name, cert.NotAfter.UTC().Format("2006-01-02 15:04"), text.Clip(by))
}

// badTLS says why there is no encrypted connection to a server, and what to change at that; where is its line.
func (t *Trial) badTLS(err error, name, server, where string) result {
	renew := "renew it (certbot renew), and have " + server + " read it again (systemctl reload " + strings.ToLower(server) + ")"
	install := "have " + server + " use the certificate of " + name + where
	if unverified, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		err = unverified.Err
		cert := unverified.UnverifiedCertificates[0]
		switch of := err.(type) {
		case x509.HostnameError:
			return failed(install, "the certificate is for %s, not for %s", names(cert), name)
		case x509.CertificateInvalidError:
			if of.Reason == x509.Expired && time.Now().After(cert.NotAfter) {
				return failed(renew, "the certificate has expired: it was good until %s", cert.NotAfter.UTC().Format(time.RFC3339))
			}
			if of.Reason == x509.Expired {
				return failed("set the clock right, here or where the certificate was made", "the certificate is good from %s on only",
					cert.NotBefore.UTC().Format(time.RFC3339))
			}
		case x509.UnknownAuthorityError:
			if cert.Subject.String() == cert.Issuer.String() {
				return failed("get one that browsers believe (certbot), or name its file with --ca-file"+where,
					"the certificate is signed by nobody but itself")
			}
			return failed("have "+server+" send the whole chain (fullchain.pem)"+where+", or name your own CA's file with --ca-file",
				"nobody whom this machine believes has signed the certificate; it is by %q", text.Clip(cert.Issuer.String()))
		}
		return failed(install, "the certificate is not good: %v", err)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return failed("write listen 443 ssl in "+server+"'s file, or correct the port", "the server does not speak TLS at this port")
	}
	if of, ok := errors.AsType[*net.OpError](err); ok {
		err = of.Err
	}
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		err = alert
	}
	return failed(install, "the server has no certificate for %s: %v", name, err)
}

func names(cert *x509.Certificate) string {
	list := cert.DNSNames
	for _, ip := range cert.IPAddresses {
		list = append(list, ip.String())
	}
	if len(list) == 0 {
		return quoted(cert.Subject.CommonName) + " without a DNS name"
	}
	return text.Clip(strings.Join(text.First(list, 8), ", "))
}

// webServer asks the page's web server for a WebSocket.
func (t *Trial) webServer(ctx context.Context) result {
	u := *t.Target.URL
	query := url.Values{"room": {t.name}, "token": {t.token}}
	h := client.Handshake{Target: u.EscapedPath() + "?" + query.Encode(), Host: u.Host, Origin: "https://" + u.Host}
	if local(u.Hostname()) { // straight at usher's gateway, or at a web server that serves names
		h.Host = t.Host
		h.Origin = "https://" + TargetOf(t.Config, t.Host).page(t.Host)
	}
	began := time.Now()
	stream, opening, err := client.WebSocket(ctx, t.conn, h, t.Host)
	t.seen.date(opening.Header.Get("Date"), began)
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

// location says in brackets where nginx is told of the path.
func (t *Trial) location() string {
	return in(find(nginxFiles(t.Folders.Nginx), `location\s.*xmpp-websocket`))
}

// badStatus says what stands behind the answer of a web server.
func (t *Trial) badStatus(e client.StatusError, header http.Header) result {
	gateway := t.Config.Listen.Gateway.Name
	told := strings.TrimSpace(e.Body)
	switch {
	case e.Status == http.StatusForbidden && strings.Contains(told, "gateway.origins"):
		return failed("name it in gateway.origins of "+t.ConfigFile+", or have the web server pass the Host header on (proxy_set_header "+
			"Host $http_host)", "usher refuses the page https://%s", t.Target.page(t.Host))
	case e.Status >= 300 && e.Status < 400:
		to, _, _ := strings.Cut(header.Get("Location"), "?")
		return failed("take that address, with --url", "the web server sends elsewhere: %s", text.Clip(to))
	case e.Status == http.StatusBadGateway, e.Status == http.StatusGatewayTimeout, e.Status == http.StatusServiceUnavailable:
		return failed("have it lead to listen.gateway, "+gateway+t.location()+", and usher run (systemctl status usher)",
			"the web server answers %d: it does not reach what stands behind it", e.Status)
	case e.Status == http.StatusNotFound, e.Status == http.StatusOK:
		if e.Status == http.StatusNotFound && strings.Contains(told, "no such path") {
			return failed("have the web server lead to "+gateway+"/xmpp-websocket"+t.location(),
				"usher's gateway is asked for another path")
		}
		return failed("add the location of XMPP to the web server's file, as deploy/nginx-meet.conf has it, or load mod_websocket "+
			"where it leads to Prosody"+t.location(), "the web server has no WebSocket at %s: it answers %d", t.Target.URL.Path, e.Status)
	}
	return failed("have it pass Upgrade and Connection on (proxy_http_version 1.1), as deploy/nginx-meet.conf does"+t.location(),
		"the web server answers %s instead of a WebSocket", fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)))
}
