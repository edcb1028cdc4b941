package inner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/auth/claim"
	"usher/internal/strictjson"
)

const host = "meet.example.com"

func testRules() *Rules {
	return &Rules{Host: host, Issuer: "app", Audience: "app", TTL: time.Minute, Tenants: true, DomainVerification: true}
}

// read makes the form of claims.
func read(t testing.TB, r *Rules, f Facts, text string, note Note) *Form {
	t.Helper()
	var d strictjson.Document
	if err := d.Read([]byte(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return Read(&d, r, f, note)
}

func plainLogin(f *Form) Login {
	return Login{Now: time.Unix(1000, 0), Moderator: f.Moderator(), Features: true}
}

// shown is what the claims say besides what all of them do.
func shown(r *Rules, f *Form, l Login) string {
	return strings.NewReplacer(`"aud":"app",`, "", `"exp":1060,"iat":1000,"iss":"app",`, "").Replace(string(f.Claims(r, l)))
}

// TestContext: each line of the normal form.
func TestContext(t *testing.T) {
	long, links := strings.Repeat("x", maxText+1), strings.Repeat("y", maxText)
	for _, c := range []struct{ name, context, want string }{
		{"nothing", `{}`, `{"room":"*","sub":"meet.example.com"}`},
		{"context that is no object", `{"context":7}`, `{"room":"*","sub":"meet.example.com"}`},
		{"an empty context", `{"context":{}}`, `{"context":{},"room":"*","sub":"meet.example.com"}`},
		{"texts", user(`"id":"u1","name":"Alice","email":"a@b","avatar":"https://x/y?z=1&w=<>"`),
			inUser(`"avatar":"https://x/y?z=1&w=<>","email":"a@b","id":"u1","name":"Alice"`)},
		{"a number", user(`"id":7`), inUser(`"id":"7"`)},
		{"a fraction", user(`"id":70e-1`), inUser(`"id":"7"`)},
		{"a number without end", user(`"id":1e999999`), inUser(``)},
		{"null", user(`"id":null,"name":null`), inUser(``)},
		{"an empty id", user(`"id":"","email":""`), inUser(`"email":""`)},
		{"not ASCII", user(`"id":"иван","name":"Zoë 🚀"`), inUser(`"id":"иван","name":"Zoë 🚀"`)},
		{"a boolean for a text", user(`"id":true,"name":false`), inUser(`"id":"true","name":"false"`)},
		{"a boolean", user(`"hidden-from-recorder":true`), inUser(`"hidden-from-recorder":true`)},
		{"lists and objects", user(`"id":["a"],"name":{"first":"A"},"email":[]`), inUser(``)},
		{"control characters", user(`"name":"A\r\n\u0007B\u009fC","id":"\u0001"`), inUser(`"name":"ABC"`)},
		{"what no XML has", user(`"name":"A\ufffe\uffffB"`), inUser(`"name":"AB"`)},
		{"a long text", user(`"name":"` + long + `","id":"u"`), inUser(`"id":"u"`)},
		{"names that are no XML", user(`"a<b>":"x","1a":"x","a b":"x","":"x","a:b":"x","xmlns":"x","-a":"x","ä":"x"`), inUser(``)},
		{"names that are", user(`"nick.name_1-2":"x","_":7`), inUser(`"_":"7","nick.name_1-2":"x"`)},
		{"user that is no object", `{"context":{"user":"alice"}}`, `{"context":{},"room":"*","sub":"meet.example.com"}`},
		{"user that is null", `{"context":{"user":null}}`, `{"context":{},"room":"*","sub":"meet.example.com"}`},

		{"a group", `{"context":{"group":"staff"}}`, in(`"group":"staff"`)},
		{"a group that is a number", `{"context":{"group":12}}`, in(`"group":"12"`)},
		{"a group that is true", `{"context":{"group":true}}`, in(`"group":"true"`)},
		{"a group that is a list", `{"context":{"group":["a"]}}`, in(``)},
		{"a group that is null or empty", `{"context":{"group":null,"tenant":""}}`, in(``)},
		{"a tenant", `{"context":{"tenant":"acme"}}`, in(`"tenant":"acme"`)},
		{"a tenant that is an object", `{"context":{"tenant":{"a":1}}}`, in(``)},
		{"what is not named", `{"context":{"callee":{"x":1},"role":"owner","moderator":true}}`, in(``)},

		{"features", features(`"recording":true,"livestreaming":"false","outbound-call":"true"`),
			inFeatures(`"livestreaming":"false","outbound-call":"true","recording":true`)},
		{"features of other kinds", features(`"recording":1,"a":null,"b":{},"c":["true"]`), inFeatures(``)},
		{"names of features", features(`"a b":true,"a'b":true,"screen-sharing":true`), inFeatures(`"screen-sharing":true`)},
		{"features that are no object", `{"context":{"features":"recording"}}`, in(``)},
		{"features that are a list", `{"context":{"features":["recording"]}}`, in(``)},
		{"no features are not made up", `{"context":{"features":null}}`, in(``)},

		{"a room", `{"context":{"room":{"lobby":"true","lobby_autostart":false,"name":"R"}}}`,
			in(`"room":{"lobby":true,"lobby_autostart":false,"name":"R"}`)},
		{"a regular expression", `{"context":{"room":{"regex":true}}}`, in(`"room":{}`)},
		{"its other spellings", `{"context":{"room":{"Regex":true,"REG_EX":true,"role":"x"}}}`, in(`"room":{}`)},
		{"a lobby that is no switch", `{"context":{"room":{"lobby":1,"lobby_autostart":"yes"}}}`, in(`"room":{}`)},
		{"a room that is null", `{"context":{"room":null}}`, in(``)},
		{"a room that is a text", `{"context":{"room":"r"}}`, in(``)},

		{"a user_id without a context", `{"user_id":"u7","role":"x"}`, inUser(`"id":"u7"`)},
		{"a user_id that is a number", `{"user_id":7}`, inUser(`"id":"7"`)},
		{"a user_id that is none", `{"user_id":["a"]}`, `{"room":"*","sub":"meet.example.com"}`},
		{"a user_id beside a context", `{"user_id":"u7","context":{"user":{"name":"A"}}}`, inUser(`"name":"A"`)},
		{"top level", `{"context":7,"role":"owner","owner":true,"admin":1,"user_id":"x","kid":"k","lobby_bypass":true,"nbf":1,"moderator_":true}`,
			`{"room":"*","sub":"meet.example.com"}`},
		{"rights by other names", user(`"role":"owner","Moderator":true,"is_owner":true,"AFFILIATION":"owner","isAdmin":true,` +
			`"lobby-bypass":true,"host":true,"permissions":"all"`), inUser(``)},
		{"too much", user(`"a":"` + links + `","b":"` + links + `","c":"` + links + `","d":"` + links + `","id":"u"`),
			inUser(`"a":"` + links + `","b":"` + links + `","c":"` + links + `","id":"u"`)},
	} {
		f := read(t, testRules(), Facts{Subject: host}, c.context, nil)
		if got := shown(testRules(), f, plainLogin(f)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func user(members string) string     { return `{"context":{"user":{` + members + `}}}` }
func features(members string) string { return `{"context":{"features":{` + members + `}}}` }
func in(members string) string {
	return `{"context":{` + members + `},"room":"*","sub":"meet.example.com"}`
}
func inUser(members string) string { return in(`"user":{` + members + `}`) }
func inFeatures(members string) string {
	return in(`"features":{` + members + `}`)
}

// TestModerator: moderator is what usher decided. Where the token says something of it and usher decided otherwise, the
// inner token says no; where it says nothing, so does the inner token.
func TestModerator(t *testing.T) {
	const denied = `"features":{},`
	yes, no := `"affiliation":"owner","moderator":true`, `"affiliation":"member","moderator":false`
	for _, c := range []struct {
		name, claims    string
		decided, says   bool
		top, inThe      string // moderator, and the members of context.user
		takenBack, user string
	}{
		{"says nothing", `{}`, false, false, ``, ``, `false`, no},
		{"decided", `{"moderator":true}`, true, true, `true`, yes, `false`, no},
		{"by another claim", `{"roles":["x"]}`, true, true, `true`, yes, `false`, no},
		{"a claim of the list says no", `{"roles":[]}`, false, true, `false`, no, `false`, no},
		{"what stock takes and usher does not", `{"context":{"user":{"moderator":"true","affiliation":"teacher"}}}`, false, false, `false`, no, `false`, no},
		{"what no stock takes", `{"moderator":1}`, false, false, `false`, no, `false`, no},
	} {
		f := read(t, testRules(), Facts{Subject: host, Moderator: c.decided, Says: c.says}, c.claims, nil)
		want := func(top, features, user string) string {
			s := `{"room":"*","sub":"meet.example.com"}`
			if top != "" {
				s = fmt.Sprintf(`{"context":{%s"user":{%s}},"moderator":%s,"room":"*","sub":"meet.example.com"}`, features, user, top)
			}
			return s
		}
		if got := shown(testRules(), f, plainLogin(f)); got != want(c.top, "", c.inThe) {
			t.Errorf("%s: got %s, want %s", c.name, got, want(c.top, "", c.inThe))
		}
		if got := shown(testRules(), f, Login{Now: time.Unix(1000, 0)}); got != want(c.takenBack, denied, c.user) {
			t.Errorf("%s, taken back: got %s, want %s", c.name, got, want(c.takenBack, denied, c.user))
		}
	}
}

// TestTakenBack: where rights were taken back all features are denied, also where the token says nothing of them; so they
// are by a token that does not count any more.
func TestTakenBack(t *testing.T) {
	f := read(t, testRules(), Facts{Subject: host, Moderator: true}, `{"context":{"features":{"recording":true},"user":{"lobby_bypass":true}}}`, nil)
	if got := shown(testRules(), f, Login{Now: time.Unix(1000, 0)}); !strings.Contains(got, `"features":{}`) || !strings.Contains(got, `"moderator":false`) {
		t.Errorf("taken back: %s", got)
	}
	got := shown(testRules(), f.Plain(), plainLogin(f.Plain()))
	if !strings.Contains(got, `"features":{}`) || strings.Contains(got, "bypass") || !strings.Contains(got, `"moderator":false`) {
		t.Errorf("plain: %s", got)
	}
	if got := shown(testRules(), f, plainLogin(f)); !strings.Contains(got, `"features":{"recording":true}`) {
		t.Errorf("the form was changed: %s", got)
	}
}

// TestBypass: who passes the lobby is said as usher reads it, and where modules of the community look for it.
func TestBypass(t *testing.T) {
	for value, want := range map[string]string{"true": "true", `"true"`: "true", "false": "false", `"false"`: "false", "1": "", `"yes"`: "", "null": ""} {
		f := read(t, testRules(), Facts{Subject: host}, user(`"lobby_bypass":`+value), nil)
		got, top, inUser := shown(testRules(), f, plainLogin(f)), `"lobby_bypass":`+want+`,"room"`, `"user":{"lobby_bypass":`+want+`}`
		if said := want != ""; strings.Contains(got, "bypass") != said || said && (!strings.Contains(got, top) || !strings.Contains(got, inUser)) {
			t.Errorf("%s: %s", value, got)
		}
	}
}

// TestBuilt: a host may make Jitsi's context out of other claims; the token's own then counts no more.
func TestBuilt(t *testing.T) {
	path := func(s string) claim.Path {
		p, err := claim.ParsePath(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	r := testRules()
	r.Context = []Source{{"name", path("profile.name")}, {"id", path("sub")}, {"group", path("org")}, {"email", path("none")}}
	r.Features = []Feature{{"recording", claim.Test{Path: path("roles"), Value: "recorder"}}, {"livestreaming", claim.Test{Path: path("live")}}}
	f := read(t, r, Facts{Subject: host}, `{"sub":"42","profile":{"name":"Alice"},"org":7,"roles":["recorder"],`+
		`"context":{"user":{"id":"own","avatar":"x"},"group":"own","features":{"recording":false,"outbound-call":true}}}`, nil)
	want := in(`"features":{"livestreaming":false,"recording":true},"group":"7","user":{"id":"42","name":"Alice"}`)
	if got := shown(r, f, plainLogin(f)); got != want || f.ID != "42" || f.Name != "Alice" {
		t.Errorf("got %s (%q, %q)\nwant %s", got, f.ID, f.Name, want)
	}
	for _, name := range []string{"role", "moderator", "affiliation", "lobby_bypass", "a b", "", "xmlns"} {
		if CheckSource(name) == nil {
			t.Errorf("%q may be made of a claim", name)
		}
	}
	if CheckSource("name") != nil || CheckFeature("outbound-call") != nil || CheckFeature("a b") == nil {
		t.Error("names")
	}
}

// TestNotes: what does not pass is told, with its reason, and nothing is told of what does.
func TestNotes(t *testing.T) {
	var got []string
	note := func(claim, why string) { got = append(got, claim+": "+why) }
	read(t, testRules(), Facts{}, `{"iss":"x","exp":1,"role":"owner","context":{"user":{"id":7,"role":"x","a b":1,"groups":[]},`+
		`"callee":1,"features":{"x":1},"room":{"regex":true}}}`, note)
	want := []string{"context.user.role: " + isRight, "context.user.a b: " + notName, "context.user.groups: " + notScalar,
		"context.features.x: " + notSwitch, "context.room.regex: " + luaPatterns, "role: " + notKnown, "context.callee: " + notKnown}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestAnonymous: a login without a token is nobody, and is let into every room.
func TestAnonymous(t *testing.T) {
	if got := shown(testRules(), Anonymous(), plainLogin(Anonymous())); got != `{"room":"*","sub":"*"}` {
		t.Errorf("%s", got)
	}
}
