package signin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/e2e/world"
	"usher/internal/ports"
)

// TestConsole: who has the role at the provider comes into the console by a sign-in, with a token that opens nothing else;
// a token for a meeting does not open the console.
func TestConsole(t *testing.T) {
	t.Parallel()
	address, err := ports.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, world.AnyVersion(t), option{console: address})
	console := "http://" + address
	v := d.visitor(t)
	if a := v.get(console + "/enter"); !strings.Contains(a.text, "/login?console=1") {
		t.Errorf("the console does not offer the sign-in:\n%s", a.text)
	}
	ends := v.comes("console=1", "olga")
	token := ends.Fragment
	if !strings.HasPrefix(ends.String(), console+"/enter#") {
		t.Fatalf("it ends at %s", ends)
	}
	enter := func(v *visitor, code string) answer {
		return v.do(http.MethodPost, console+"/enter", url.Values{"code": {code}}, http.Header{"Origin": {console}})
	}
	if a := enter(v, token); a.status != http.StatusSeeOther {
		t.Fatalf("the token gets %d\n%s\n%s", a.status, a.text, d.Usher.Log())
	}
	if a := v.get(console + "/"); a.status != http.StatusOK {
		t.Errorf("the first page answers %d", a.status)
	}
	meeting := d.visitor(t)
	if a := enter(meeting, tokenOf(t, meeting.comes("room=standup", "olga"))); a.status == http.StatusSeeOther {
		t.Error("a token for a meeting opens the console")
	}
	if _, err := d.Try(t, world.Link{Token: token, Room: "standup"}); err == nil {
		t.Error("a token for the console logs in")
	}
	alice := d.visitor(t)
	alice.refused(alice.get(alice.signs(alice.begins("console=1"), "alice").String()), "sign_in_not_allowed")
	d.quiet(t)
}
