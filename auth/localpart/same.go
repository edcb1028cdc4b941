package localpart

import (
	"iter"
	"strings"

	"usher/internal/jid"
)

// Is reports whether a name, in a spelling that Prosody would read as it,
// is an account of a host.
func Is(name, account string, unicodeAllowed bool) bool {
	for spelt := range Spellings(name, unicodeAllowed) {
		if spelt == account {
			return true
		}
	}
	return false
}

// IsJID reports whether an authorization identity is the account of a
// host: a localpart, or a JID in any spelling that Prosody would read as the account's, with or
// without a resource.
func IsJID(s, account, host string, unicodeAllowed bool) bool {
	if Is(s, account, unicodeAllowed) {
		return true
	}
	bare, resource, _ := strings.Cut(s, "/")
	if len(resource) <= jid.MaxPart && isBareJID(bare, account, host, unicodeAllowed) {
		return true
	}
	return isBareJID(s, account, host, unicodeAllowed) // a slash in a localpart that is not escaped
}

func isBareJID(s, account, host string, unicodeAllowed bool) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || len(s) > 2*jid.MaxPart+1 {
		return false
	}
	domain, err := jid.Nameprep(strings.TrimSuffix(s[at+1:], "."))
	return err == nil && domain == host && Is(s[:at], account, unicodeAllowed)
}

// Spellings yields the accounts that a name may mean: it may be escaped by
// XEP-0106 already, or not.
func Spellings(name string, unicodeAllowed bool) iter.Seq[string] {
	return func(yield func(string) bool) {
		if escaped, err := jid.Nodeprep(name); err == nil && !yield(escaped) {
			return
		}
		if plain, err := localpart(name, unicodeAllowed); err == nil {
			yield(plain)
		}
	}
}
