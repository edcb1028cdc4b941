// Package issuersection answers one question: what does the configuration say of
// one issuer of a host: its keys, its algorithms, and which of its tokens are
// good? It starts no goroutine and has no lock.
package issuersection

import (
	"slices"
	"strings"

	"usher/auth"
	"usher/auth/keys"
	"usher/auth/keys/keyfile"
	"usher/internal/config/section"
	"usher/internal/config/source"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/moderation"
)

// Settings describes the keys of an issuer.
func Settings() section.Section {
	return section.Section{
		Path: "hosts.HOST.issuers.ISSUER",
		Text: "ISSUER is the `iss` of the tokens, letter by letter; Jitsi calls it `app_id`. An issuer " +
			"has either secrets or public keys, never both: another kind of key needs an issuer of its " +
			"own. Several issuers of one host share its accounts, tenants and rooms, unless " +
			"`account_prefix`, `tenants` and `rooms` bind them; what these say counts whatever a token " +
			"says. For the keys of a server see [operating.md](operating.md#keys-from-a-server).",
		Settings: slices.Concat(keySettings(), claimSettings()),
	}
}

// keySettings describes what says where an issuer's keys come from, and how they
// are taken. The kinds of keys describe themselves.
func keySettings() []section.Setting {
	var list []section.Setting
	for _, kind := range keys.Kinds() {
		m := kind.Manual()
		list = append(list,
			section.Setting{Key: string(kind), Kind: m.Form, Default: m.Default, Example: m.Example, Text: m.Text})
		if kind == keys.SecretFiles {
			list = append(list, secretSettings()...)
		}
	}
	return append(list, []section.Setting{
		{Key: "ca_file", Kind: "a PEM file", Default: "\"\"", Example: "/etc/usher/ca.pem",
			Text: "The CA of the key server, if it is your own. It is believed instead of the " +
				"system's, for this issuer."},
		{Key: "insecure_http", Kind: "true or false", Default: "false", Example: "true",
			Text: "`true` takes http also to another machine, in a network of your own: who is " +
				"on the way to the key server can let in anybody."},
	}...)
}

func secretSettings() []section.Setting {
	return []section.Setting{
		{Key: "secret_encoding", Kind: "`plain` or `base64`", Default: "plain", Example: "base64",
			Text: "`base64` if the application decodes its secret before it signs. Where a secret " +
				"looks like base64, `usher check` warns until one of the two is written."},
		{Key: "allow_weak_secret", Kind: "true or false", Default: "false", Example: "true",
			Text: "`true` takes a secret that is shorter than the hash: only until the application " +
				"has a better one."},
	}
}

// claimSettings describes what says which tokens of an issuer are good, and for what.
func claimSettings() []section.Setting {
	return []section.Setting{
		{Key: "algorithms", Kind: "a list of names",
			Unset:   "`[HS256]` with secrets, and nothing with public keys: there it is needed",
			Example: "[RS256]",
			Text: "What the application signs with, and no more: HS256, HS384 or HS512 with a " +
				"secret; RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA or " +
				"Ed25519 with a private key. A token's `alg` must be in the list and fit the key; a " +
				"token without a signature is never let in."},
		{Key: "audience", Kind: "a list of texts", Default: "[]", Example: "[jitsi]",
			Text: "A token's `aud` must be one of these, or have one of them in its list. `[]` " +
				"does not look at it; `\"*\"` takes any, but there must be one."},
		{Key: "account_prefix", Kind: "a text", Default: "\"\"", Example: "acme-",
			Text: "What the accounts of this issuer's tokens begin with: with `acme-` the id " +
				"`alice` is the account `acme-alice`, and no other issuer of the host can name an " +
				"account that begins so. Random accounts have no prefix."},
		{Key: "tenants", Kind: "a list of tenants", Default: "[]", Example: "[acme]",
			Text: "Whose rooms this issuer's tokens may open, whatever their `sub` says, `\"*\"` " +
				"included. A tenant is written as `sub` names it; the host's own name is for rooms " +
				"without a tenant. `[]` is every tenant."},
		{Key: "rooms", Kind: "a list of patterns of rooms", Default: "[]", Example: "[\"board-*\"]",
			Text: "Which rooms this issuer's tokens may open: names, in which `*` stands for any " +
				"text, in every tenant; `\"[acme]*\"` is for one. `[]` is every room."},
		{Key: "require_exp", Kind: "true or false", Default: "true", Example: "false",
			Text: "`false` lets tokens without an expiry in: they are good until their key is gone."},
		{Key: "require_room", Kind: "true or false", Default: "true", Example: "false",
			Text: "`false` lets tokens without a room in: for plain chat, where nobody writes one. " +
				"Such a token opens every room."},
	}
}

// An Issuer is what is said of one.
type Issuer struct {
	Config auth.IssuerConfig
	Bounds moderation.Bounds
	Prefix strictyaml.Value // account_prefix, if it is there
}

// An issuerReader collects what is said about one issuer before any of it can
// be judged: the keys of the mapping come in any order.
type issuerReader struct {
	*source.Reader
	Issuer
	key             strictyaml.Item // its name in the file
	keyFiles        map[keys.Kind][]strictyaml.Item
	urls            map[keys.Kind]strictyaml.Item // of servers
	ca              strictyaml.Item               // ca_file, if it is there
	http            strictyaml.Value              // insecure_http, if it is there
	how             keys.File                     // how key files are read
	algorithms      []strictyaml.Item
	algorithmsNamed bool
	holders         *Holders                      // of all hosts
	sources         map[*keys.Key]strictyaml.Item // the file that each key came from
	unread          bool                          // some key is not known, so that nothing can be said of all
}

// Read reads what is said of the issuer of a host, and adds its keys to those of all hosts.
func Read(r *source.Reader, v strictyaml.Value, host string, key strictyaml.Item, holders *Holders) *Issuer {
	i := &issuerReader{
		Reader:   r,
		holders:  holders,
		key:      key,
		keyFiles: map[keys.Kind][]strictyaml.Item{},
		urls:     map[keys.Kind]strictyaml.Item{},
		how:      keys.File{Encoding: keyfile.Plain},
		Issuer:   Issuer{Config: auth.IssuerConfig{RequireExp: true, RequireRoom: true}},
		sources:  map[*keys.Key]strictyaml.Item{},
	}
	i.read(v)
	i.readSources()
	i.readKeys()
	i.checkKinds()
	i.checkAlgorithms()
	i.checkUntried()
	i.hold(host)
	return &i.Issuer
}

func (r *issuerReader) read(v strictyaml.Value) {
	reads := section.Readers{
		"secret_encoding":   r.careful(r.readEncoding),
		"allow_weak_secret": func(v strictyaml.Value) { v.Bool(&r.how.AllowWeak) },
		"ca_file":           r.careful(value.Text(&r.ca)),
		"insecure_http": r.careful(func(v strictyaml.Value) {
			r.http = v
			v.Bool(&r.Config.Keys.InsecureHTTP)
		}),
		"algorithms":     func(v strictyaml.Value) { r.algorithms, r.algorithmsNamed = v.SomeList(), true },
		"audience":       func(v strictyaml.Value) { r.Config.Audience = audiences(v) },
		"account_prefix": func(v strictyaml.Value) { r.Config.AccountPrefix, r.Prefix = accountPrefix(v), v },
		"tenants":        func(v strictyaml.Value) { r.Bounds.Tenants = value.Tenants(v) },
		"rooms":          func(v strictyaml.Value) { r.Bounds.Rooms = value.RoomPatterns(v) },
		"require_exp":    func(v strictyaml.Value) { v.Bool(&r.Config.RequireExp) },
		"require_room":   func(v strictyaml.Value) { v.Bool(&r.Config.RequireRoom) },
	}
	for _, kind := range keys.Kinds() {
		reads[string(kind)] = r.careful(func(v strictyaml.Value) { r.readKind(kind, v) })
	}
	r.unread = !v.Object(Settings().Fields(reads)...) || r.unread
}

func (r *issuerReader) readEncoding(v strictyaml.Value) {
	if s, ok := v.OneOf(string(keyfile.Plain), string(keyfile.Base64)); ok {
		r.how.Encoding, r.how.EncodingSaid = keyfile.Encoding(s), true
	}
}

// careful remembers that a problem with the value leaves the keys unknown.
func (r *issuerReader) careful(read func(strictyaml.Value)) func(strictyaml.Value) {
	return func(v strictyaml.Value) {
		before := r.Report.Errors()
		read(v)
		r.unread = r.unread || r.Report.Errors() > before
	}
}

// names reports whether files of secret keys, or of public ones, are named.
func (r *issuerReader) names(secret bool) bool {
	return slices.ContainsFunc(keys.Kinds(), func(k keys.Kind) bool {
		return k.Secret() == secret && len(r.keyFiles[k]) > 0
	})
}

// symmetric reports whether the issuer has shared secrets, and only these.
func (r *issuerReader) symmetric() bool { return r.names(true) && !r.asymmetric() }

func (r *issuerReader) asymmetric() bool { return r.names(false) || r.Config.Keys.Remote() }

// checkKinds refuses secrets beside public keys: where both are good, a public
// key that is taken for a secret opens the door.
func (r *issuerReader) checkKinds() {
	switch {
	case r.names(true) && r.asymmetric():
		r.unread = true
		r.key.Problem("keep one kind; tokens of the other kind want an issuer of their own",
			"the issuer %q mixes shared secrets and public keys", text.Clip(r.key.Text))
	case !r.names(true) && !r.asymmetric() && !r.unread:
		r.unread = true
		r.key.Problem("give it "+settingsOf(keys.Kinds()), "the issuer %q has no keys", text.Clip(r.key.Text))
	}
}

// settingsOf names kinds of keys as alternatives: a, b or c.
func settingsOf(kinds []keys.Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
