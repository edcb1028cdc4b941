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

// Config says where the keys of one issuer come from.
type Config struct {
	Files     []*Key     // of files, in the order in which they are tried
	Locations []Location // of servers, one of each kind at most

	// What the servers are believed by: the certificate authorities instead of the
	// system's, in PEM ([CheckCA]), or nil; and whether they may be asked by http
	// on other machines.
	CA           []byte
	InsecureHTTP bool
}

// A Location is where a server publishes keys. Kind must be remote.
type Location struct {
	Kind Kind
	URL  string // which [CheckSourceURL] finds good
}

// CheckSourceURL says whether keys may be fetched from a URL: https, or http
// to an address of this machine, or with insecureHTTP to any. Where a host's
// name leads is checked when it is dialled. The error names what is wrong, then
// "; " and how to mend it; it quotes nothing but the scheme and an address.
func CheckSourceURL(s string, insecureHTTP bool) error {
	_, err := fetch.ParseURL(s, insecureHTTP)
	return err
}

// Remote reports whether there are keys that only time will show.
func (c Config) Remote() bool { return len(c.Locations) > 0 }

// Check refuses secrets beside public keys: where both are good, a public key
// that is taken for a secret opens the door.
func (c Config) Check() error {
	secrets := 0
	for _, k := range c.Files {
		if k.Symmetric() {
			secrets++
		}
	}
	if secrets > 0 && (secrets < len(c.Files) || c.Remote()) {
		return errors.New("secrets and public keys under one issuer")
	}
	return nil
}

// Untried returns the first key that no token by one of these algorithms is ever
// tried with, because others of its kind stand before it: those from files have
// no kid. It is nil if there is none.
func (c Config) Untried(algorithms []string) *Key {
	for _, name := range algorithms {
		n := 0
		for _, k := range c.Files {
			if !k.Allows(name) {
				continue
			}
			if n++; n > MaxTried {
				return k
			}
		}
	}
	return nil
}

func (c Config) trust() trust { return trust{string(c.CA), c.InsecureHTTP} }

// A trust says what an issuer's key servers are believed by.
type trust struct {
	ca           string // PEM; empty means the system's certificate authorities
	insecureHTTP bool   // http also to other machines
}

// transport takes the CA instead of the system's, not besides them: the
// operator says which of them vouches for this server.
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

// ParseCA reads certificate authorities, as [CheckCA] finds them good.
func ParseCA(content []byte) (*x509.CertPool, error) { return parseCA(content) }

// parseCA also takes a server's own certificate, for that server alone.
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
