package inner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Form is the normal form of one token: all that its inner tokens say but for the
// times and what depends on the login. It holds no part of the token's signature.
type Form struct {
	// ID and Name are context.user's, for people; or empty.
	ID, Name string

	user, features, room          object
	hasUser, hasFeatures, hasRoom bool
	hasContext                    bool
	group, tenant                 string // as JSON, or empty

	moderator, says bool // what usher decided; whether the token says anything of it
	bypass          string
	sub             string
	rooms           roomNames
}

// Anonymous is the form of a login without a token, where the host lets it start
// rooms: it opens every room and is nobody.
func Anonymous() *Form { return &Form{sub: all, rooms: roomNames{many: true}} }

// A Login is what of an inner token depends on the login.
type Login struct {
	Room, Tenant string // of the address: room= and prefix=, or empty
	Now          time.Time

	// ID is the jti, the thumbprint of the token that the login has; or empty. With it no
	// two people's inner tokens are alike: modules tell tokens apart by their text, and
	// mod_muc_auth_ban keeps a list of those that it bans.
	ID string

	Moderator bool // what the account is now

	// Features says that the token's features count. Without it the inner token denies
	// all: a person whose rights were taken back would go on recording by them. It does
	// not leave them out, as mod_jitsi_permissions gives all features to a session without
	// any that is sent its own presence as a moderator, if that is an old one as well.
	Features bool
}

// Moderator reports whether usher decided that the token makes a moderator.
func (f *Form) Moderator() bool { return f.moderator }

// Plain is the form without what the token grants: it makes no moderator, passes no
// lobby, and denies every feature.
func (f *Form) Plain() *Form {
	plain := *f
	plain.moderator, plain.says, plain.bypass = false, true, ""
	plain.features, plain.hasFeatures = nil, true
	return &plain
}

// Rights is what an inner token grants and denies, to be compared with another's of the
// same person: Prosody keeps it with the stream.
func (f *Form) Rights(l Login) string {
	features, _ := f.featuresOf(l)
	sum := sha256.Sum256(fmt.Appendf(nil, "%t %q %s", l.Moderator, f.bypass, features))
	return hex.EncodeToString(sum[:8])
}

// Claims returns the claims of an inner token, as canonical JSON: members in the order
// of their names, without white space.
func (f *Form) Claims(r *Rules, l Login) []byte {
	says := f.says || f.moderator || l.Moderator || !l.Features
	top := object{
		{"aud", quote(r.Audience)},
		{"exp", strconv.FormatInt(l.Now.Add(r.TTL).Unix(), 10)},
		{"iat", strconv.FormatInt(l.Now.Unix(), 10)},
		{"iss", quote(r.Issuer)},
		{"room", quote(f.rooms.claim(r, f.sub, l.Room, l.Tenant))},
		{"sub", quote(f.sub)},
	}
	top.addIf(l.ID != "", "jti", quote(l.ID))
	top.addIf(f.bypass != "", "lobby_bypass", f.bypass)
	top.addIf(says, "moderator", strconv.FormatBool(l.Moderator))
	if context, any := f.context(says, l); any {
		top = append(top, member{"context", context.json()})
	}
	return []byte(top.json())
}

// context is Jitsi's own object.
func (f *Form) context(says bool, l Login) (context object, any bool) {
	user := slices.Clone(f.user)
	user.addIf(f.bypass != "", "lobby_bypass", f.bypass)
	if says {
		affiliation := `"member"`
		if l.Moderator {
			affiliation = `"owner"`
		}
		user = append(user, member{"moderator", strconv.FormatBool(l.Moderator)}, member{"affiliation", affiliation})
	}
	context.addIf(f.hasUser || len(user) > 0, "user", user.json())
	context.addIf(f.group != "", "group", f.group)
	context.addIf(f.tenant != "", "tenant", f.tenant)
	features, any := f.featuresOf(l)
	context.addIf(any, "features", features)
	context.addIf(f.hasRoom, "room", f.room.json())
	return context, f.hasContext || len(context) > 0
}

// HasFeatures reports whether the token says what its holder may do.
func (f *Form) HasFeatures() bool { return f.hasFeatures }

// featuresOf is what an inner token says of features, as JSON, if it says anything.
func (f *Form) featuresOf(l Login) (features string, any bool) {
	switch {
	case !l.Features:
		return object{}.json(), true
	case f.hasFeatures:
		return f.features.json(), true
	}
	return "", false
}

// An object is one of JSON, and a member of it has its value as JSON.
type (
	object []member
	member struct{ name, value string }
)

func (o *object) addIf(there bool, name, value string) {
	if there {
		*o = append(*o, member{name, value})
	}
}

// json brings the members into order.
func (o object) json() string {
	o = slices.Clone(o) // a form is shared
	slices.SortFunc(o, func(a, b member) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(m.name))
		b.WriteByte(':')
		b.WriteString(m.value)
	}
	b.WriteByte('}')
	return b.String()
}
