package config

import (
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/idna"

	"usher/internal/text"
)

var (
	entraForAll = regexp.MustCompile(`^https://(login\.microsoftonline\.com|sts\.windows\.net)/(common|organizations)(/|$)`)
	placeholder = regexp.MustCompile(`\$?\{[^{}]*\}|<[^<>]+>`)
)

// checkIssuer refuses names that are no token's iss. Such an issuer would match
// nobody, and whoever wrote it believes that it matches everybody.
func (it item) checkIssuer() {
	const mend = "name each issuer by the iss of its tokens (usher token explain shows it)"
	switch {
	case it.text == "*":
		it.problem(mend, `issuers: "*" matches no token: a token's iss is compared letter by letter`)
	case it.hasPlaceholder("the issuer", "its tokens have a name there"):
	case entraForAll.MatchString(it.text):
		it.problem("write the tenant's own id in its place, as in the iss of its tokens", "the issuer %q matches no token: their iss names the tenant", text.Clip(it.text))
	case strings.Contains(it.text, "*"):
		it.warn(mend, "the issuer %q has a * in it, which stands for no other text", text.Clip(it.text))
	case strings.TrimSpace(it.text) != it.text:
		it.warn("take it out", "the issuer %q has white space at an end, and its tokens must have it, too", text.Clip(it.text))
	}
}

// hasPlaceholder refuses what was copied out of a manual: {tenantid}, <app-id>,
// ${APP_ID}. usher puts nothing in their place.
func (it item) hasPlaceholder(what, why string) bool {
	found := placeholder.FindString(it.text)
	if found == "" {
		return false
	}
	it.problem("write what is meant in its place", "%s has the placeholder %s in it, for which usher puts nothing: %s", what, text.Clip(found), why)
	return true
}

// audiences refuses placeholders, which no token's aud is.
func (v value) audiences() []string {
	list := v.list()
	for _, it := range list {
		it.hasPlaceholder("audience", "tokens have a name there")
	}
	return texts(list)
}

// noSourceURL names what is written for the address of a key server and is none.
func (v value) noSourceURL(s string) bool {
	u, err := url.Parse(s)
	switch {
	case err == nil && strings.EqualFold(u.Scheme, "file") || strings.HasPrefix(s, "/"):
		v.problem("write its public keys as PEM into a file, and name that under public_key_files", "%s: a file of this machine is no key server: usher fetches keys over https only", v.name)
	case item{v, s}.hasPlaceholder(v.name, "a key server has a name there"):
	default:
		return false
	}
	return true
}

// asBrowsersWrite brings an origin into the form of the Origin header: the
// scheme's own port is left out, and names are in punycode (RFC 6454 section 6).
func asBrowsersWrite(u *url.URL) string {
	host, port := u.Hostname(), u.Port()
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host
}
