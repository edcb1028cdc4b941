package auth

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

// accountOf is localpart for a name behind an issuer's prefix. The name's own
// beginning and end are checked as if there were none.
func accountOf(prefix, name string, unicodeAllowed bool) (string, error) {
	if prefix == "" {
		return localpart(name, unicodeAllowed)
	}
	if err := checkName(name, unicodeAllowed); err != nil {
		return "", err
	}
	account, err := localpart(prefix+name, unicodeAllowed)
	if err == nil && !strings.HasPrefix(account, prefix) { // CheckAccountPrefix rules it out; this is the last gate
		return "", errors.New("its first letter would change account_prefix")
	}
	return account, err
}

// CheckAccountPrefix refuses an account_prefix that the preparation of an
// account would change, or that a name behind it could. Empty is none.
func CheckAccountPrefix(prefix string) error {
	const good = "abcdefghijklmnopqrstuvwxyz0123456789!#$%()*+,-.;=?[]^_`{|}~"
	switch i := strings.IndexFunc(prefix, func(r rune) bool { return !strings.ContainsRune(good, r) }); {
	case len(prefix) > maxPrefix:
		return fmt.Errorf("account_prefix has %d bytes, at most %d are allowed; shorten it", len(prefix), maxPrefix)
	case i >= 0 && 'A' <= prefix[i] && prefix[i] <= 'Z':
		return fmt.Errorf("account_prefix %q has capital letters, which Prosody writes small; write %q", text.Name(prefix), text.Name(jid.LowerASCII(prefix)))
	case i >= 0:
		return fmt.Errorf("account_prefix %q has a character that is not itself in every account; use small letters, digits, dots, - and _", text.Name(prefix))
	}
	return nil
}

// accountPrefixes are those of a host's issuers, the longest first.
type accountPrefixes []accountPrefix

type accountPrefix struct{ text, issuer string }

func newAccountPrefixes(issuers map[string]IssuerConfig) accountPrefixes {
	var list accountPrefixes
	for id, issuer := range issuers {
		if issuer.AccountPrefix != "" {
			list = append(list, accountPrefix{issuer.AccountPrefix, id})
		}
	}
	slices.SortFunc(list, func(a, b accountPrefix) int {
		return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.issuer, b.issuer))
	})
	return list
}

// owner returns the prefix that an account is under, or nil. Of several the
// longest counts, so that each account has one owner: with a- and a-b- the
// account a-b-c is under the second, whatever the first calls its users.
func (l accountPrefixes) owner(account string) *accountPrefix {
	for i := range l {
		if strings.HasPrefix(account, l[i].text) {
			return &l[i]
		}
	}
	return nil
}
