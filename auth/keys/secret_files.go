package keys

import "usher/auth/keys/keyfile"

// SecretFiles is the kind of shared secrets: a file for each.
const SecretFiles Kind = "secret_files"

var secretFiles = fileKind{noun: "secret file", secret: true, read: func(f File) ([]*Key, []keyfile.Doubt, error) {
	key, err := ParseSecret(f.Content, f.Encoding, f.Label, f.AllowWeak)
	if err != nil {
		return nil, nil, err
	}
	return []*Key{key}, keyfile.Doubts(f.Content, f.Encoding, f.EncodingSaid), nil
}}

// ParseSecret makes an HMAC key from a secret file's content. One trailing
// newline is dropped, as editors and echo leave one; everything else counts.
// A secret that is short, publicly known, or looks like another kind of key
// is refused; weak lets a short one pass. No error shows any of the secret.
func ParseSecret(content []byte, encoding keyfile.Encoding, label string, weak bool) (*Key, error) {
	secret, err := keyfile.ReadSecret(content, encoding, weak)
	if err != nil {
		return nil, err
	}
	return newSecretKey(secret, label, weak), nil
}
