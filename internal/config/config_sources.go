package config

import (
	"slices"
	"strings"

	"usher/auth"
)

// sourceURL reads the address of a key source; empty means none. It is judged
// when the rest of the issuer is known.
func (r *issuerReader) sourceURL(v value) string {
	s, ok := v.string()
	if !ok || s == "" || v.noSourceURL(s) {
		return ""
	}
	r.urls = append(r.urls, item{v, s})
	return s
}

// readSources judges the key sources, and what they are trusted by.
func (r *issuerReader) readSources() {
	for _, it := range r.urls {
		if err := auth.CheckSourceURL(it.text, r.config.InsecureHTTP); err != nil {
			text, mend, found := strings.Cut(err.Error(), "; ")
			if !found {
				mend = "write an https URL (http only to this machine)"
			}
			it.problem(mend, "%s: %s", it.name, text)
			r.unread = true
		}
	}
	r.readCA()
	if r.config.InsecureHTTP {
		r.warnInsecure()
	}
}

func (r *issuerReader) readCA() {
	if r.ca.text == "" {
		return
	}
	content, ok := r.ca.file("CA file", false)
	if !ok {
		r.unread = true
		return
	}
	if err := auth.CheckCA(content); err != nil {
		r.ca.keyProblem("CA file", err)
		r.unread = true
		return
	}
	r.config.CAFile, r.config.CA = r.ca.text, content
	if !r.anyScheme("https") {
		r.ca.warn("remove it, or name the key server under jwks_url or asap_url, with https", "ca_file has no effect: the issuer has no key server with https")
	}
}

func (r *issuerReader) warnInsecure() {
	if !r.anyScheme("http") {
		r.http.warn("remove it", "insecure_http has no effect: the issuer has no key server with http")
		return
	}
	r.http.warn("use https, unless the network to the key server is your own", "insecure_http: who is on the way to the key server can let in anybody")
}

func (r *issuerReader) anyScheme(scheme string) bool {
	return slices.ContainsFunc(r.urls, func(it item) bool {
		return strings.HasPrefix(strings.ToLower(it.text), scheme+":")
	})
}
