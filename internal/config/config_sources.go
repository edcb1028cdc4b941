package config

import (
	"slices"
	"strings"
	"usher/auth/keys"
)

// readSources judges the key sources, and what they are trusted by.
func (r *issuerReader) readSources() {
	for _, kind := range keys.Kinds() {
		it, ok := r.urls[kind]
		if !ok {
			continue
		}
		r.config.Keys.Locations = append(r.config.Keys.Locations, keys.Location{Kind: kind, URL: it.text})
		if err := keys.CheckSourceURL(it.text, r.config.Keys.InsecureHTTP); err != nil {
			text, mend, found := strings.Cut(err.Error(), "; ")
			if !found {
				mend = "write an https URL (http only to this machine)"
			}
			it.problem(mend, "%s: %s", it.name, text)
			r.unread = true
		}
	}
	r.readCA()
	if r.config.Keys.InsecureHTTP {
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
	if err := keys.CheckCA(content); err != nil {
		r.ca.keyProblem("CA file", err)
		r.unread = true
		return
	}
	r.config.Keys.CA = content
	if !r.anyScheme("https") {
		r.ca.warn("remove it, or name the key server under "+settingsOf(remoteKinds())+", with https", "ca_file has no effect: the issuer has no key server with https")
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
	return slices.ContainsFunc(r.config.Keys.Locations, func(l keys.Location) bool {
		return strings.HasPrefix(strings.ToLower(l.URL), scheme+":")
	})
}

func remoteKinds() []keys.Kind {
	return slices.DeleteFunc(keys.Kinds(), func(k keys.Kind) bool { return !k.Remote() })
}
