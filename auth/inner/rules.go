package inner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/auth/claim"
)

// Rules are what one relay host's configuration says of its inner tokens.
type Rules struct {
	Host     string // the virtual host, as configured
	Issuer   string // iss: Prosody's app_id
	Audience string // aud
	TTL      time.Duration

	Tenants            bool // sub is the tenant (tokens.subject: tenant)
	DomainVerification bool // what Prosody's enable_domain_verification is

	Context  []Source  // what Jitsi's context is made of; nil: the token's own
	Features []Feature // likewise of its features
}

// A Source says which claim becomes a member of Jitsi's context.
type Source struct {
	Name string // a member of context.user, or "group" or "tenant", which are of context
	Path claim.Path
}

// A Feature is one that a test of the token's claims grants, and denies if it fails.
type Feature struct {
	Name string
	Test claim.Test
}

// The most that a host may name in its configuration.
const (
	MaxSources  = 32
	MaxFeatures = maxMembers
)

// CheckSource says whether a name may be one of [Source], and if not why: what is
// wrong, "; ", and how to mend it.
func CheckSource(name string) error {
	switch {
	case !isMember(name):
		return fmt.Errorf("%w; write a member of Jitsi's context.user, such as name, email, avatar or id", errName)
	case isOfUsher(name) || speaksOfRights(name):
		return errors.New("usher decides that itself; see moderation.moderators and lobby")
	}
	return nil
}

// CheckFeature is the same of a feature's name.
func CheckFeature(name string) error {
	if !isFeature(name) {
		return fmt.Errorf("%w; write a feature of Jitsi's, such as recording, livestreaming, transcription or "+
			"outbound-call", errName)
	}
	return nil
}

var errName = errors.New("it is no name")

// isOfUsher reports whether a member of context.user says what usher decided.
func isOfUsher(name string) bool {
	return name == "moderator" || name == "affiliation" || name == "lobby_bypass"
}

// rightsWords are in the names of members that modules take for rights.
func rightsWords() []string {
	return []string{
		"admin", "affiliation", "bypass", "feature", "grant", "lobby", "moderator", "owner", "permission",
		"privilege", "regex", "rights", "role", "teacher",
	}
}

// speaksOfRights reports whether a module might take a member for a right: what gives
// rights usher alone decides, and in one spelling.
func speaksOfRights(name string) bool {
	folded := strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(name))
	switch folded {
	case "host", "ishost":
		return true
	}
	return slices.ContainsFunc(rightsWords(), func(word string) bool { return strings.Contains(folded, word) })
}

// isMember reports whether a name is one that Prosody can make an element of: some
// releases make one of every member of context.user.
func isMember(name string) bool {
	if name == "" || len(name) > maxName || len(name) > 2 && strings.EqualFold(name[:3], "xml") {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', c == '_':
		case i > 0 && ('0' <= c && c <= '9' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return true
}

// isFeature reports whether a name can be an attribute's value everywhere.
func isFeature(name string) bool {
	return name != "" && len(name) <= maxName && !strings.ContainsFunc(name, func(r rune) bool {
		return !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("_-.:/", r))
	})
}
