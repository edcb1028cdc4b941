package cmdline

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// WriteJSON writes a value as one line of JSON. Control characters beyond ASCII, which terminals obey, and those that
// change the direction of what follows are escaped: names come from strangers.
func WriteJSON(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(escaped(text), '\n'))
	return err
}

// Progress is where a command says what it does meanwhile: with --json standard output has nothing but the object.
func Progress(c *cli.Context) io.Writer {
	if c.Bool("json") {
		return c.App.ErrWriter
	}
	return c.App.Writer
}

// escaped is JSON with the same meaning. Outside of texts it has no such characters.
func escaped(text []byte) []byte {
	out := make([]byte, 0, len(text)+1)
	for len(text) > 0 {
		c, size := utf8.DecodeRune(text)
		if c >= utf8.RuneSelf-1 && (unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control)) {
			out = fmt.Appendf(out, `\u%04x`, c)
		} else {
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	return out
}
