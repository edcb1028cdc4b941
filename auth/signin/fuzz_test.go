package signin

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/signin/oidc"
	"usher/internal/jid"
)

func fuzzedHost(t testing.TB) *host {
	t.Helper()
	seal, err := newSealer([][]byte{bytes.Repeat([]byte("a"), 32)})
	if err != nil {
		t.Fatal(err)
	}
	h, err := ready("meet.example.com", HostSettings{
		Provider: oidc.Config{Issuer: "https://id.example.com", ClientID: "meet"},
		URL:      "https://meet.example.com", Pages: []string{"https://meet.example.com", "https://two.example.com/jitsi"},
		Tenants: []string{"*"}, TTL: time.Minute, Schemes: map[string]string{AppMobile: "org.jitsi.meet"},
	}, seal)
	if err != nil {
		t.Fatal(err)
	}
	if h.provider, err = oidc.New(h.Provider, oidc.Options{Now: time.Now, Known: func() {}}); err != nil {
		t.Fatal(err)
	}
	return h
}

// FuzzReturn: whatever a link asks for, the person goes back to one of the pages, by its own host and scheme, below its
// path, to the room that the token is for; and the token is in the fragment alone.
func FuzzReturn(f *testing.F) {
	for _, query := range []string{
		"room=a", "room=%2F%2Fevil.example&tenant=..", `room=R%C3%A4k&state={"config.a":"b","jwt":"x"}`, "room=a&page=https://evil.example",
		"room=%5C%5Cevil&page=https://two.example.com/jitsi/", "state=room%3Da%26config.a%3D1%26ios%3Dtrue", `room=a&state={"android":true,"tenant":"t"}`,
		"room=\r\nx", "room=a&tenant=..&page=https://two.example.com/jitsi", "room=a%00b&tenant=%23", "room=a&nonce=x&console=1&host=y",
	} {
		f.Add(query)
	}
	h := fuzzedHost(f)
	f.Fuzz(func(t *testing.T, query string) {
		w, err := readWish(query)
		if err != nil {
			return
		}
		s, refusal := h.stateFor(&w)
		if refusal != nil {
			if s != nil || refusal.Reason.Undecided() {
				t.Fatalf("%v, %v", s, refusal)
			}
			return
		}
		back, err := url.Parse(h.returnTo(s, "TOKEN"))
		if err != nil {
			t.Fatal(err)
		}
		page := slices.IndexFunc(h.Pages, func(p string) bool {
			u, _ := url.Parse(p)
			return u.Scheme == back.Scheme && u.Host == back.Host && strings.HasPrefix(back.EscapedPath(), u.Path+"/") && p == s.Page
		})
		switch {
		case path.Clean(back.EscapedPath()) != back.EscapedPath() || strings.Contains(strings.ToLower(back.EscapedPath()), "%2e"):
			t.Fatalf("%q leads to %v, which browsers read otherwise", query, back)
		case page < 0 || back.User != nil || back.RawQuery != "" || back.ForceQuery:
			t.Fatalf("%q leads to %v", query, back)
		case !strings.HasPrefix(back.Fragment, `jwt="TOKEN"`) || strings.Count(back.EscapedFragment(), "jwt=") != 1:
			t.Fatalf("%q has the fragment %q", query, back.EscapedFragment())
		case strings.ContainsFunc(back.String(), func(r rune) bool { return r <= ' ' || r >= 0x7f }):
			t.Fatalf("%q: %q", query, back)
		}
		if link := h.appLink(s, "TOKEN"); link != "" && !strings.HasPrefix(link, "org.jitsi.meet://"+back.Host+"/") {
			t.Fatalf("%q leads to %q", query, link)
		}
		r, err := roomOf(s.Room, s.Tenant)
		if err != nil {
			t.Fatal(err)
		}
		claim, err := jid.ReadClaim(r.claim())
		if err != nil || r.claim() == "*" || !claim.Opens(jid.SplitRoom(r.claim())) || r.tenant == "" && len(claim.Names()) != 1 {
			t.Fatalf("%q: the claim %q opens %q (%v)", query, r.claim(), claim.Names(), err)
		}
	})
}

// FuzzCookie: what was not sealed here for this host, name and time is opened by nobody.
func FuzzCookie(f *testing.F) {
	h := fuzzedHost(f)
	begun := time.Unix(1_800_000_000, 0)
	good, err := h.seal.seal(h.name, "login-AAAAAAAA", begun, &state{State: strings.Repeat("A", 22), Room: "a"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(h.name, "login-AAAAAAAA", good)
	f.Add("other.example.com", "login-AAAAAAAA", good)
	f.Add(h.name, "login-AAAAAAAB", good)
	f.Add(h.name, "login-AAAAAAAA", good[:len(good)-1])
	f.Add(h.name, "login-AAAAAAAA", "AAAAAGtJ0gE"+good[11:])
	f.Add(h.name, "login-AAAAAAAA", good+"=")
	f.Fuzz(func(t *testing.T, host, name, value string) {
		var s state
		at, err := h.seal.open(host, name, value, &s)
		_ = begunAt(value)
		switch { // another process of the fuzzer seals the good one anew
		case value == good && (err == nil) != (host == h.name && name == "login-AAAAAAAA"):
			t.Fatalf("%q %q: %v", host, name, err)
		case err == nil && (host != h.name || name != "login-AAAAAAAA" || !at.Equal(begun) || s.Room != "a"):
			t.Fatalf("%q %q %q: %v %+v", host, name, value, at, s)
		case err != nil && (s != state{} || !at.IsZero()):
			t.Fatalf("%+v", s)
		}
	})
}

// FuzzCallback: no answer without a cookie of this door signs anybody in, or asks the provider.
func FuzzCallback(f *testing.F) {
	for _, query := range []string{"", "state=x&code=y", "state=AAAAAAAAAAAAAAAAAAAAAA&code=c", "error=access_denied&state=AAAAAAAAAAAAAAAAAAAAAA", "a=%zz", "state=a;b"} {
		f.Add(query, "login-AAAAAAAA=x")
	}
	h := fuzzedHost(f)
	f.Fuzz(func(t *testing.T, query, cookie string) {
		r := httptest.NewRequest("GET", "/login/callback/meet.example.com", nil)
		r.URL.RawQuery = query
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		q := &request{Server: &Server{Options: Options{Now: time.Now}, rates: newRates()}, w: w, r: r}
		s, answer, refusal := q.resume(t.Context(), h)
		if s != nil || answer != nil || refusal == nil || refusal.Reason != auth.ReasonSignInState || len(w.Result().Cookies()) > 0 {
			t.Fatalf("%q: %v %v %v", query, s, answer, refusal)
		}
	})
}

// TestUsedIsBounded: a state is used once; one network cannot take the places of all; and nothing is forgotten too early.
func TestUsedIsBounded(t *testing.T) {
	var u used
	now := time.Unix(1_800_000_000, 0)
	from := netip.MustParsePrefix("192.0.2.1/32")
	for i := range maxUsedOfOne {
		if err := u.take(fmt.Sprint("state", i), from, now.Add(stateLasts), now); err != nil {
			t.Fatal(err)
		}
	}
	if err := u.take("x", from, now.Add(stateLasts), now); err != errUsedFull {
		t.Error(err)
	}
	if err := u.take("x", netip.MustParsePrefix("192.0.2.2/32"), now.Add(stateLasts), now); err != nil {
		t.Error(err)
	}
	late := now.Add(stateLasts - time.Second)
	if err := u.take("state0", netip.Prefix{}, now.Add(stateLasts), late); err != errUsed {
		t.Error(err)
	}
	if err := u.take("y", from, late.Add(stateLasts), late.Add(sweepEvery)); err != nil || len(u.until) != 1 || len(u.of) != 1 {
		t.Errorf("%v, %d of %d networks are left", err, len(u.until), len(u.of))
	}
}

// TestUsedOfManyNetworks: one customer, who has thousands of networks of IPv6, leaves others their places.
func TestUsedOfManyNetworks(t *testing.T) {
	var u used
	now := time.Unix(1_800_000_000, 0)
	taken := 0
	network := func(n, i int) netip.Prefix {
		return netip.MustParsePrefix(fmt.Sprintf("2001:db8:%x:%x::/64", n, i))
	}
	for n := range 8 {
		for i := range maxUsed / 8 {
			if u.take(fmt.Sprint(n, " ", i), network(n, i), now.Add(stateLasts), now) == nil {
				taken++
			}
		}
		if n == 0 && taken != maxUsedOf48 || taken > maxUsedOf32 {
			t.Fatalf("%d are taken", taken)
		}
	}
	for _, other := range []string{"2001:db9::/64", "192.0.2.1/32"} {
		if err := u.take(other, netip.MustParsePrefix(other), now.Add(stateLasts), now); err != nil {
			t.Errorf("of another customer, %s: %v", other, err)
		}
	}
	late := now.Add(stateLasts)
	if err := u.take("late", network(0, 0), late.Add(stateLasts), late); err != nil || len(u.until) != 1 || len(u.of) != 3 {
		t.Errorf("%v, %d of %d networks are left", err, len(u.until), len(u.of))
	}
}
