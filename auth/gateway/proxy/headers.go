package proxy

import (
	"net/http"
	"slices"
	"strings"
)

// passing reports whether a header of a client goes on to Prosody: what Prosody's
// modules may want to know of a page and its browser, and most that begin with X-.
// Prosody takes "_" in a header's name for "-", so a client could say X_Forwarded_For
// beside the gateway's own X-Forwarded-For: no name with anything but letters,
// digits and "-" passes.
func passing(name string) bool {
	switch name {
	case "Accept", "Accept-Language", "Cache-Control", "Content-Type", "Cookie",
		"Dnt", "Origin", "Pragma", "User-Agent":
		return true
	case "X-Original-Uri", "X-Original-Url", "X-Rewrite-Url": // the address with the token, as it was
		return false
	}
	return strings.HasPrefix(name, "X-") && !strings.HasPrefix(name, "X-Forwarded-") &&
		strings.Trim(name, headerLetters) == ""
}

const headerLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// passOn returns the headers of a client that go on to Prosody: not those that
// belong to this connection (RFC 9110 section 7.6.1), and not those that hold the
// token. A Referer has it as well: it is the address of Jitsi's page.
func passOn(of http.Header, token string) http.Header {
	h := of.Clone()
	for _, line := range of.Values("Connection") {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for name := range h {
		if !passing(name) {
			delete(h, name)
		}
	}
	withhold(h, token)
	return h
}

// withhold removes what has the token in it under another name: proxies tell the
// address as it was before they changed it in headers of their own.
func withhold(h http.Header, token string) {
	const short = 32 // no token and no ticket is that short
	tells := func(v string) bool {
		return strings.Contains(v, "token=") || strings.Contains(v, "jwt=") ||
			len(token) >= short && strings.Contains(v, token)
	}
	for name, values := range h {
		if slices.ContainsFunc(values, tells) {
			delete(h, name)
		}
	}
}
