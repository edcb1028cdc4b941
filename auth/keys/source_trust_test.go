package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/auth/keys/keystest"
)

// An authority is a private CA.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  string
}

func newAuthority(t *testing.T) authority {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return authority{key, must(x509.ParseCertificate(der)), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// serve answers with body over TLS, with a certificate for 127.0.0.1.
func (a authority) serve(t *testing.T, body string) string {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der := must(x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key))
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// TestCAFile: with ca_file, that CA is believed and no other one.
func TestCAFile(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	address := ours.serve(t, keystest.JWKSet(keystest.JWK(keystest.ECKey(t), nil)))
	for _, row := range []struct{ name, ca, want string }{
		{"the system's", "", "name the CA of the key server under ca_file: x509: certificate signed by unknown authority"},
		{"ours", ours.pem, ""},
		{"both", "# new\n" + other.pem + "# old\n" + ours.pem, ""},
		{"another", other.pem, "certificate signed by unknown authority"},
		{"none", "nonsense", "ca_file: it holds no PEM certificate"},
	} {
		s := newSource(sourceID{"id", Location{JWKSURL, address}, Config{CA: []byte(row.ca)}.trust()}, testOptions(nil, nil))
		start(t, s)
		<-s.tried()
		if p := s.problem(); (p == "") != (row.want == "") || !strings.Contains(p, row.want) {
			t.Errorf("%s: problem %q, want %q", row.name, p, row.want)
		}
	}
}

// TestTrustTellsSourcesApart: keys that were fetched under another CA are not
// taken over by a reload.
func TestTrustTellsSourcesApart(t *testing.T) {
	sources := NewSources(testOptions(nil, nil))
	reload := func(c Config) *source {
		p := sources.Prepare()
		p.Set("i", c)
		if err := p.Err(); err != nil {
			t.Fatal(err)
		}
		p.Commit()
		return sources.list()[0]
	}
	config := Config{Locations: []Location{{JWKSURL, testSetURL}}}
	first := reload(config)
	if reload(config) != first {
		t.Error("the same source is made anew")
	}
	config.CA = []byte(newAuthority(t).pem)
	if reload(config) == first {
		t.Error("a source outlives its CA")
	}
}
