package httpauth

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

// params are the parameters of a query string or a form.
type params map[string]string

var (
	errDuplicate = errors.New("a parameter comes twice")
	errEncoding  = errors.New("a parameter is not percent-encoded UTF-8")
	errUnknown   = errors.New("an unknown parameter")
	errMissing   = errors.New("a parameter is missing")
)

// parseParams reads application/x-www-form-urlencoded strictly: of a parameter
// that comes twice two readers may see different ones. On an error there are none.
func parseParams(text string) (params, error) {
	p := params{}
	for text != "" {
		var part string
		part, text, _ = strings.Cut(text, "&")
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err := errors.Join(err1, err2); err != nil || strings.Contains(part, ";") || !utf8.ValidString(name) ||
			!utf8.ValidString(value) {
			return params{}, errEncoding
		}
		if _, there := p[name]; there {
			return params{}, errDuplicate
		}
		p[name] = value
	}
	return p, nil
}

// only returns an error unless the names of p are among these, and the
// required ones are there with a value.
func (p params) only(required []string, optional ...string) error {
	known := 0
	for _, name := range required {
		if p[name] == "" {
			return errMissing
		}
		known++
	}
	for _, name := range optional {
		if _, there := p[name]; there {
			known++
		}
	}
	if known != len(p) {
		return errUnknown
	}
	return nil
}
