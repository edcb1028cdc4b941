package config

import (
	"crypto/sha256"
	"slices"
	"strings"

	"usher/auth"
	"usher/internal/text"
	"usher/moderation"
)

// An issuerReader collects what is said about one issuer before any of it can
// be judged: the keys of the mapping come in any order.
type issuerReader struct {
	key              item // its name in the file
	secrets, publics []item
	urls             []item // jwks_url and asap_url, as far as they are there
	ca, http         item   // ca_file and insecure_http, if they are there
	encoding         auth.SecretEncoding
	encodingSaid     bool
	weak             bool
	algorithms       []item
	algorithmsNamed  bool
	config           auth.IssuerConfig
	bounds           moderation.Bounds
	sources          map[*auth.Key]item // the file that each key came from
	unread           bool               // some key is not known, so that nothing can be said of all
}

func (v value) issuer(host string, key item) (auth.IssuerConfig, moderation.Bounds) {
	r := &issuerReader{
		key:      key,
		encoding: auth.SecretPlain,
		config:   auth.IssuerConfig{RequireExp: true, RequireRoom: true},
		sources:  map[*auth.Key]item{},
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
	complete := v.object(
		field{"secret_files", r.careful(func(v value) { r.secrets = v.list() })},
		field{"secret_encoding", r.careful(func(v value) {
			if s, ok := v.oneOf(string(auth.SecretPlain), string(auth.SecretBase64)); ok {
				r.encoding, r.encodingSaid = auth.SecretEncoding(s), true
			}
		})},
		field{"allow_weak_secret", func(v value) { v.boolean(&r.weak) }},
		field{"public_key_files", r.careful(func(v value) { r.publics = v.list() })},
		field{"jwks_url", r.careful(func(v value) { r.config.JWKSURL = r.sourceURL(v) })},
		field{"asap_url", r.careful(func(v value) { r.config.ASAPURL = r.sourceURL(v) })},
		field{"ca_file", r.careful(func(v value) {
			if s, ok := v.string(); ok && s != "" {
				r.ca = item{v, s}
			}
		})},
		field{"insecure_http", r.careful(func(v value) {
			r.http = item{value: v}
			v.boolean(&r.config.InsecureHTTP)
		})},
		field{"algorithms", func(v value) { r.algorithms, r.algorithmsNamed = v.someList(), true }},
		field{"audience", func(v value) { r.config.Audience = v.audiences() }},
		field{"account_prefix", func(v value) { r.config.AccountPrefix = v.accountPrefix() }},
		field{"tenants", func(v value) { r.bounds.Tenants = v.tenants() }},
		field{"rooms", func(v value) { r.bounds.Rooms = v.roomPatterns() }},
		field{"require_exp", func(v value) { v.boolean(&r.config.RequireExp) }},
		field{"require_room", func(v value) { v.boolean(&r.config.RequireRoom) }},
	)
	r.unread = r.unread || !complete
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
	files, contents := map[string]bool{}, map[[sha256.Size]byte]string{}
	for i, it := range slices.Concat(r.secrets, r.publics) {
		path := it.r.resolve(it.text)
		if files[path] {
			it.problem("keep one of them", "the file %q is named twice", text.Clip(it.text))
			continue
		}
		files[path] = true
		keys := r.readKey(it, i < len(r.secrets))
		if len(keys) == 0 {
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

func (r *issuerReader) readKey(it item, secret bool) []*auth.Key {
	var keys []*auth.Key
	if secret {
		keys = it.secret(r.encoding, r.encodingSaid, r.weak)
	} else {
		keys = it.publicKeys()
	}
	for _, k := range keys {
		r.sources[k] = it
	}
	r.config.Keys = append(r.config.Keys, keys...)
	return keys
}

// remote reports whether there are keys that only time will show.
func (r *issuerReader) remote() bool { return r.config.JWKSURL != "" || r.config.ASAPURL != "" }

// symmetric reports whether the issuer has shared secrets, and only these.
func (r *issuerReader) symmetric() bool { return len(r.secrets) > 0 && !r.asymmetric() }

func (r *issuerReader) asymmetric() bool { return len(r.publics) > 0 || r.remote() }

// checkKinds refuses secrets beside public keys: where both are good, a public
// key that is taken for a secret opens the door.
func (r *issuerReader) checkKinds() {
	switch {
	case len(r.secrets) > 0 && r.asymmetric():
		r.unread = true
		r.key.problem("keep one kind; tokens of the other kind want an issuer of their own", "the issuer %q mixes shared secrets and public keys", text.Clip(r.key.text))
	case len(r.secrets) == 0 && !r.asymmetric() && !r.unread:
		r.unread = true
		r.key.problem("give it secret_files, public_key_files, jwks_url or asap_url", "the issuer %q has no keys", text.Clip(r.key.text))
	}
}

// checkUntried finds a file whose key would be good for nothing.
func (r *issuerReader) checkUntried() {
	if k := r.config.Untried(); k != nil {
		r.sources[k].problem("remove the files of keys that are out of use", "the file %q has a key that is never tried: a token is tried with %d keys that can have signed it, and others stand before", text.Clip(r.sources[k].text), auth.MaxTried)
	}
}
