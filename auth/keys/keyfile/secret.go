package keyfile

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Encoding says how a secret file spells the secret.
type Encoding string

// The encodings of a secret file.
const (
	Plain  Encoding = "plain"  // the file's bytes are the secret
	Base64 Encoding = "base64" // standard or URL alphabet, with or without padding
)

// minSecret is the shortest HMAC secret in bytes: the length of the shortest
// hash (RFC 7518 section 3.2).
const minSecret = 32

// ReadSecret returns the secret of a file's content, which it does not share.
// One trailing newline is dropped, as editors and echo leave one; everything else
// counts. A secret that is short, publicly known, or looks like another kind of
// key is refused; weak lets a short one pass. No error shows any of the secret.
func ReadSecret(content []byte, encoding Encoding, weak bool) ([]byte, error) {
	secret := Line(content)
	if knownSecret(secret) { // the lists have base64 as it is written
		return nil, errKnownSecret
	}
	if err := checkNoKey(secret); err != nil { // before it is decoded: the right advice is not about base64
		return nil, err
	}
	if encoding == Base64 {
		var err error
		if secret, err = decodedSecret(secret, weak); err != nil {
			return nil, err
		}
	}
	if err := checkSecret(secret, weak); err != nil {
		return nil, err
	}
	return bytes.Clone(secret), nil
}

// decodedSecret decodes base64. A plain secret may happen to be base64, too, and is then shorter than it is meant.
func decodedSecret(text []byte, weak bool) ([]byte, error) {
	secret, err := decodeSecret(text)
	if err != nil {
		if doubts := doubtEdges(text); len(doubts) > 0 {
			mend := "take it out"
			if fromUTF16(text) != nil {
				mend = mendUTF16
			}
			return nil, fmt.Errorf("the secret is not base64: %s; %s", doubts[0].Text, mend)
		}
		return nil, err
	}
	if n := len(secret); n > 0 && n < minSecret && len(text) >= minSecret && !weak {
		return nil, fmt.Errorf("the secret was decoded as base64 and has %d bytes then, and %d are the least; "+
			"set secret_encoding: plain if it was meant as it stands, or make a new one (openssl rand -base64 32)",
			n, minSecret)
	}
	return secret, nil
}

var errKnownSecret = errors.New("the secret is in a public list of known secrets; make a new one: openssl rand -hex 32")

// Line returns a file's content without the one line end behind it, which editors and echo leave. All else is a
// secret's own: one that was drawn at random may end with any byte.
func Line(content []byte) []byte {
	line, ended := bytes.CutSuffix(content, []byte("\n"))
	if !ended {
		return content
	}
	return bytes.TrimSuffix(line, []byte("\r"))
}

// decodeSecret takes both alphabets, since tools differ, but no mixture.
func decodeSecret(text []byte) ([]byte, error) {
	s := strings.TrimRight(string(text), "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.RawURLEncoding
	}
	if strings.ContainsAny(s, "\r\n") { // which Go's decoder skips
		return nil, errors.New("the secret is not one line of base64; write it without line breaks")
	}
	secret, err := encoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("the secret is not base64; correct it, or set secret_encoding: plain")
	}
	return secret, nil
}

func checkSecret(secret []byte, weak bool) error {
	switch {
	case len(secret) == 0:
		return errors.New("the secret is empty")
	case checkNoKey(secret) != nil:
		return checkNoKey(secret)
	case knownSecret(secret):
		return errKnownSecret
	case len(secret) < minSecret && !weak:
		return fmt.Errorf("the secret has %d bytes, and %d are the least; "+
			"make a new one (openssl rand -hex 32) or set allow_weak_secret: true",
			len(secret), minSecret)
	}
	return nil
}

// octetJWK finds a JWK that is a shared secret (RFC 7518 section 6.4).
var octetJWK = regexp.MustCompile(`"kty"\s*:\s*"oct"`)

// checkNoKey refuses a file that holds a key in a form of its own.
func checkNoKey(secret []byte) error {
	switch {
	case octetJWK.Match(secret):
		return errors.New("the file holds a JWK of a shared secret, and not the secret; " +
			"write the value of its member k into the file, without quotes, and set secret_encoding: base64")
	case bytes.Contains(secret, []byte("PRIVATE KEY-----")):
		return errors.New("the file holds a private key, not a shared secret; " +
			"keep it where tokens are made, and name its public half under public_key_files (openssl pkey " +
			"-pubout)")
	case looksLikeKey(secret):
		return errors.New("the file holds a PEM, DER or JWK key, not a shared secret; name it under public_key_files")
	}
	return nil
}

// looksLikeKey finds key files that were named as secrets. An attacker who has the
// public key could sign with it: the oldest confusion of JWT libraries.
func looksLikeKey(secret []byte) bool {
	if bytes.Contains(secret, []byte("-----BEGIN ")) || bytes.HasPrefix(secret, []byte("ssh-")) {
		return true
	}
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(secret, []byte(ByteOrderMark)))
	if bytes.HasPrefix(trimmed, []byte("{")) && bytes.Contains(trimmed, []byte(`"kty"`)) {
		return true
	}
	der, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(trimmed), nil))) // PEM without its lines
	return looksLikeDER(secret) || err == nil && looksLikeDER(der)
}

func looksLikeDER(secret []byte) bool {
	if _, err := x509.ParsePKIXPublicKey(secret); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PublicKey(secret); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS8PrivateKey(secret); err == nil {
		return true
	}
	_, err := x509.ParseCertificate(secret)
	return err == nil
}
