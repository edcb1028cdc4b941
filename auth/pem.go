package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// ParsePublicKeys reads the public keys of a PEM file: PKIX ("PUBLIC KEY"),
// PKCS #1 ("RSA PUBLIC KEY") or a certificate, of which only the key counts.
// Anything else in the file is an error, a private key above all.
func ParsePublicKeys(content []byte, label string) ([]*Key, error) {
	var keys []*Key
	rest := content
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		key, err := parsePublicBlock(block)
		if err != nil {
			return nil, err
		}
		key.label = label
		keys = append(keys, key)
	}
	if text := insteadOfPEM(content); text != "" && len(keys) == 0 {
		return nil, errors.New(text)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("the file holds something that is no PEM block")
	}
	if len(keys) == 0 {
		return nil, errors.New("the file holds no PEM public key")
	}
	return keys, nil
}

func parsePublicBlock(block *pem.Block) (*Key, error) {
	public, err := parsePublicDER(block.Type, block.Bytes)
	if err != nil {
		return nil, err
	}
	return newPublicKey(public)
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
		return nil, errors.New("the file holds a private key; keep it where tokens are made, and put the public one here: openssl pkey -pubout")
	}
	return nil, fmt.Errorf("a PEM block %q; use PUBLIC KEY", clip(kind))
}
