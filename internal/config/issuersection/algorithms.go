package issuersection

import (
	"fmt"
	"slices"
	"strings"

	"usher/auth/keys"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// checkAlgorithms matches the algorithms and the keys of an issuer.
func (r *issuerReader) checkAlgorithms() {
	if !r.algorithmsNamed {
		r.defaultAlgorithms()
		return
	}
	for _, it := range r.algorithms {
		if r.known(it) {
			r.Config.Algorithms = append(r.Config.Algorithms, it.Text)
			r.checkUse(it)
		}
	}
	if !r.unread && len(r.Config.Algorithms) == len(r.algorithms) {
		r.warnIdle()
	}
}

// defaultAlgorithms takes HS256 for secrets, as every library of Jitsi tokens
// does. Public keys have no such custom, and a guess would refuse every login.
func (r *issuerReader) defaultAlgorithms() {
	if r.symmetric() {
		r.Config.Algorithms = []string{"HS256"}
		return
	}
	if !r.unread {
		r.key.Problem("name what its tokens are signed with: algorithms: ["+r.fitting()+"]",
			"the issuer %q has no algorithms", text.Clip(r.key.Text))
	}
}

// fitting returns an algorithm that suits the issuer's keys.
func (r *issuerReader) fitting() string {
	for _, name := range keys.Algorithms() {
		if r.allowed(name) {
			return name
		}
	}
	if r.symmetric() {
		return "HS256"
	}
	return "RS256"
}

func (r *issuerReader) allowed(name string) bool {
	return slices.ContainsFunc(r.Config.Keys.Files, func(k *keys.Key) bool { return k.Allows(name) })
}

func (r *issuerReader) known(it strictyaml.Item) bool {
	names := keys.Algorithms()
	switch {
	case slices.Contains(names, it.Text):
		return true
	case strings.EqualFold(it.Text, "none"):
		it.Problem("name what the tokens are signed with, such as "+r.fitting(),
			"algorithms: tokens without a signature are never let in")
	default:
		it.Problem(strictyaml.Suggest(it.Text, names)+"use some of: "+strings.Join(names, ", "),
			"algorithms: unknown algorithm %q", text.Clip(it.Text))
	}
	return false
}

// checkUse reports an algorithm that no key of the issuer can verify.
func (r *issuerReader) checkUse(it strictyaml.Item) {
	hmac := strings.HasPrefix(it.Text, "HS")
	switch {
	case r.unread:
	case hmac && r.asymmetric():
		it.Problem("use "+r.fitting()+", or give it secret_files instead",
			"algorithms: %s wants a shared secret, and the issuer has public keys", it.Text)
	case !hmac && r.symmetric():
		it.Problem("use "+r.fitting()+", or give it public keys instead",
			"algorithms: %s wants a public key, and the issuer has shared secrets", it.Text)
	case r.allowed(it.Text) || r.Config.Keys.Remote():
	case hmac:
		bits := strings.TrimPrefix(it.Text, "HS")
		it.Problem(fmt.Sprintf("make a longer one (openssl rand -hex 64), or use %s", r.fitting()),
			"algorithms: no secret of the issuer has the %s bits that %s wants", bits, it.Text)
	default:
		it.Problem("use "+r.fitting()+", or add a key for it",
			"algorithms: no public key of the issuer fits %s", it.Text)
	}
}

// warnIdle tells of keys that verify nothing.
func (r *issuerReader) warnIdle() {
	for _, k := range r.Config.Keys.Files {
		if !slices.ContainsFunc(r.Config.Algorithms, k.Allows) && slices.ContainsFunc(r.Config.Algorithms, r.allowed) {
			it := r.sources[k]
			it.Warn("add an algorithm for it, or remove the file",
				"a key of %q fits none of the issuer's algorithms", text.Clip(it.Text))
		}
	}
}
