package config

import (
	"crypto/sha256"
	"slices"
	"strings"

	"usher/auth"
	"usher/auth/keys"
	"usher/internal/text"
	"usher/moderation"
)

// An issuerReader collects what is said about one issuer before any of it can
// be judged: the keys of the mapping come in any order.
type issuerReader struct {
	key             item // its name in the file
	files           map[keys.Kind][]item
	urls            map[keys.Kind]item // of servers
	ca, http        item               // ca_file and insecure_http, if they are there
	file            keys.File          // how key files are read
	algorithms      []item
	algorithmsNamed bool
	config          auth.IssuerConfig
	bounds          moderation.Bounds
	sources         map[*keys.Key]item // the file that each key came from
	unread          bool               // some key is not known, so that nothing can be said of all
}

func (v value) issuer(host string, key item) (auth.IssuerConfig, moderation.Bounds) {
	r := &issuerReader{
		key:     key,
		files:   map[keys.Kind][]item{},
		urls:    map[keys.Kind]item{},
		file:    keys.File{Encoding: keys.SecretPlain},
		config:  auth.IssuerConfig{RequireExp: true, RequireRoom: true},
		sources: map[*keys.Key]item{},
	}
	r.read(v)
	r.readSources()
	r.readKeys()
	r.checkKinds()
	r.checkAlgorithms()
	r.checkUntried()
	r.hold(host)
	return r.config, r.bounds
}

func (r *issuerReader) read(v value) {
	fields := append(r.keyFields(), []field{
		{"ca_file", r.careful(func(v value) {
			if s, ok := v.string(); ok && s != "" {
				r.ca = item{v, s}
			}
		})},
		{"insecure_http", r.careful(func(v value) {
			r.http = item{value: v}
			v.boolean(&r.config.Keys.InsecureHTTP)
		})},
		{"algorithms", func(v value) { r.algorithms, r.algorithmsNamed = v.someList(), true }},
		{"audience", func(v value) { r.config.Audience = v.audiences() }},
		{"account_prefix", func(v value) { r.config.AccountPrefix = v.accountPrefix() }},
		{"tenants", func(v value) { r.bounds.Tenants = v.tenants() }},
		{"rooms", func(v value) { r.bounds.Rooms = v.roomPatterns() }},
		{"require_exp", func(v value) { v.boolean(&r.config.RequireExp) }},
		{"require_room", func(v value) { v.boolean(&r.config.RequireRoom) }},
	}...)
	r.unread = !v.object(fields...) || r.unread
}

// keyFields are the settings that say where keys come from, and how those of
// secrets are read.
func (r *issuerReader) keyFields() (fields []field) {
	for _, kind := range keys.Kinds() {
		fields = append(fields, field{string(kind), r.careful(func(v value) { r.readKind(kind, v) })})
		if kind != keys.SecretFiles {
			continue
		}
		fields = append(fields, field{"secret_encoding", r.careful(func(v value) {
			if s, ok := v.oneOf(string(keys.SecretPlain), string(keys.SecretBase64)); ok {
				r.file.Encoding, r.file.EncodingSaid = keys.SecretEncoding(s), true
			}
		})}, field{"allow_weak_secret", func(v value) { v.boolean(&r.file.AllowWeak) }})
	}
	return fields
}

// readKind reads the names of files, or the URL of a server, which may be empty
// and is then none. They are judged when the rest of the issuer is known.
func (r *issuerReader) readKind(kind keys.Kind, v value) {
	if !kind.Remote() {
		r.files[kind] = v.list()
	} else if s, ok := v.string(); ok && s != "" && !v.noSourceURL(s) {
		r.urls[kind] = item{v, s}
	}
}

// careful remembers that a problem with the value leaves the keys unknown.
func (r *issuerReader) careful(read func(value)) func(value) {
	return func(v value) {
		before := v.r.problems.Errors()
		read(v)
		r.unread = r.unread || v.r.problems.Errors() > before
	}
}

func (r *issuerReader) readKeys() {
	named, contents := map[string]bool{}, map[[sha256.Size]byte]string{}
	for _, kind := range keys.Kinds() {
		for _, it := range r.files[kind] {
			path := it.r.resolve(it.text)
			if named[path] {
				it.problem("keep one of them", "the file %q is named twice", text.Clip(it.text))
				continue
			}
			named[path] = true
			if !r.readKey(kind, it) {
				r.unread = true
				continue
			}
			content := strings.TrimSuffix(string(it.r.contents[path]), "\n") // the newline is no part of a secret
			sum := sha256.Sum256([]byte(content))
			if other, ok := contents[sum]; ok {
				it.problem("remove one of them", "the files %q and %q hold the same key", text.Clip(other), text.Clip(it.text))
			}
			contents[sum] = it.text
		}
	}
}

// readKey reads one file, and tells what of it is rarely meant.
func (r *issuerReader) readKey(kind keys.Kind, it item) bool {
	file, ok := r.file, false
	if file.Content, ok = it.file(kind.Noun(), kind.Secret()); !ok {
		return false
	}
	file.Label = it.text
	keys, doubts, err := kind.Read(file)
	if err != nil {
		it.keyProblem(kind.Noun(), err)
		return false
	}
	for _, d := range doubts {
		it.warn(d.Mend, "the %s %q: %s", kind.Noun(), text.Clip(it.text), d.Text)
	}
	for _, k := range keys {
		r.sources[k] = it
	}
	r.config.Keys.Files = append(r.config.Keys.Files, keys...)
	return true
}

// names reports whether files of secret keys, or of public ones, are named.
func (r *issuerReader) names(secret bool) bool {
	return slices.ContainsFunc(keys.Kinds(), func(k keys.Kind) bool { return k.Secret() == secret && len(r.files[k]) > 0 })
}

// symmetric reports whether the issuer has shared secrets, and only these.
func (r *issuerReader) symmetric() bool { return r.names(true) && !r.asymmetric() }

func (r *issuerReader) asymmetric() bool { return r.names(false) || r.config.Keys.Remote() }

// checkKinds refuses secrets beside public keys: where both are good, a public
// key that is taken for a secret opens the door.
func (r *issuerReader) checkKinds() {
	switch {
	case r.names(true) && r.asymmetric():
		r.unread = true
		r.key.problem("keep one kind; tokens of the other kind want an issuer of their own", "the issuer %q mixes shared secrets and public keys", text.Clip(r.key.text))
	case !r.names(true) && !r.asymmetric() && !r.unread:
		r.unread = true
		r.key.problem("give it "+settingsOf(keys.Kinds()), "the issuer %q has no keys", text.Clip(r.key.text))
	}
}

// settingsOf names kinds of keys as alternatives: a, b or c.
func settingsOf(kinds []keys.Kind) string {
	var list string
	for i, k := range kinds {
		switch {
		case i == 0:
		case i == len(kinds)-1:
			list += " or "
		default:
			list += ", "
		}
		list += string(k)
	}
	return list
}

// checkUntried finds a file whose key would be good for nothing.
func (r *issuerReader) checkUntried() {
	if k := r.config.Keys.Untried(r.config.Algorithms); k != nil {
		r.sources[k].problem("remove the files of keys that are out of use", "the file %q has a key that is never tried: a token is tried with %d keys that can have signed it, and others stand before", text.Clip(r.sources[k].text), keys.MaxTried)
	}
}
