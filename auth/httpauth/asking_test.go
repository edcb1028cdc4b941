package httpauth

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"usher/auth/authtest"
)

// TestWhoMayAsk: everything that is not admitted is refused before any login
// is decided.
func TestWhoMayAsk(t *testing.T) {
	token := authtest.Token(t, authtest.Claims(host, nil))
	for door, ask := range asks {
		for what, row := range map[string]struct {
			change func(*call)
			status int
		}{
			"no secret": {func(c *call) {
				c.url = strings.ReplaceAll(c.url, "&key="+secret, "")
				if door == DoorHTTP {
					c.header.Del("Authorization")
				}
			}, 401},
			"a wrong secret": {func(c *call) {
				c.url = strings.ReplaceAll(c.url, secret, "0"+secret[:31]+"x")
				if door == DoorHTTP {
					c.header.Set("Authorization", basicAuth("prosody", secret+"x"))
				}
			}, 401},
			"an empty secret": {func(c *call) {
				c.url = strings.ReplaceAll(c.url, secret, "")
				if door == DoorHTTP {
					c.header.Set("Authorization", "Bearer ")
				}
			}, 401},
			"Origin":           {func(c *call) { c.set("Origin", "https://evil.example") }, 403},
			"an empty Origin":  {func(c *call) { c.set("Origin", "") }, 403},
			"Sec-Fetch-Site":   {func(c *call) { c.set("Sec-Fetch-Site", "same-origin") }, 403},
			"Sec-Fetch-Mode":   {func(c *call) { c.set("Sec-Fetch-Mode", "no-cors") }, 403},
			"another Host":     {func(c *call) { c.host = "evil.example" }, 421},
			"another port":     {func(c *call) { c.host = "door:8281" }, 421},
			"Host with a name": {func(c *call) { c.host = "x.door:8280" }, 421},
			"two Authorizations": {func(c *call) {
				c.set("Authorization", basicAuth("a", secret))
				c.header["Authorization"] = append(c.header["Authorization"], "Bearer "+secret)
			}, 400},
		} {
			w := newWorld(t)
			c := ask("alice", token, host)
			row.change(&c)
			got := c.do(w)
			if expectNo(t, door+": "+what, got); got.Code != row.status {
				t.Errorf("%s: %s: %d, want %d", door, what, got.Code, row.status)
			}
			if strings.Contains(w.log.String(), "login") {
				t.Errorf("%s: %s: a login was decided: %s", door, what, w.log.String())
			}
		}
	}
}

func (c *call) set(name, value string) {
	if c.header == nil {
		c.header = http.Header{}
	}
	c.header[http.CanonicalHeaderKey(name)] = []string{value}
}

// TestUsersHeaderIsNoSecret: where Authorization is the user's, the door's
// secret in it admits no request.
func TestUsersHeaderIsNoSecret(t *testing.T) {
	w := newWorld(t)
	for _, c := range []call{
		{method: "GET", url: "/auth/basic?host=" + host},
		{method: "GET", url: "/auth/oauth/userinfo?host=" + host},
		{method: "POST", url: "/auth/ticket?host=" + host},
	} {
		for _, header := range []string{basicAuth("prosody", secret), "Bearer " + secret} {
			c.set("Authorization", header)
			if got := c.do(w); got.Code != 401 {
				t.Errorf("%s with %q: %d", c.url, header, got.Code)
			}
		}
	}
	for _, header := range []string{basicAuth("anybody", secret), "Bearer " + secret, "bearer  " + secret} {
		c := call{method: "GET", url: "/auth/http/user_exists?user=alice&server=" + host}
		c.set("Authorization", header)
		if got := c.do(w); got.Code != 404 {
			t.Errorf("with %q: %d", header, got.Code)
		}
	}
}

func TestStrictRequests(t *testing.T) {
	w := newWorld(t)
	token := authtest.Token(t, authtest.Claims(host, nil))
	check, query := "/auth/http/check_password?key="+secret, "&"+form("user", "alice", "server", host, "pass", token)
	jsonURL := "/auth/json?host=" + host + "&key=" + secret
	tokenURL := "/auth/oauth/token?host=" + host + "&key=" + secret
	grant := form("grant_type", "password", "username", "alice", "password", token)
	for what, row := range map[string]struct {
		c      call
		status int
	}{
		"a duplicate":            {call{method: "GET", url: check + query + "&user=alice"}, 400},
		"a duplicate key":        {call{method: "GET", url: check + query + "&key=" + secret}, 401},
		"an unknown parameter":   {call{method: "GET", url: check + query + "&x=1"}, 400},
		"a semicolon":            {call{method: "GET", url: check + query + ";x=1"}, 400},
		"a bad escape":           {call{method: "GET", url: check + query + "&x=%zz"}, 400},
		"not UTF-8":              {call{method: "GET", url: check + query + "&x=%ff"}, 400},
		"no user":                {call{method: "GET", url: check + "&server=" + host + "&pass=" + token}, 400},
		"another method":         {call{method: "POST", url: check + query}, 405},
		"HEAD":                   {call{method: "HEAD", url: check + query}, 405},
		"another path":           {call{method: "GET", url: "/auth/nothing?key=" + secret}, 404},
		"a longer path":          {call{method: "GET", url: "/auth/basic/?key=" + secret}, 404},
		"register":               {call{method: "POST", url: "/auth/http/register?key=" + secret, body: "user=a&pass=b"}, 501},
		"set_password":           {call{method: "POST", url: "/auth/http/set_password?key=" + secret}, 501},
		"remove_user":            {call{method: "GET", url: "/auth/http/remove_user?key=" + secret}, 501},
		"JSON twice":             {call{method: "POST", url: jsonURL, body: `{"username":"bob","username":"alice","password":"` + token + `"}`}, 400},
		"JSON in another case":   {call{method: "POST", url: jsonURL, body: `{"Username":"alice","Password":"` + token + `"}`}, 400},
		"JSON and more":          {call{method: "POST", url: jsonURL, body: object("username", "alice", "password", token) + "{}"}, 400},
		"JSON with more":         {call{method: "POST", url: jsonURL, body: object("username", "alice", "password", token, "x", "y")}, 400},
		"JSON of another type":   {call{method: "POST", url: jsonURL, body: `{"username":["alice"],"password":"` + token + `"}`}, 400},
		"JSON without name":      {call{method: "POST", url: jsonURL, body: object("password", token)}, 400},
		"no JSON":                {call{method: "POST", url: jsonURL, body: "true"}, 400},
		"a long body":            {call{method: "POST", url: jsonURL, body: strings.Repeat(" ", 128<<10) + "{}"}, 400},
		"another grant":          {call{method: "POST", url: tokenURL, body: strings.Replace(grant, "=password&", "=client_credentials&", 1)}, 400},
		"a grant twice":          {call{method: "POST", url: tokenURL, body: grant + "&username=bob"}, 400},
		"a grant with more":      {call{method: "POST", url: tokenURL, body: grant + "&user=bob"}, 400},
		"Basic without password": {call{method: "GET", url: "/auth/basic?key=" + secret, header: http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("alice"))}}}, 400},
		"Bearer at basic":        {call{method: "GET", url: "/auth/basic?key=" + secret, header: http.Header{"Authorization": {"Bearer " + token}}}, 400},
		"Bearer alone":           {call{method: "GET", url: "/auth/oauth/userinfo?key=" + secret, header: http.Header{"Authorization": {"Bearer"}}}, 400},
		"Basic at userinfo":      {call{method: "GET", url: "/auth/oauth/userinfo?key=" + secret, header: http.Header{"Authorization": {basicAuth("alice", token)}}}, 400},
	} {
		got := row.c.do(w)
		if expectNo(t, what, got); got.Code != row.status {
			t.Errorf("%s: %d %s, want %d", what, got.Code, got.Body, row.status)
		}
	}
	if log := w.log.String(); strings.Count(log, "reason=malformed_request") < 15 || strings.Count(log, "reason=unsupported_request") != 4 {
		t.Errorf("not every request is counted:\n%s", log)
	}
}
