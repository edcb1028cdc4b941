//go:build boot

package install

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/e2e/client"
)

// login logs in at Prosody in the machine, with TLS as everybody has to.
func (m *machine) login(ctx context.Context, user, token string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	s, err := client.Dial(ctx, client.Plain(user, token).At("", host).Through(m.tls))
	if err != nil {
		return err
	}
	defer s.Close()
	if want := user + "@" + host + "/"; !strings.HasPrefix(s.JID(), want) {
		return fmt.Errorf("logged in as %s, not %s", s.JID(), want)
	}
	return nil
}

// certificate gives the machine what every Prosody needs before anybody can log in: a certificate for its host.
func (m *machine) certificate(t *testing.T) {
	t.Helper()
	dir := filepath.Join(m.dir, "etc", "prosody", "certs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host},
		NotAfter: time.Now().Add(24 * time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	// Prosody's user, which is not there yet, reads both.
	for end, block := range map[string]*pem.Block{
		".crt": {Type: "CERTIFICATE", Bytes: cert}, ".key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, host+end), pem.EncodeToMemory(block), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// A client believes what the machine believes.
	m.run(t, "cp /etc/prosody/certs/"+host+".crt /usr/local/share/ca-certificates/ && update-ca-certificates 2>&1")
}

// tls connects and begins TLS (RFC 6120 section 5).
func (m *machine) tls(ctx context.Context) (net.Conn, error) {
	conn, err := m.dial(ctx, "127.0.0.1:5222")
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = startTLS(conn)
	if !stop() {
		err = errors.Join(err, context.Cause(ctx))
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("starting TLS: %w", err)
	}
	// What the certificate says is not what is tried here.
	return tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true}), nil
}

// startTLS asks for TLS. The server says nothing after proceed, so nothing of TLS is lost in the reader.
func startTLS(conn net.Conn) error {
	r := bufio.NewReader(conn)
	for _, step := range []struct{ say, until string }{
		{"<stream:stream to='" + host + "' version='1.0' xmlns='jabber:client'" +
			" xmlns:stream='http://etherx.jabber.org/streams'>", "</stream:features>"},
		{"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
	} {
		if _, err := conn.Write([]byte(step.say)); err != nil {
			return err
		}
		var came strings.Builder
		for !strings.HasSuffix(came.String(), step.until) {
			b, err := r.ReadByte()
			if err != nil {
				return fmt.Errorf("after %q: %w", came.String(), err)
			}
			came.WriteByte(b)
		}
	}
	return nil
}

// A load is what became of the logins that went on while something else was done.
type load struct {
	mu      sync.Mutex
	logins  int
	lost    []error
	slowest time.Duration
}

func (l *load) String() string {
	return fmt.Sprintf("%d logins, %d lost, the slowest took %v", l.logins, len(l.lost), l.slowest.Round(time.Millisecond))
}

func (l *load) note(took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logins++
	l.slowest = max(l.slowest, took)
	if err != nil {
		l.lost = append(l.lost, err)
	}
}

// during keeps people logging in, three at a time, while something is done, and prints what became of them.
func (m *machine) during(t *testing.T, user, token string, do func()) *load {
	t.Helper()
	l := &load{}
	done := make(chan struct{})
	var people sync.WaitGroup
	for range 3 {
		people.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(20 * time.Millisecond):
				}
				began := time.Now()
				err := m.login(t.Context(), user, token)
				l.note(time.Since(began), err)
			}
		})
	}
	finish := sync.OnceFunc(func() { close(done); people.Wait() })
	defer finish() // also where do ends the test
	do()
	finish()
	t.Log(l)
	for _, err := range l.lost {
		t.Log("lost:", err)
	}
	return l
}
