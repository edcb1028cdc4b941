package signin

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/e2e/provider"
	"usher/e2e/world"
)

const other = "other.example.com"

// attacked is a door for two hosts at one provider, which people attack side by side.
func attacked(t *testing.T) *door {
	t.Helper()
	otherHost := "  " + other + ":\n    muc: [conference." + other + "]\n    guests: [guest." + other + "]\n" +
		"    relay: {app_id: another, secret_file: " + secretFile(t, strings.Repeat("fedcba9876543210", 4)) + "}\n"
	d := open(t, world.AnyVersion(t), option{provider: provider.Config{Says: true},
		login: `, rooms: ["team-*", "standup"], who: ["realm_access.roles=staff"]`, host: otherHost, both: true})
	return d
}

// TestAttacks: what strangers and people who have signed in try at a sign-in.
func TestAttacks(t *testing.T) {
	t.Parallel()
	d := attacked(t)
	for name, attack := range map[string]func(t *testing.T, d *door, v *visitor){
		"an answer twice":          twice,
		"nobody's answer":          nobodys,
		"another's answer":         anothers,
		"another's code":           anothersCode,
		"another host's address":   anotherHost,
		"another provider's name":  anotherProvider,
		"a changed cookie":         changedCookie,
		"other places":             otherPlaces,
		"other rooms":              otherRooms,
		"a sign-out by others":     foreignSignOut,
		"people who may not":       whoMayNot,
		"an answer that says no":   refusedThere,
		"an old tab among several": severalTabs,
		"a flood":                  flood,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attack(t, d, d.visitor(t))
		})
	}
}

func twice(t *testing.T, d *door, v *visitor) {
	back := v.signs(v.begins("room=standup"), "alice").String()
	jar := maps.Collect(func(yield func(string, *http.Cookie) bool) {
		for _, c := range v.cookies() {
			yield(c.Name, c)
		}
	})
	if a := v.get(back); a.to == nil {
		t.Fatalf("the first time leads nowhere: %s", a.text)
	}
	v.refused(v.get(back), "sign_in_state")
	v.keeps(slices.Collect(maps.Values(jar))) // as somebody does who has copied them
	v.refused(v.get(back), "sign_in_state")
}

func nobodys(t *testing.T, d *door, v *visitor) {
	v.refused(v.get(callback+"?code=x&state="+strings.Repeat("A", 43)), "sign_in_state")
	v.refused(v.get(callback), "sign_in_state")
}

// Somebody has others open the end of a sign-in of its own (RFC 6749, section 10.12).
func anothers(t *testing.T, d *door, v *visitor) {
	mallory := d.visitor(t)
	back := mallory.signs(mallory.begins("room=standup"), "bob")
	v.begins("room=standup")
	v.refused(v.get(back.String()), "sign_in_state")
}

// Somebody puts a code that was meant for another into the answer to a sign-in of its own: PKCE and nonce are not its.
func anothersCode(t *testing.T, d *door, v *visitor) {
	victim := d.visitor(t)
	stolen := victim.signs(victim.begins("room=standup"), "alice").Query().Get("code")
	back := v.signs(v.begins("room=standup"), "bob")
	q := back.Query()
	q.Set("code", stolen)
	back.RawQuery = q.Encode()
	v.refused(v.get(back.String()), "sign_in_refused")
}

func anotherHost(t *testing.T, d *door, v *visitor) {
	back := v.signs(v.begins("room=standup"), "alice")
	back.Host = other
	back.Path = "/login/callback/" + other
	v.keepsFor("https://"+other, v.cookies())
	v.refused(v.get(back.String()), "sign_in_state")
	back.Host = world.Meet
	v.refused(v.get(back.String()), "sign_in_state")
}

func anotherProvider(t *testing.T, d *door, v *visitor) {
	for _, iss := range []string{"https://evil.example.com", ""} {
		back := v.signs(v.begins("room=standup"), "alice")
		q := back.Query()
		if q.Del("iss"); iss != "" {
			q.Set("iss", iss)
		}
		back.RawQuery = q.Encode()
		v.refused(v.get(back.String()), "sign_in_state")
	}
}

func changedCookie(t *testing.T, d *door, v *visitor) {
	back := v.signs(v.begins("room=standup"), "alice")
	cookies := v.cookies()
	if len(cookies) != 1 {
		t.Fatalf("the browser has %d cookies of it", len(cookies))
	}
	c := *cookies[0]
	last := byte('A')
	if c.Value[len(c.Value)-2] == 'A' {
		last = 'B'
	}
	c.Value = c.Value[:len(c.Value)-2] + string(last) + c.Value[len(c.Value)-1:]
	v.keeps([]*http.Cookie{&c})
	v.refused(v.get(back.String()), "sign_in_state")
}

// Nobody is sent, with a token, to what is no page of the host.
func otherPlaces(t *testing.T, d *door, v *visitor) {
	for _, page := range []string{"https://evil.example.com", "//evil.example.com", origin + ".evil.example.com",
		origin + "@evil.example.com", "javascript:alert(1)", "http://" + world.Meet} {
		v.refused(v.get(origin+"/login?room=standup&page="+url.QueryEscape(page)), "malformed_request")
	}
	for _, room := range []string{"//evil.example.com", "../..", "\\evil.example.com", "standup?x", "standup#x"} {
		a := v.get(origin + "/login?room=" + url.QueryEscape(room))
		if a.to != nil && !strings.HasPrefix(a.to.String(), d.provider.Issuer) {
			t.Errorf("room %q leads to %s", room, a.to)
		}
	}
	ends := v.comes("room=standup&state="+url.QueryEscape(`{"config.a":"#jwt=x","jwt":"y","room":"team-x","x":1}`), "alice")
	if ends.Scheme+"://"+ends.Host != origin || ends.Path != "/standup" || strings.Count(ends.EscapedFragment(), "jwt=") != 1 {
		t.Errorf("it ends at %s", ends)
	}
}

// A token is for the room that was asked for, by its name, and not for what the configuration leaves out.
func otherRooms(t *testing.T, d *door, v *visitor) {
	for _, query := range []string{"room=*", "room=", "", "room=board", "room=standup&tenant=acme",
		"room=standup&room=team-a", "room=%5Bacme%5Dstandup", "room=standup&tenant=*"} {
		a := v.get(origin + "/login?" + query)
		if a.to != nil {
			t.Errorf("%s leads to %s", query, a.to)
		}
	}
	if claims := claimsOf(t, tokenOf(t, v.comes("room=team-.*%7Cx", "alice"))); claims["room"] != "team-.*%7cx" {
		t.Errorf("a pattern in a link becomes %v", claims["room"])
	}
	token := tokenOf(t, v.comes("room=Team-%C3%84", "alice"))
	claims := claimsOf(t, token)
	lives := claims["exp"].(float64) - claims["iat"].(float64)
	if claims["room"] != "team-%c3%a4" || claims["iss"] != "usher-login" || lives != 900 {
		t.Errorf("the token says %v", claims)
	}
	user := claims["context"].(map[string]any)["user"].(map[string]any)
	if user["name"] != "Алиса Müller" || user["email"] != "alice@example.com" ||
		user["avatar"] != "https://id.example.com/alice.png" || !strings.HasSuffix(user["id"].(string), people()[0].ID) {
		t.Errorf("the token says of her %v", user)
	}
	bob := d.visitor(t)
	if user := claimsOf(t, tokenOf(t, bob.comes("room=standup", "bob")))["context"].(map[string]any)["user"]; user.(map[string]any)["email"] != nil {
		t.Errorf("the token has an address that nobody has verified: %v", user)
	}
	d.Begin(world.Room("standup"))
	p := d.Follow(t, world.Link{Token: token, Room: "standup"})
	p.IsRefused(world.Room("standup"), "not-allowed")
}

func foreignSignOut(t *testing.T, d *door, v *visitor) {
	token := tokenOf(t, v.comes("room=team-out", "alice"))
	d.Begin(world.Room("team-out"))
	p := d.Follow(t, world.Link{Token: token, Room: "team-out"})
	p.Meets(world.Room("team-out"))
	for _, header := range []http.Header{
		{"Origin": {"https://evil.example.com"}, "Sec-Fetch-Site": {"cross-site"}},
		{"Origin": {"https://" + other}, "Sec-Fetch-Site": {"same-site"}},
		{"Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}},
	} {
		if a := v.do(http.MethodPost, origin+"/login/logout", url.Values{}, header); a.status != http.StatusForbidden {
			t.Errorf("%v gets %d", header, a.status)
		}
	}
	v.get(origin + "/login/logout")
	if err := p.Ping(world.Within(t), world.Meet); err != nil {
		t.Errorf("others have ended the session: %v", err)
	}
}

// Who may not learns so, and gets nothing.
func whoMayNot(t *testing.T, d *door, v *visitor) {
	v.refused(v.get(v.signs(v.begins("room=standup"), "eve").String()), "sign_in_not_allowed")
}

func refusedThere(t *testing.T, d *door, v *visitor) {
	a := v.get(v.begins("room=standup").to.String())
	for a.to != nil {
		a = v.get(a.to.String())
	}
	a = v.do(http.MethodPost, d.provider.Issuer+"/signin", url.Values{"id": {formID(t, a)}, "do": {"cancel"}}, nil)
	v.refused(v.get(a.to.String()+"&iss="+url.QueryEscape(d.provider.Issuer)), "sign_in_refused")
}

// Five tabs may sign in at once; the oldest of more has to begin anew.
func severalTabs(t *testing.T, d *door, v *visitor) {
	var begun []answer
	for range 6 {
		begun = append(begun, v.begins("room=standup"))
		time.Sleep(1100 * time.Millisecond) // a cookie knows its second
	}
	if a := v.get(v.signs(begun[5], "alice").String()); a.to == nil {
		t.Errorf("the newest leads nowhere: %s", a.text)
	}
	v.refused(v.get(v.signs(begun[0], "alice").String()), "sign_in_state")
}

// A flood of answers from one address is slowed down there, and nowhere else.
func flood(t *testing.T, d *door, v *visitor) {
	slowed, begun := 0, time.Now()
	for range 40 {
		if a := v.get(callback + "?code=x&state=" + strings.Repeat("A", 22)); a.status == http.StatusTooManyRequests {
			slowed++
		}
	}
	took := time.Since(begun)
	if least := max(1, 19-int(took/(3*time.Second))); slowed < least { // 20 a minute
		t.Errorf("%d of 40 answers are slowed down, which took %v", slowed, took)
	}
	d.visitor(t).comes("room=standup", "alice")
}
