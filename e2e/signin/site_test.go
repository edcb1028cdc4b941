// Package signin holds the tests of people who sign in at a real OpenID provider: in Chromium, through nginx and usher
// into a room of a real Prosody. The provider is that of package provider.
package signin

import (
	"fmt"
	"os"
	"testing"
	"time"

	"usher/e2e/browser/driver"
	"usher/e2e/provider"
)

func TestMain(m *testing.M) { os.Exit(provider.Main(m)) }

// within is enough for everything that a page does.
const within = driver.Patience

// atOnce is how long what is to come within a second may take on a busy machine. What usher sees only when it looks for
// what is over takes half a minute.
const atOnce = 10 * time.Second

// password is everybody's.
const password = "correct horse battery staple"

// people are whom the provider knows: alice is a moderator by her role.
func people() []provider.User {
	role := func(names ...string) map[string]any { return map[string]any{"roles": names} }
	return []provider.User{
		{ID: "8f14e45f-ceea-467f-a1d1-1c7a6f6b2a01", Name: "alice", Password: password, First: "Алиса", Last: "Müller",
			Email: "alice@example.com", Verified: true, Picture: "https://id.example.com/alice.png",
			Claims: map[string]any{"realm_access": role("moderator", "staff"), "groups": []string{"/staff"}}},
		{ID: "c9f0f895-fb98-4b15-8f5b-7c2b8d3e4f02", Name: "bob", Password: password, First: "Bob", Last: "Builder",
			Email: "bob@example.com", Claims: map[string]any{"realm_access": role("staff"), "groups": []string{"/staff"}}},
		{ID: "45c48cce-2e2d-4fbd-aa1a-fc5197d6b903", Name: "eve", Password: password, First: "Eve", Last: "Else",
			Email: "eve@example.com", Verified: true, Claims: map[string]any{"groups": []string{"/guests"}}},
		{ID: "d3d94468-02a4-4259-b55d-38e6d163e804", Name: "olga", Password: password, First: "Ольга", Last: "Operator",
			Email: "olga@example.com", Verified: true, Claims: map[string]any{"realm_access": role("usher-admin", "staff")}},
	}
}

// fill fills in the provider's form, and sends it.
func fill(t *testing.T, p *driver.Page, name, password string) {
	t.Helper()
	p.Await(t, `document.querySelector("[name=username]")`, within)
	p.Do(t, fmt.Sprintf(`(() => {
		document.querySelector("[name=username]").value = %q;
		document.querySelector("[name=password]").value = %q;
		document.querySelector("button[value=signin]").click();
	})()`, name, password))
}
