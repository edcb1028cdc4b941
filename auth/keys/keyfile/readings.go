package keyfile

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// A Reading is another way to read a secret file than the configured one.
type Reading struct {
	How    string // ends the sentence "the secret fits when it is read …"
	Mend   string // what to change, so that it is read like this
	Secret []byte
}

// Readings returns what people mean by a secret file that does not fit. The
// bytes are those that usher uses: the file's without one line end, or what
// they decode to as base64.
func Readings(secret []byte) []Reading {
	bare := bytes.TrimPrefix(secret, []byte(ByteOrderMark))
	bare = bytes.TrimSpace(bare)
	unquoted := bytes.TrimSpace(bytes.Trim(bare, `"'`))
	list := []Reading{
		{"without the white space or byte order mark around it", "take these bytes out of the file", bare},
		{"without the quotes around it", "take the quotes out of the file", unquoted},
	}
	if environmentLine.Match(bare) {
		_, value, _ := bytes.Cut(bare, []byte("="))
		list = append(list, Reading{"without the name and the = before it",
			"keep only what stands after the =, without quotes", bytes.Trim(value, `"'`)})
	}
	if text := fromUTF16(secret); text != nil {
		list = append(list, Reading{"as text in UTF-16", mendUTF16, text})
	}
	if decoded, err := decodeSecret(unquoted); err == nil {
		list = append(list, Reading{"as base64", "set secret_encoding: base64", decoded})
	}
	if decoded, err := hex.DecodeString(string(unquoted)); err == nil {
		list = append(list, Reading{"as hexadecimal digits", hexMend, decoded})
	}
	for _, ending := range []string{"\n", "\r\n", " "} {
		how := fmt.Sprintf("with %q at its end", ending)
		list = append(list, Reading{how, endMend, append(bytes.Clone(secret), ending...)})
	}
	return append(list, asWritten(secret)...)
}

const (
	digitsMend = "write these digits into the file and set secret_encoding: plain"
	hexMend    = "write the secret as base64 (xxd -r -p FILE | base64 -w0) and set secret_encoding: base64"
	endMend    = "the issuer signs with it; " +
		"take it out there, or write the secret with it as base64 and set secret_encoding: base64"
)

// asWritten undoes base64: the issuer signs with the text as it is written.
func asWritten(secret []byte) []Reading {
	var list []Reading
	for _, e := range []*base64.Encoding{
		base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding,
	} {
		text := e.EncodeToString(secret)
		list = append(list, Reading{"as plain text, not as base64", "set secret_encoding: plain", []byte(text)})
	}
	digits := hex.EncodeToString(secret)
	return append(list,
		Reading{"as the hexadecimal digits of its bytes", digitsMend, []byte(digits)},
		Reading{"as the hexadecimal digits of its bytes, in capitals", digitsMend, []byte(strings.ToUpper(digits))})
}
