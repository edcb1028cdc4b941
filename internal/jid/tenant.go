package jid

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

var errNoTenant = errors.New("it is empty")

// Tenant returns the tenant that a text names: a label of a domain. ASCII
// letters are lower-cased; beyond ASCII it must be what nameprep makes of it
// but for letter case, so that no spelling becomes another's tenant. Nothing is
// percent-encoded.
func Tenant(text string) (string, error) {
	switch {
	case text == "":
		return "", errNoTenant
	case IsASCII(text):
		return LowerASCII(text), nil
	}
	prepared, err := NameprepQuery(text)
	if err != nil {
		return "", fmt.Errorf("no tenant: %w", err)
	}
	if !norm.NFKC.IsNormalString(text) || prepared != lowerRunes(text) {
		return "", fmt.Errorf("%q names no tenant, as Prosody makes %q of it; write %q", clip(text), clip(prepared), clip(prepared))
	}
	return prepared, nil
}

// lowerRunes is letter by letter, as nameprep has no final sigma.
func lowerRunes(s string) string { return strings.Map(unicode.ToLower, s) }
