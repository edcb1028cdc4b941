package issuersection

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"usher/auth"
	"usher/auth/localpart"
	"usher/auth/signin"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// CheckName refuses names that are no token's iss. Such an issuer would match
// no token, where the operator believes that it matches every one.
func CheckName(it strictyaml.Item) {
	const mend = "name each issuer by the iss of its tokens (usher token explain shows it)"
	switch {
	case it.Text == signin.Issuer:
		it.Problem("call it otherwise", "the issuer %q is usher's own, of the tokens that its sign-in makes",
			signin.Issuer)
	case it.Text == "*":
		it.Problem(mend, `issuers: "*" matches no token: a token's iss is compared letter by letter`)
	case value.HasPlaceholder(it, "the issuer", "its tokens have a name there"):
	case value.EveryTenants(it.Text):
		it.Problem("write the tenant's own id in its place, as in the iss of its tokens",
			"the issuer %q matches no token: their iss names the tenant", text.Clip(it.Text))
	case strings.Contains(it.Text, "*"):
		it.Warn(mend, "the issuer %q has a * in it, which stands for no other text", text.Clip(it.Text))
	case strings.TrimSpace(it.Text) != it.Text:
		it.Warn("take it out",
			"the issuer %q has white space at an end, and its tokens must have it, too", text.Clip(it.Text))
	}
}

// audiences refuses placeholders, which no token's aud is.
func audiences(v strictyaml.Value) []string {
	list := v.List()
	for _, it := range list {
		value.HasPlaceholder(it, "audience", "tokens have a name there")
	}
	return strictyaml.Texts(list)
}

// noSourceURL names what is written for the address of a key server and is none.
func noSourceURL(v strictyaml.Value, s string) bool {
	u, err := url.Parse(s)
	switch {
	case err == nil && strings.EqualFold(u.Scheme, "file") || strings.HasPrefix(s, "/"):
		v.Problem("write its public keys as PEM into a file, and name that under public_key_files",
			"%s: a file of this machine is no key server: usher fetches keys over https only", v.Name())
	case value.HasPlaceholder(strictyaml.ItemOf(v, s), v.Name(), "a key server has a name there"):
	default:
		return false
	}
	return true
}

// accountPrefix reads what begins an issuer's accounts; empty is nothing.
func accountPrefix(v strictyaml.Value) string {
	s, ok := v.AnyText()
	if !ok {
		return ""
	}
	if err := localpart.CheckPrefix(s); err != nil {
		value.Refuse(v, "", err, "%s")
		return ""
	}
	return s
}

// CheckPrefix compares an issuer's account_prefix with those of the issuers
// before it. Where one begins with another, some accounts seem to be of both.
func CheckPrefix(issuer strictyaml.Item, prefix string, others map[string]auth.IssuerConfig) {
	for _, id := range slices.Sorted(maps.Keys(others)) {
		other := others[id].AccountPrefix
		short, long := prefix, other
		if len(short) > len(long) {
			short, long = long, short
		}
		switch {
		case short == "" || !strings.HasPrefix(long, short):
		case short == long:
			issuer.Warn("give each a prefix of its own, unless both are one application",
				"the issuers %q and %q have the same account_prefix %q: each can name the other's accounts",
				text.Clip(id), text.Clip(issuer.Text), text.Clip(short))
		default:
			issuer.Warn("choose prefixes of which none begins with another, such as a- and b-",
				"the account_prefix %q begins with another issuer's, %q: "+
					"an account under both is of the longer one's issuer only",
				text.Clip(long), text.Clip(short))
		}
	}
}
