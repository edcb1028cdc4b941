package inner

import (
	"slices"

	"usher/auth/claim"
	"usher/internal/strictjson"
)

// Facts are what usher found out about the token.
type Facts struct {
	Subject   string   // sub, or empty
	Rooms     []string // the room claim; nil: it has none
	RoomRegex bool     // Rooms are regular expressions
	Moderator bool     // the token makes a moderator
	Says      bool     // a claim that may make one is there
}

// A Note is told of each claim that does not pass as it is, and why. It may be nil.
type Note func(claim, why string)

// Read makes the form of verified claims.
func Read(d *strictjson.Document, r *Rules, f Facts, note Note) *Form {
	form := &Form{moderator: f.Moderator, says: f.Says,
		sub: subject(r, f.Subject), rooms: readRooms(f.Rooms, f.RoomRegex)}
	rd := &reader{Document: d, form: form, note: note, left: maxContext}
	context := d.Get("context")
	form.hasContext = context != nil && context.Kind == '{'
	if r.Context != nil {
		rd.sources(r.Context)
	} else {
		rd.own(context)
	}
	if r.Features != nil {
		rd.tested(r.Features)
	} else if n := d.Member(context, "features"); n != nil {
		rd.features(n)
	}
	if n := d.Member(context, "room"); n != nil {
		rd.room(n)
	}
	rd.rights(d.Member(context, "user"))
	rd.rest(context)
	return form
}

// A reader makes a form.
type reader struct {
	*strictjson.Document
	form *Form
	note Note
	left int // of maxContext
}

func (r *reader) drop(claim, why string) {
	if r.note != nil {
		r.note(claim, why)
	}
}

// own takes the token's own context.user, group and tenant.
func (r *reader) own(context *strictjson.Node) {
	if n := r.Get("user_id"); n != nil && context == nil { // as Jitsi's modules read old tokens
		r.member("id", "user_id", n)
	}
	if user := r.Member(context, "user"); user != nil {
		r.user(user)
	}
	for _, name := range []string{"group", "tenant"} {
		if n := r.Member(context, name); n != nil {
			r.label(name, "context."+name, n)
		}
	}
}

// first are the members that modules take for texts. They are read first: others are
// left out if the context is too long.
func first() []string { return []string{"id", "name", "email", "avatar"} }

func (r *reader) user(user *strictjson.Node) {
	if user.Kind != '{' {
		r.drop("context.user", notObject)
		return
	}
	r.form.hasUser = true
	taken := map[string]bool{}
	for _, name := range first() {
		if n := r.Member(user, name); n != nil {
			r.member(name, "context.user."+name, n)
		}
		taken[name] = true
	}
	r.Members(user, func(name []byte, n *strictjson.Node) {
		if key := string(name); !taken[key] {
			r.member(key, "context.user."+key, n)
		}
	})
}

// sources makes the context of other claims.
func (r *reader) sources(list []Source) {
	for _, s := range list {
		n := r.Get(s.Path...)
		switch {
		case n == nil:
		case s.Name == "group" || s.Name == "tenant":
			r.label(s.Name, s.Path.String(), n)
		default:
			r.form.hasUser = true
			r.member(s.Name, s.Path.String(), n)
		}
	}
}

// member takes one member of context.user.
func (r *reader) member(name, claim string, n *strictjson.Node) {
	switch {
	case isOfUsher(name):
		return // see rights
	case !isMember(name):
		r.drop(claim, notName)
		return
	case speaksOfRights(name):
		r.drop(claim, isRight)
		return
	}
	text, literal, why := scalar(n)
	if why == "" && name == "id" && text == "" {
		why = isEmpty
	}
	literal = literal && !slices.Contains(first(), name)
	if r.put(&r.form.user, name, claim, text, literal, why) {
		switch name {
		case "id":
			r.form.ID = text
		case "name":
			r.form.Name = text
		}
	}
}

// put adds a member unless why says otherwise.
func (r *reader) put(o *object, name, claim, text string, literal bool, why string) bool {
	value := text
	if !literal {
		value = quote(text)
	}
	cost := len(name) + len(value) + len(`"":,`)
	if why == "" && (len(*o) >= maxMembers || cost > r.left) {
		why = tooMany
	}
	if why != "" {
		r.drop(claim, why)
		return false
	}
	r.left -= cost
	*o = append(*o, member{name, value})
	return true
}

// label takes context.group or context.tenant, which are texts.
func (r *reader) label(name, claim string, n *strictjson.Node) {
	text, _, why := scalar(n)
	switch {
	case why != "":
	case text == "":
		why = isEmpty
	case len(text) > maxGroup || len(quote(text)) > r.left:
		why = tooLong
	}
	if why != "" {
		r.drop(claim, why)
		return
	}
	r.left -= len(quote(text))
	if name == "group" {
		r.form.group = quote(text)
	} else {
		r.form.tenant = quote(text)
	}
}

// features takes booleans and texts, as they are: they are rights that the issuer
// gives, and absence has a meaning of its own.
func (r *reader) features(features *strictjson.Node) {
	if features.Kind != '{' {
		r.drop("context.features", notObject)
		return
	}
	r.form.hasFeatures = true
	r.Members(features, func(name []byte, n *strictjson.Node) {
		key := string(name)
		text, literal, why := scalar(n)
		switch {
		case !isFeature(key):
			why = notFeature
		case n.Kind == '0':
			why = notSwitch
		}
		r.put(&r.form.features, key, "context.features."+key, text, literal, why)
	})
}

// tested makes the features of other claims.
func (r *reader) tested(list []Feature) {
	r.form.hasFeatures = true
	for _, f := range list {
		n := r.Get(f.Test.Path...)
		granted := "false"
		if n != nil && f.Test.Holds(r.Document, n) {
			granted = "true"
		}
		r.put(&r.form.features, f.Name, "features."+f.Name, granted, true, "")
	}
}

// room takes context.room. Whether a room has a lobby is said as usher reads it.
func (r *reader) room(room *strictjson.Node) {
	if room.Kind != '{' {
		r.drop("context.room", notObject)
		return
	}
	r.form.hasRoom = true
	r.Members(room, func(name []byte, n *strictjson.Node) {
		key, text, literal, why := string(name), "", true, ""
		switch {
		case key == "regex":
			why = luaPatterns
		case key == "lobby" || key == "lobby_autostart":
			if text = said(n); text == "" {
				why = notSwitch
			}
		case !isMember(key):
			why = notName
		case speaksOfRights(key):
			why = isRight
		default:
			text, literal, why = scalar(n)
		}
		r.put(&r.form.room, key, "context.room."+key, text, literal, why)
	})
}

// rights notes what the token itself says of rights, which passes as usher decided it.
func (r *reader) rights(user *strictjson.Node) {
	for _, n := range []*strictjson.Node{
		r.Get("moderator"), r.Member(user, "moderator"), r.Member(user, "affiliation"),
	} {
		r.form.says = r.form.says || n != nil
	}
	if n := r.Member(user, "lobby_bypass"); n != nil {
		if r.form.bypass = said(n); r.form.bypass == "" {
			r.drop("context.user.lobby_bypass", notSwitch)
		}
	}
}

// said is "true", "false" or, of what is neither, nothing.
func said(n *strictjson.Node) string {
	switch yes, said := claim.Truth(n); {
	case yes:
		return "true"
	case said:
		return "false"
	}
	return ""
}

// rest notes what is named nowhere.
func (r *reader) rest(context *strictjson.Node) {
	if r.note == nil {
		return
	}
	known := func(names ...string) map[string]bool {
		set := map[string]bool{}
		for _, name := range names {
			set[name] = true
		}
		return set
	}
	top := known("iss", "aud", "sub", "exp", "nbf", "iat", "jti", "room", "context", "moderator")
	r.Members(r.Root(), func(name []byte, _ *strictjson.Node) {
		if !top[string(name)] && (string(name) != "user_id" || context != nil) {
			r.drop(string(name), notKnown)
		}
	})
	if context == nil || context.Kind != '{' {
		return
	}
	inside := known("user", "group", "tenant", "features", "room")
	r.Members(context, func(name []byte, _ *strictjson.Node) {
		if !inside[string(name)] {
			r.drop("context."+string(name), notKnown)
		}
	})
}
