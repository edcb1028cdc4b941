package keyfile

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
)

// ByteOrderMark is what some editors write at the beginning of a text in UTF-8.
const ByteOrderMark = "\xef\xbb\xbf"

// Blocks returns the PEM blocks of a file, and what follows the last of them.
// A block that is broken, which pem.Decode passes over in silence, and all that
// follows it are part of the rest.
func Blocks(content []byte) (blocks []*pem.Block, rest []byte) {
	rest = content
	for {
		block, after := pem.Decode(rest)
		if block == nil || bytes.Count(rest[:len(rest)-len(after)], []byte("-----BEGIN ")) > 1 {
			return blocks, bytes.TrimSpace(rest)
		}
		blocks, rest = append(blocks, block), after
	}
}

// InsteadOfPEM says what a file holds in which no PEM block was
// found, and how to mend it. It is empty if that cannot be told.
func InsteadOfPEM(content []byte) string {
	text := bytes.TrimSpace(content)
	packed := bytes.Join(bytes.Fields(text), nil)
	der, err := base64.StdEncoding.DecodeString(string(packed))
	switch {
	case fromUTF16(Line(content)) != nil:
		return "the file is text in UTF-16; " + mendUTF16
	case octetJWK.Match(text):
		return "the file holds a JWK of a shared secret; " +
			"write the value of its member k into a file, name that under secret_files, and set secret_encoding: " +
			"base64"
	case bytes.HasPrefix(text, []byte(ByteOrderMark)):
		return "the file begins with a byte order mark; save it as UTF-8 without one"
	case bytes.HasPrefix(text, []byte("-----BEGIN ")) && bytes.Contains(text, []byte(`\n`)):
		return `the file has \n as two characters where its lines end; put line ends there (printf '%b')`
	case err == nil && looksLikeDER(der):
		return "the file holds a key in base64 without the lines around it; " +
			"put -----BEGIN PUBLIC KEY----- in a line before it and -----END PUBLIC KEY----- after it"
	case looksLikeDER(content):
		return "the file holds a key in DER; turn it into PEM: openssl pkey -pubin -inform DER"
	case bytes.HasPrefix(text, []byte("ssh-")) || bytes.HasPrefix(text, []byte("ecdsa-")):
		return "the file holds a key of OpenSSH; turn it into PEM: ssh-keygen -e -m PKCS8 -f FILE"
	case bytes.HasPrefix(text, []byte("{")):
		return "the file holds JSON; turn the JWK into PEM, or name the address that publishes it under jwks_url"
	}
	return ""
}
