package keys

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"usher/auth/keys/fetch"
	"usher/auth/keys/keyfile"
	"usher/internal/text"
)

// PublicKeyFiles is the kind of public keys in PEM files.
const PublicKeyFiles Kind = "public_key_files"

func publicKeyFiles() kindRow {
	return kindRow{
		kind: PublicKeyFiles,
		manual: Manual{
			Form: "a list of PEM files", Default: "[]", Example: "[/etc/usher/my-app.pem]",
			Text: "Public keys or certificates, for applications that sign with a private key. Of " +
				"a certificate only the key counts.",
		},
		files: &fileKind{noun: "public key file", read: func(f File) ([]*Key, []keyfile.Doubt, error) {
			keys, err := ParsePublicKeys(f.Content, f.Label)
			return keys, nil, err
		}},
	}
}

// ParsePublicKeys reads the public keys of a PEM file: PKIX ("PUBLIC KEY"),
// PKCS #1 ("RSA PUBLIC KEY") or a certificate, of which only the key counts.
// Anything else in the file is an error, a private key above all.
func ParsePublicKeys(content []byte, label string) ([]*Key, error) {
	blocks, rest := keyfile.Blocks(content)
	if text := keyfile.InsteadOfPEM(content); text != "" && len(blocks) == 0 {
		return nil, errors.New(text)
	}
	if len(rest) > 0 {
		return nil, errors.New("the file holds something that is no PEM block")
	}
	var keys []*Key
	for _, block := range blocks {
		key, err := parsePublicBlock(block)
		if err != nil {
			return nil, err
		}
		key.label = label
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("the file holds no PEM public key")
	}
	return keys, nil
}

// parseKeyFile reads what a key server has for one kid: one public key.
func parseKeyFile(content []byte, kid string) (*Key, error) {
	keys, err := ParsePublicKeys(content, kid)
	if err != nil {
		return nil, fetch.ClipError(err)
	}
	if len(keys) != 1 {
		return nil, fmt.Errorf("%d keys in one file; there must be one", len(keys))
	}
	keys[0].id = kid
	return keys[0], nil
}

func parsePublicBlock(block *pem.Block) (*Key, error) {
	public, err := parsePublicDER(block.Type, block.Bytes)
	if err != nil {
		return nil, err
	}
	return newPublicKey(public)
}

var errPrivatePEM = errors.New("the file holds a private key; " +
	"keep it where tokens are made, and put the public one here: openssl pkey -pubout")

// printOfPrivate returns the print of the public half of the private key that a
// text begins with, or nothing.
func printOfPrivate(content []byte) string {
	blocks, _ := keyfile.Blocks(content)
	if len(blocks) == 0 {
		return ""
	}
	for _, parse := range []func([]byte) (any, error){
		x509.ParsePKCS8PrivateKey,
		func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
		func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
	} {
		private, err := parse(blocks[0].Bytes)
		signer, ok := private.(crypto.Signer)
		if err != nil || !ok {
			continue
		}
		if key, err := newPublicKey(signer.Public()); err == nil {
			return key.print
		}
	}
	return ""
}

func parsePublicDER(kind string, der []byte) (any, error) {
	switch {
	case kind == "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(der)
	case kind == "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(der)
	case kind == "CERTIFICATE":
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		return cert.PublicKey, nil
	case strings.HasSuffix(kind, "PRIVATE KEY"):
		return nil, errPrivatePEM
	}
	return nil, fmt.Errorf("a PEM block %q; use PUBLIC KEY", text.Name(kind))
}
