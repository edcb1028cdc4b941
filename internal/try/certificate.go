package try

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"time"

	"usher/internal/text"
)

// pageTLS verifies the certificate of the page.
func (t *link) pageTLS(ctx context.Context) result {
	if t.Target.URL.Scheme != "wss" {
		return result{}
	}
	host, _ := t.Target.address()
	conn := tls.Client(t.conn, t.tlsConfig(host))
	if err := conn.HandshakeContext(ctx); err != nil {
		return badTLS(err, host, server{"nginx", in(find(nginxFiles(t.Folders.Nginx), `^ssl_certificate\s`)), ""})
	}
	t.conn = conn
	return goodTLS(conn.ConnectionState(), host)
}

func (t *link) tlsConfig(name string) *tls.Config {
	return &tls.Config{ServerName: name, RootCAs: t.Roots, NextProtos: []string{"http/1.1"}}
}

func goodTLS(s tls.ConnectionState, name string) result {
	cert := s.PeerCertificates[0]
	by := cert.Issuer.CommonName
	if by == "" {
		by = strings.Join(cert.Issuer.Organization, ", ")
	}
	return passed("good for %s until %s, by %q", name, moment(cert.NotAfter), text.Clip(by))
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// A server is what has the certificate, for people: its name, the line of its file, and the command that gives it one.
type server struct{ name, where, how string }

// badTLS says why there is no encrypted connection to a server, and what to change at that.
func badTLS(err error, name string, at server) result {
	install := "have " + at.name + " use the certificate of " + name + at.where + at.how
	if unverified, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return badCertificate(unverified, name, install, at)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return failed("write listen 443 ssl in "+at.name+"'s file, or correct the port",
			"the server does not speak TLS at this port")
	}
	if of, ok := errors.AsType[*net.OpError](err); ok {
		err = of.Err
	}
	return failed(install, "the server has no certificate for %s: %v", name, err)
}

func badCertificate(unverified *tls.CertificateVerificationError, name, install string, at server) result {
	cert := unverified.UnverifiedCertificates[0]
	switch of := unverified.Err.(type) {
	case x509.HostnameError:
		return failed(install, "the certificate is for %s, not for %s", names(cert), name)
	case x509.CertificateInvalidError:
		if of.Reason == x509.Expired {
			return untimely(cert, at)
		}
	case x509.UnknownAuthorityError:
		if cert.Subject.String() == cert.Issuer.String() {
			get := "get one that browsers believe (certbot)"
			if at.how != "" {
				get = "get one that clients believe (certbot), and " + install
			}
			return failed(get+", or name its file with --ca-file", "the certificate is signed by nobody but itself")
		}
		return failed("have "+at.name+" send the whole chain (fullchain.pem)"+at.where+", or name your CA with --ca-file",
			"this machine believes nobody who has signed the certificate; it is by %q", text.Clip(cert.Issuer.String()))
	}
	return failed(install, "the certificate is not good: %v", unverified.Err)
}

// untimely is of a certificate that is over, or not good yet.
func untimely(cert *x509.Certificate, at server) result {
	if time.Now().Before(cert.NotBefore) {
		return failed("set the clock right, here or where the certificate was made",
			"the certificate is good from %s on only", moment(cert.NotBefore))
	}
	again := "systemctl reload " + strings.ToLower(at.name)
	return failed("renew it (certbot renew), and have "+at.name+" read it again ("+again+")",
		"the certificate has expired: it was good until %s", moment(cert.NotAfter))
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
