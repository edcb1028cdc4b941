package inner

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"

	"usher/auth/claim"
	"usher/internal/strictjson"
)

// FuzzForm: whatever object a token is, what comes out is canonical JSON with the members of the list and no others, each
// of a shape that all of Jitsi's modules can read; it makes a moderator only if usher decided so, and is bounded.
func FuzzForm(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"context":null}`, `{"context":{"user":{"id":7,"name":"A\u0007","a<b":1,"role":"owner","moderator":"true"},"group":[1],` +
			`"features":{"recording":true,"x":1},"room":{"regex":true,"lobby":"true"}},"moderator":true,"room":["a","[t]b"],"sub":"acme"}`,
		`{"sub":"a\nb","room":"x"}`, `{"sub":"a]b","room":"x"}`,
		`{"context":{"user":{"lobby_bypass":"true","x":"\ufffe"},"tenant":"T","room":[]},"role":"x","sub":"*","room":"me+you"}`,
	} {
		f.Add([]byte(s), uint8(0xff), "me+you", "acme")
		f.Add([]byte(s), uint8(0), "", "")
	}
	f.Fuzz(func(t *testing.T, text []byte, switches uint8, room, tenant string) {
		var d strictjson.Document
		if d.Read(text) != nil {
			return
		}
		on := func(i int) bool { return switches&(1<<i) != 0 }
		r := testRules()
		r.Tenants, r.DomainVerification = on(0), on(1)
		if on(2) {
			r.Context = []Source{{"name", claim.Path{"name"}}, {"group", claim.Path{"sub"}}}
			r.Features = []Feature{{"recording", claim.Test{Path: claim.Path{"roles"}, Value: "x"}}}
		}
		facts := Facts{Subject: textOf(&d, "sub"), RoomRegex: on(3), Moderator: on(4), Says: on(4)}
		if n := d.Get("room"); n != nil && n.Kind == '"' {
			facts.Rooms = []string{string(n.Text)}
		}
		form := Read(&d, r, facts, func(string, string) {})
		if on(7) {
			form = form.Plain()
		}
		login := Login{Room: room, Tenant: tenant, Now: time.Unix(1000, 0), Moderator: on(5), Features: on(6), ID: "0123456789abcdef0123456789abcdef"}
		claims := form.Claims(r, login)
		checkClaims(t, claims, r, login)
	})
}

func textOf(d *strictjson.Document, name string) string {
	if n := d.Get(name); n != nil && n.Kind == '"' {
		return string(n.Text)
	}
	return ""
}

// maxClaims is more than any inner token's claims have, in bytes: with its signature it is within the head of a request.
const maxClaims = 6200

func checkClaims(t *testing.T, claims []byte, r *Rules, l Login) {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal(claims, &top); err != nil || len(claims) > maxClaims {
		t.Fatalf("%d bytes, %v: %s", len(claims), err, claims)
	}
	var canonical strings.Builder
	e := json.NewEncoder(&canonical)
	e.SetEscapeHTML(false)
	if err := e.Encode(top); err != nil || len(canonical.String()) < len(claims) {
		t.Errorf("%v: %s is not canonical: %s", err, claims, canonical.String())
	}
	only(t, "", top, "aud", "context", "exp", "iat", "iss", "jti", "lobby_bypass", "moderator", "room", "sub")
	for _, name := range []string{"aud", "iss", "room", "sub"} {
		clean(t, name, top[name])
	}
	if top["exp"] != 1060.0 || top["iat"] != 1000.0 || top["iss"] != "app" {
		t.Errorf("%v", top)
	}
	switches(t, "", top, "moderator", "lobby_bypass")
	if top["moderator"] == true != l.Moderator || top["moderator"] == nil && !l.Features {
		t.Errorf("moderator is %v, decided was %+v", top["moderator"], l)
	}
	if top["context"] == nil {
		return
	}
	context := objectOf(t, "context", top["context"])
	only(t, "context.", context, "features", "group", "room", "tenant", "user")
	for _, name := range []string{"group", "tenant"} {
		if context[name] != nil {
			clean(t, name, context[name])
		}
	}
	checkUser(t, context["user"], l)
	if features, is := context["features"].(map[string]any); !l.Features && (!is || len(features) > 0) {
		t.Error("features that were taken back")
	}
	for name, v := range objectOf(t, "features", context["features"]) {
		if _, ok := v.(bool); !ok {
			clean(t, "features", v)
		}
		clean(t, "a feature", name)
	}
	room := objectOf(t, "room", context["room"])
	for name, v := range room {
		if strings.Contains(strings.ToLower(name), "regex") {
			t.Error("a Lua pattern")
		}
		isElement(t, name, v)
	}
	switches(t, "room.", room, "lobby", "lobby_autostart")
}

func checkUser(t *testing.T, value any, l Login) {
	t.Helper()
	user := objectOf(t, "user", value)
	for name, v := range user {
		isElement(t, name, v)
	}
	switches(t, "user.", user, "moderator", "lobby_bypass")
	if user["moderator"] == true != l.Moderator {
		t.Errorf("user.moderator is %v, decided was %+v", user["moderator"], l)
	}
	switch user["affiliation"] {
	case nil:
	case "owner":
		if !l.Moderator {
			t.Error("an owner that nobody decided")
		}
	case "member":
	default:
		t.Errorf("affiliation is %v", user["affiliation"])
	}
	for _, name := range first() {
		if _, ok := user[name].(bool); ok {
			t.Errorf("%s is a boolean", name)
		}
	}
}

// isElement holds that Prosody can make an element of it.
func isElement(t *testing.T, name string, value any) {
	t.Helper()
	for i, c := range name {
		if !(c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' || i > 0 && (c == '-' || c == '.' || '0' <= c && c <= '9')) {
			t.Errorf("%q is the name of an element", name)
		}
	}
	if _, ok := value.(bool); !ok {
		clean(t, name, value)
	}
}

// clean holds that a value is a text that XML can have.
func clean(t *testing.T, name string, value any) {
	t.Helper()
	s, ok := value.(string)
	if !ok || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' }) {
		t.Errorf("%s is %T %q", name, value, value)
	}
}

func switches(t *testing.T, prefix string, o map[string]any, names ...string) {
	t.Helper()
	for _, name := range names {
		if v, there := o[name]; there {
			if _, ok := v.(bool); !ok {
				t.Errorf("%s%s is %v", prefix, name, v)
			}
		}
	}
}

func only(t *testing.T, prefix string, o map[string]any, names ...string) {
	t.Helper()
	for name := range o {
		known := false
		for _, n := range names {
			known = known || n == name
		}
		if !known {
			t.Errorf("%s%s passes", prefix, name)
		}
	}
}

func objectOf(t *testing.T, name string, v any) map[string]any {
	t.Helper()
	if v == nil {
		return nil
	}
	o, ok := v.(map[string]any)
	if !ok {
		t.Errorf("%s is %T", name, v)
	}
	return o
}
