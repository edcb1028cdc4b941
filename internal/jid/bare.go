package jid

import (
	"fmt"
	"strings"

	"usher/internal/text"
)

// IsHost reports whether s is a domain name of letters, digits and hyphens
// (RFC 1123 section 2.1) in lower case.
func IsHost(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return len(s) <= 253
}

// Prepare brings a bare JID, or a host, into the spelling that Prosody keeps.
// What is neither is an error that names it.
func Prepare(s string) (string, error) {
	local, domain, found := strings.Cut(s, "@")
	if !found {
		local, domain = "", s
	}
	domain = strings.ToLower(domain)
	if !IsHost(domain) {
		return "", notBare(s)
	}
	if !found {
		return domain, nil
	}
	prepared, err := Nodeprep(local)
	if err != nil || prepared == "" {
		return "", notBare(s)
	}
	return prepared + "@" + domain, nil
}

func notBare(s string) error {
	return fmt.Errorf("\"%s\" is neither a bare JID (user@host) nor a host", text.Printable(text.Clip(s)))
}
