package localpart

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/internal/jid"
	"usher/internal/text"
)

// maxPrefix is in bytes.
const maxPrefix = 64

// Of turns the name in a claim into an account: a localpart, escaped by XEP-0106,
// that is not changed by Prosody's preparation any more. The name's own beginning
// and end are checked as if the issuer had no prefix; an empty prefix is none. The
// name is ASCII, or, if unicodeAllowed, what nodeprep leaves as it is but for
// letter case. The error says what is wrong with the name.
func Of(prefix, name string, unicodeAllowed bool) (string, error) {
	if prefix == "" {
		return localpart(name, unicodeAllowed)
	}
	if err := checkName(name, unicodeAllowed); err != nil {
		return "", err
	}
	account, err := localpart(prefix+name, unicodeAllowed)
	if err == nil && !strings.HasPrefix(account, prefix) { // CheckPrefix rules it out; this is the last gate
		return "", errors.New("its first letter would change account_prefix")
	}
	return account, err
}

// CheckPrefix refuses an account_prefix that the preparation of an
// account would change, or that a name behind it could. Empty is none.
func CheckPrefix(prefix string) error {
	const good = "abcdefghijklmnopqrstuvwxyz0123456789!#$%()*+,-.;=?[]^_`{|}~"
	switch i := strings.IndexFunc(prefix, func(r rune) bool { return !strings.ContainsRune(good, r) }); {
	case len(prefix) > maxPrefix:
		return fmt.Errorf("account_prefix has %d bytes, at most %d are allowed; shorten it", len(prefix), maxPrefix)
	case i >= 0 && 'A' <= prefix[i] && prefix[i] <= 'Z':
		return fmt.Errorf("account_prefix %q has capital letters, which Prosody writes small; write %q",
			text.Name(prefix), text.Name(jid.LowerASCII(prefix)))
	case i >= 0:
		return fmt.Errorf("account_prefix %q has a character that is not itself in every account; "+
			"use small letters, digits, dots, - and _", text.Name(prefix))
	}
	return nil
}

// Prefixes are those of a host's issuers, the longest first.
type Prefixes []prefix

type prefix struct{ text, issuer string }

// NewPrefixes takes each issuer's prefix; empty is none.
func NewPrefixes(byIssuer map[string]string) Prefixes {
	var list Prefixes
	for issuer, text := range byIssuer {
		if text != "" {
			list = append(list, prefix{text, issuer})
		}
	}
	slices.SortFunc(list, func(a, b prefix) int {
		return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.issuer, b.issuer))
	})
	return list
}

// Owner returns the prefix that an account is under and whose it is, or nothing.
// Of several the longest counts, so that each account has one owner: with a- and
// a-b- the account a-b-c is under the second, whatever the first calls its users.
func (l Prefixes) Owner(account string) (prefix, issuer string) {
	for i := range l {
		if strings.HasPrefix(account, l[i].text) {
			return l[i].text, l[i].issuer
		}
	}
	return "", ""
}
