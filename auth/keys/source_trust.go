package keys

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"usher/auth/keys/fetch"
	"usher/auth/keys/keyfile"
	"usher/internal/text"
)

// A trust says what an issuer's key servers are believed by.
type trust struct {
	ca           string // PEM; empty means the system's certificate authorities
	insecureHTTP bool   // http also to other machines
}

// transport takes the CA instead of the system's, not besides them: the
// operator says who vouches for this server, and nobody else does.
func (t trust) transport(scheme string) (http.RoundTripper, error) {
	var roots *x509.CertPool // nil means the system's
	if t.ca != "" {
		var err error
		if roots, err = parseCA([]byte(t.ca)); err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
	}
	return fetch.NewTransport(scheme, t.insecureHTTP, roots), nil
}

// CheckCA says whether the content of a file can be the certificate authorities
// of a key server: PEM certificates and nothing else. The error names what is
// wrong, then "; " and how to mend it.
func CheckCA(content []byte) error {
	_, err := parseCA(content)
	return err
}

// parseCA also takes a server's own certificate: who names it means that one.
func parseCA(content []byte) (*x509.CertPool, error) {
	blocks, rest := keyfile.Blocks(bytes.TrimPrefix(content, []byte(keyfile.ByteOrderMark)))
	if bytes.Contains(rest, []byte("-----BEGIN ")) { // what is broken would be left out silently
		return nil, fmt.Errorf("block %d is no whole PEM block; write it anew", len(blocks)+1)
	}
	pool := x509.NewCertPool()
	for i, block := range blocks {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("block %d is a %q; leave only certificates in it", i+1, text.Name(block.Type))
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("block %d is no certificate (%w); write it anew, in PEM", i+1, err)
		}
		pool.AddCert(cert)
	}
	if len(blocks) == 0 {
		return nil, errors.New("it holds no PEM certificate; " +
			"name the file that begins with -----BEGIN CERTIFICATE-----")
	}
	return pool, nil
}
