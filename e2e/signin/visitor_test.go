package signin

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"usher/e2e/world"
)

// A visitor is a browser without a window: it keeps cookies and goes where it is sent, step by step.
type visitor struct {
	t      *testing.T
	door   *door
	from   string // its address, as nginx of the tests believes it
	client *http.Client
}

// An answer is what a visitor got, and where that leads.
type answer struct {
	status int
	header http.Header
	text   string
	to     *url.URL // nil: nowhere
}

// visitor is one from an address of its own, as limits are of addresses.
func (d *door) visitor(t *testing.T) *visitor {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	d.visitors++
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasSuffix(address, ".example.com:443") {
			address = d.nginx.TLS()
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{t, d, fmt.Sprintf("192.0.2.%d", d.visitors), &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// get asks for an address, and follows nothing.
func (v *visitor) get(address string) answer {
	v.t.Helper()
	return v.do(http.MethodGet, address, nil, nil)
}

func (v *visitor) do(method, address string, form url.Values, header http.Header) answer {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("X-Visitor", v.from)
	maps.Copy(req.Header, header)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	to, err := res.Location()
	if err != nil && !errors.Is(err, http.ErrNoLocation) {
		v.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text), to}
}

// begins asks for a sign-in, and wants to be sent to the provider.
func (v *visitor) begins(query string) answer {
	v.t.Helper()
	a := v.get(origin + "/login?" + query)
	if a.to == nil || !strings.HasPrefix(a.to.String(), v.door.provider.Issuer) {
		v.t.Fatalf("the sign-in leads to %v: %d %s\n%s", a.to, a.status, a.text, v.door.Usher.Log())
	}
	return a
}

// signs signs in at the provider, and returns where the provider sends the visitor, which it has not gone to.
func (v *visitor) signs(a answer, name string) *url.URL {
	v.t.Helper()
	for a.to != nil && strings.HasPrefix(a.to.String(), v.door.provider.Issuer) {
		a = v.get(a.to.String())
	}
	if a.to == nil { // the form; a provider knows its people otherwise
		a = v.do(http.MethodPost, strings.TrimSuffix(v.door.provider.Issuer, "/")+"/signin", url.Values{"id": {formID(v.t, a)}, "do": {"signin"},
			"username": {name}, "password": {password}}, nil)
		for a.to != nil && strings.HasPrefix(a.to.String(), v.door.provider.Issuer) {
			a = v.get(a.to.String())
		}
	}
	if a.to == nil {
		v.t.Fatalf("the provider sends nobody back: %d %s", a.status, a.text)
	}
	return a.to
}

// formID is what the provider's form has of the sign-in.
func formID(t *testing.T, a answer) string {
	t.Helper()
	id := regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(a.text)
	if id == nil {
		t.Fatalf("the provider shows no form: %d %s", a.status, a.text)
	}
	return id[1]
}

// cookies are those that the visitor has for the site.
func (v *visitor) cookies() []*http.Cookie {
	return v.client.Jar.Cookies(&url.URL{Scheme: "https", Host: world.Meet, Path: "/login/callback/"})
}

// keeps puts cookies in the place of those of the site.
func (v *visitor) keeps(cookies []*http.Cookie) { v.keepsFor(origin, cookies) }

func (v *visitor) keepsFor(site string, cookies []*http.Cookie) {
	v.t.Helper()
	u, err := url.Parse(site)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range cookies {
		c.Path, c.Secure = "/", true
	}
	v.client.Jar.SetCookies(u, cookies)
}

// comes is a whole sign-in; it returns where it ends.
func (v *visitor) comes(query, name string) *url.URL {
	v.t.Helper()
	back := v.signs(v.begins(query), name)
	a := v.get(back.String())
	if a.to == nil {
		v.t.Fatalf("the sign-in ends with %d %s\n%s", a.status, a.text, v.door.Usher.Log())
	}
	return a.to
}

// refused wants an answer to be a page that says a reason, and leads nowhere.
func (v *visitor) refused(a answer, reason string) {
	v.t.Helper()
	if a.to != nil || !strings.Contains(a.text, reason) || a.header.Get("Cache-Control") != "no-store" {
		v.t.Errorf("got %d to %v, want %s:\n%s\n%s", a.status, a.to, reason, a.text, v.door.Usher.Log())
	}
}

// tokenOf is the token in an address of the page.
func tokenOf(t *testing.T, page *url.URL) string {
	t.Helper()
	values, err := url.ParseQuery(page.EscapedFragment())
	if err != nil {
		t.Fatal(err)
	}
	var token string
	if err := json.Unmarshal([]byte(values.Get("jwt")), &token); err != nil {
		t.Fatalf("%s has no token: %v", page, err)
	}
	return token
}

// claimsOf is what a token says.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// enters follows a token into a room, and returns role and affiliation.
func (d *door) enters(t *testing.T, token, room string) string {
	t.Helper()
	d.Begin(world.Room(room))
	p := d.Follow(t, world.Link{Token: token, Room: room})
	return p.Meets(world.Room(room))
}
