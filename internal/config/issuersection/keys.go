package issuersection

import (
	"crypto/sha256"
	"slices"
	"strings"

	"usher/auth/keys"
	"usher/internal/config/source"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// readKind reads the names of files, or the URL of a server, which may be empty
// and is then none. They are judged when the rest of the issuer is known.
func (r *issuerReader) readKind(kind keys.Kind, v strictyaml.Value) {
	if !kind.Remote() {
		r.keyFiles[kind] = v.List()
	} else if s, ok := v.AnyText(); ok && s != "" && !noSourceURL(v, s) {
		r.urls[kind] = strictyaml.ItemOf(v, s)
	}
}

func (r *issuerReader) readKeys() {
	named, contents := map[string]bool{}, map[[sha256.Size]byte]string{}
	for _, kind := range keys.Kinds() {
		for _, it := range r.keyFiles[kind] {
			path := r.Resolve(it.Text)
			if named[path] {
				it.Problem("keep one of them", "the file %q is named twice", text.Clip(it.Text))
				continue
			}
			named[path] = true
			if !r.readKey(kind, it) {
				r.unread = true
				continue
			}
			sum := sha256.Sum256([]byte(r.Content(path)))
			if other, ok := contents[sum]; ok {
				it.Problem("remove one of them",
					"the files %q and %q hold the same key", text.Clip(other), text.Clip(it.Text))
			}
			contents[sum] = it.Text
		}
	}
}

// readKey reads one file, and tells what of it is rarely meant.
func (r *issuerReader) readKey(kind keys.Kind, it strictyaml.Item) bool {
	file, ok := r.how, false
	if file.Content, ok = r.File(it, kind.Noun(), kind.Secret()); !ok {
		return false
	}
	file.Label = it.Text
	keys, doubts, err := kind.Read(file)
	if err != nil {
		source.RefuseFile(it, kind.Noun(), err)
		return false
	}
	for _, d := range doubts {
		it.Warn(d.Mend, "the %s %q: %s", kind.Noun(), text.Clip(it.Text), d.Text)
	}
	for _, k := range keys {
		r.sources[k] = it
	}
	r.Config.Keys.Files = append(r.Config.Keys.Files, keys...)
	return true
}

// checkUntried finds a file whose key would be good for nothing.
func (r *issuerReader) checkUntried() {
	if k := r.Config.Keys.Untried(r.Config.Algorithms); k != nil {
		r.sources[k].Problem("remove the files of keys that are out of use",
			"the file %q has a key that is never tried: a token is tried with %d keys that can have signed it, "+
				"and others stand before",
			text.Clip(r.sources[k].Text), keys.MaxTried)
	}
}

// hold remembers the keys of an issuer for [Holders.Check].
func (r *issuerReader) hold(host string) {
	for _, k := range r.Config.Keys.Files {
		*r.holders = append(*r.holders, holder{host: host, issuer: r.key.Text, key: k, file: r.sources[k]})
	}
}

// readSources judges the key sources, and what they are trusted by.
func (r *issuerReader) readSources() {
	for _, kind := range keys.Kinds() {
		it, ok := r.urls[kind]
		if !ok {
			continue
		}
		r.Config.Keys.Locations = append(r.Config.Keys.Locations, keys.Location{Kind: kind, URL: it.Text})
		if err := keys.CheckSourceURL(it.Text, r.Config.Keys.InsecureHTTP); err != nil {
			value.Refuse(it.Value, "write an https URL (http only to this machine)", err, "%s: %s", it.Name())
			r.unread = true
		}
	}
	r.readCA()
	if r.Config.Keys.InsecureHTTP {
		r.warnInsecure()
	}
}

func (r *issuerReader) readCA() {
	if r.ca.Text == "" {
		return
	}
	content, ok := r.CA(r.ca)
	if !ok {
		r.unread = true
		return
	}
	r.Config.Keys.CA = content
	if !r.anyScheme("https") {
		r.ca.Warn("remove it, or name the key server under "+settingsOf(remoteKinds())+", with https",
			"ca_file has no effect: the issuer has no key server with https")
	}
}

func (r *issuerReader) warnInsecure() {
	if !r.anyScheme("http") {
		r.http.Warn("remove it", "insecure_http has no effect: the issuer has no key server with http")
		return
	}
	r.http.Warn("use https, unless the network to the key server is your own",
		"insecure_http: who is on the way to the key server can let in anybody")
}

func (r *issuerReader) anyScheme(scheme string) bool {
	return slices.ContainsFunc(r.Config.Keys.Locations, func(l keys.Location) bool {
		return strings.HasPrefix(strings.ToLower(l.URL), scheme+":")
	})
}

func remoteKinds() []keys.Kind {
	return slices.DeleteFunc(keys.Kinds(), func(k keys.Kind) bool { return !k.Remote() })
}
