package jid

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"usher/internal/text"
)

var errNoTenant = errors.New("it is empty")

// Tenant returns the tenant that a name is: a label of a domain. ASCII
// letters are lower-cased; beyond ASCII it must be what nameprep makes of it
// but for letter case, so that no spelling becomes another's tenant. Nothing is
// percent-encoded.
func Tenant(name string) (string, error) {
	switch {
	case name == "":
		return "", errNoTenant
	case IsASCII(name):
		return LowerASCII(name), nil
	}
	prepared, err := NameprepQuery(name)
	if err != nil {
		return "", fmt.Errorf("no tenant: %w", err)
	}
	if !norm.NFKC.IsNormalString(name) || prepared != lowerRunes(name) {
		return "", fmt.Errorf("%q names no tenant, as Prosody makes %q of it; write %q", text.Name(name),
			text.Name(prepared), text.Name(prepared))
	}
	return prepared, nil
}

// lowerRunes is letter by letter, as nameprep has no final sigma.
func lowerRunes(s string) string { return strings.Map(unicode.ToLower, s) }
