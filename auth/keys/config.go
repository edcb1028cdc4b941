package keys

import (
	"errors"

	"usher/auth/keys/fetch"
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
