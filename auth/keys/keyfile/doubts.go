package keyfile

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
)

// A Doubt is something about a secret file that is rarely meant. The secret is
// taken as it is all the same: only the issuer knows what it signs with. Neither
// text has any of the secret in it.
type Doubt struct{ Text, Mend string }

// Doubts looks for what people mix up in a secret file: what an editor, a
// shell or a clipboard adds, and another encoding than the configured one. said
// is whether the configuration names the encoding; then a secret that only looks
// like base64 is no doubt any more. Hexadecimal digits are none: that is how
// usher's own manual makes secrets.
func Doubts(content []byte, encoding Encoding, said bool) []Doubt {
	secret := Line(content)
	list := doubtEdges(secret)
	switch {
	case len(list) > 0: // the encoding can be judged when these are mended
	case encoding == Base64 && isHex(secret):
		list = append(list, Doubt{"it holds hexadecimal digits, which are decoded as base64",
			"set secret_encoding: plain if the issuer signs with the digits as they are"})
	case encoding == Base64:
		list = doubtDecoded(secret)
	case !said && isBase64(string(secret)):
		list = append(list, Doubt{"it looks like base64, and is taken as it is written",
			"set secret_encoding: base64 if the issuer decodes it before it signs; " +
				"secret_encoding: plain says that it does not, and ends this warning"})
	}
	return list
}

// DoubtText looks for what an editor, a shell or a clipboard adds to a secret that has no encoding.
func DoubtText(content []byte) []Doubt { return doubtEdges(Line(content)) }

// environmentLine is how env files and .env files hold a secret.
var environmentLine = regexp.MustCompile(`^(export +)?[A-Z][A-Z0-9_]{2,}=[^=]`)

func doubtEdges(secret []byte) []Doubt {
	var list []Doubt
	if fromUTF16(secret) != nil {
		return []Doubt{{"it is text in UTF-16, in which every letter has two bytes, and all of them are the secret",
			mendUTF16}}
	}
	rest, marked := bytes.CutPrefix(secret, []byte(ByteOrderMark))
	if marked {
		list = append(list, Doubt{"it begins with a byte order mark, which is a part of the secret",
			"save the file as UTF-8 without one"})
	}
	bare := bytes.TrimSpace(rest)
	switch {
	case bytes.HasSuffix(rest, []byte("\n")):
		list = append(list, Doubt{"it ends with more than one line end, and only the last one is no part of the secret",
			"keep one"})
	case len(bare) != len(rest):
		list = append(list, Doubt{"it has white space at an end, which is a part of the secret",
			"take it out, unless the issuer signs with it"})
	case bytes.ContainsAny(bare, "\r\n"):
		list = append(list, Doubt{"it has several lines, which are one secret",
			"put each secret into a file of its own"})
	}
	if n := len(bare); n > 2 && bare[0] == bare[n-1] && strings.IndexByte("\"'`", bare[0]) >= 0 {
		list = append(list, Doubt{"it stands in quotes, which are a part of the secret",
			"take the quotes out, unless the issuer signs with them"})
	}
	if environmentLine.Match(bare) {
		list = append(list, Doubt{"it looks like a line of an environment file (NAME=secret), and all of it is " +
			"the secret",
			"keep only what stands after the ="})
	}
	return list
}

const mendUTF16 = "save the file as UTF-8: iconv -f UTF-16 -t UTF-8"

// fromUTF16 returns the ASCII text that editors and shells of Windows wrote as
// UTF-16, or nil. Their mark at the beginning alone is no proof: a secret of
// random bytes may begin like it.
func fromUTF16(content []byte) []byte {
	if len(content)%2 != 0 { // the one newline at the end was dropped: of the two bytes of a line end one is left
		content = append(bytes.Clone(content), 0)
	}
	zero := 1 // little-endian, as Windows writes it
	if bytes.HasPrefix(content, []byte("\xfe\xff")) {
		zero = 0
	}
	rest := bytes.TrimPrefix(bytes.TrimPrefix(content, []byte("\xff\xfe")), []byte("\xfe\xff"))
	if len(rest) < 8 {
		return nil
	}
	var text []byte
	for i := 0; i+1 < len(rest); i += 2 {
		if rest[i+zero] != 0 || rest[i+1-zero] == 0 || rest[i+1-zero] > '~' {
			return nil
		}
		text = append(text, rest[i+1-zero])
	}
	return bytes.TrimSpace(text)
}

// doubtDecoded finds what echo leaves behind (echo secret | base64).
func doubtDecoded(text []byte) []Doubt {
	secret, err := decodeSecret(text)
	if err != nil || !bytes.HasSuffix(secret, []byte("\n")) ||
		bytes.ContainsFunc(bytes.TrimRight(secret, "\r\n"), notPrintable) {
		return nil
	}
	return []Doubt{{"what it decodes to ends with a line end, which is a part of the secret",
		"encode it without one: printf %s SECRET | base64 -w0"}}
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }

func isHex(text []byte) bool {
	_, err := hex.DecodeString(string(text))
	return err == nil && len(text) >= minSecret
}

// isBase64 reports whether a text was very likely made by a base64 encoder: it
// has its padding, or letters of both cases and digits with its signs or the
// length of a key of a usual size.
func isBase64(text string) bool {
	bare := strings.TrimRight(text, "=")
	secret, err := decodeSecret([]byte(text))
	if err != nil || len(secret) < 16 || isHex([]byte(text)) {
		return false
	}
	standard, url := base64.RawStdEncoding.EncodeToString(secret), base64.RawURLEncoding.EncodeToString(secret)
	if bare != standard && bare != url { // its last bits are none that an encoder writes
		return false
	}
	padded := len(bare) < len(text) && len(text)%4 == 0
	usual := len(secret) == 32 || len(secret) == 48 || len(secret) == 64
	mixed := strings.ContainsAny(bare, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
		strings.ContainsAny(bare, "abcdefghijklmnopqrstuvwxyz") && strings.ContainsAny(bare, "0123456789")
	signs := len(secret)%3 == 0 && strings.ContainsAny(bare, "+/")
	return padded || mixed && (usual || signs)
}
