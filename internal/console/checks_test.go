package console

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestArrival: the console answers to its own names, over https, or on this machine; others see nothing of it, and may
// not say so themselves.
func TestArrival(t *testing.T) {
	b := newBench(t)
	const none = "" // of a header that is not sent
	for name, c := range map[string]struct {
		header []string
		want   int
	}{
		"its own name":                      {nil, 200},
		"in upper case":                     {[]string{"Host", "Console.Example.COM"}, 200},
		"one of hosts":                      {[]string{"Host", "other.example.com"}, 200},
		"another name":                      {[]string{"Host", "evil.example.com"}, 421},
		"a name below it":                   {[]string{"Host", "x.console.example.com"}, 421},
		"its name with a port":              {[]string{"Host", "console.example.com:8443"}, 421},
		"no name":                           {[]string{"Host", ""}, 421},
		"an address of this network":        {[]string{"Host", "10.0.0.5:9281"}, 421},
		"a name that begins as loopback":    {[]string{"Host", "127.0.0.1.evil.example.com"}, 421},
		"localhost of a stranger":           {[]string{"Host", "localhost.evil.example.com"}, 421},
		"a web server that rewrites Host":   {[]string{"Host", "127.0.0.1:9281"}, 200},
		"plain http":                        {[]string{"X-Forwarded-Proto", "http"}, 403},
		"nothing said of https":             {[]string{"X-Forwarded-Proto", none}, 403},
		"two schemes":                       {[]string{"X-Forwarded-Proto", "https, http"}, 403},
		"https, says a stranger":            {[]string{"Remote", "203.0.113.9:1"}, 403},
		"a tunnel":                          {[]string{"Host", "localhost:7000", "X-Forwarded-Proto", none, "X-Forwarded-For", none}, 200},
		"a tunnel to [::1]":                 {[]string{"Host", "[::1]:7000", "X-Forwarded-Proto", none, "X-Forwarded-For", none}, 200},
		"a tunnel to 127.0.0.1":             {[]string{"Host", "127.0.0.1", "X-Forwarded-Proto", none, "X-Forwarded-For", none}, 200},
		"a web server without https":        {[]string{"Host", "127.0.0.1:9281", "X-Forwarded-Proto", none}, 403},
		"the same, for this machine":        {[]string{"Host", "127.0.0.1:9281", "X-Forwarded-Proto", none, "X-Forwarded-For", "127.0.0.1"}, 200},
		"the same, for nobody can say whom": {[]string{"Host", "127.0.0.1:9281", "X-Forwarded-Proto", none, "X-Forwarded-For", "x"}, 403},
		"plain http, says the server":       {[]string{"Host", "127.0.0.1:9281", "X-Forwarded-Proto", "http", "X-Forwarded-For", none}, 403},
		"for an address, in another header": {[]string{"Host", "localhost", "X-Real-IP", "203.0.113.9", "X-Forwarded-Proto", none, "X-Forwarded-For", none}, 403},
		"for an address, by RFC 7239":       {[]string{"Host", "localhost", "Forwarded", "for=203.0.113.9", "X-Forwarded-Proto", none, "X-Forwarded-For", none}, 403},
		"by a server that is not ours":      {[]string{"Host", "localhost", "Remote", "203.0.113.9:1", "X-Forwarded-For", "127.0.0.1", "X-Forwarded-Proto", none}, 403},
		"over a Unix socket":                {[]string{"Remote", "@"}, 200},
		"over a Unix socket, plain":         {[]string{"Remote", "@", "X-Forwarded-Proto", none}, 403},
		"a page of another site":            {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, 403},
		"the meetings' page reads":          {[]string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, 403},
		"another page in a frame":           {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		"a link on another page":            {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		"its own page":                      {[]string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, 200},
	} {
		w := b.ask("GET", "/enter", "", "", c.header...)
		if w.Code != c.want || (w.Code == 200) != strings.Contains(w.Body.String(), "<form") {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}

// TestEveryAnswerIsGuarded: also errors, redirects, what is refused before anything else, and assets say what a browser
// must not do with them.
func TestEveryAnswerIsGuarded(t *testing.T) {
	b := newBench(t)
	for _, r := range [][]string{{"GET", "/"}, {"GET", "/enter"}, {"GET", "/nothing"}, {"DELETE", "/"}, {"POST", "/enter"},
		{"POST", "/sessions/revoke"}, {"GET", "/style.css"}, {"GET", "/enter", "Host", "evil.example.com"},
		{"GET", "/enter", "X-Forwarded-Proto", "http"}, {"POST", "/enter", "Sec-Fetch-Site", "cross-site"}} {
		h := b.ask(r[0], r[1], "", "", r[2:]...).Header()
		policy := strings.Split(h.Get("Content-Security-Policy"), "; ")
		for _, part := range []string{"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !slices.Contains(policy, part) {
				t.Errorf("%q: %s is not in %q", r, part, policy)
			}
		}
		if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") || h.Get("Referrer-Policy") != "same-origin" ||
			h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" ||
			h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%q: %v", r, h)
		}
	}
}

// TestOtherPagesChangeNothing: a form of another page, of whatever browser, does nothing, also where it is of the same
// site; and where the web server rewrites Host, the console's own page does.
func TestOtherPagesChangeNothing(t *testing.T) {
	b := newBench(t)
	uid := uint32(0)
	secret, _ := b.state.OperatorLink(&uid, "root")
	cookie := b.enter(t, secret)
	for name, c := range map[string]struct {
		header []string
		want   int
	}{
		"its own":                   {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "null"}, 200},
		"its own, an old browser":   {[]string{"Origin", "https://console.example.com"}, 200},
		"where Host is rewritten":   {[]string{"Host", "127.0.0.1:9281", "Origin", "https://console.example.com"}, 200},
		"no browser":                {nil, 200},
		"another site":              {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example.org"}, 403},
		"the meetings' page":        {[]string{"Sec-Fetch-Site", "same-site", "Origin", "https://meet.example.com"}, 403},
		"a link that posts":         {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403},
		"another, an old browser":   {[]string{"Origin", "https://evil.example.org"}, 403},
		"http, an old browser":      {[]string{"Origin", "http://console.example.com:81"}, 403},
		"a sandbox, an old browser": {[]string{"Origin", "null"}, 403},
	} {
		before := b.served.Load()
		w := b.ask("POST", "/sessions/revoke", "a=b", cookie, c.header...)
		if w.Code != c.want || (b.served.Load() > before) != (c.want == 200) {
			t.Errorf("%s: %d, want %d; served: %v", name, w.Code, c.want, b.served.Load() > before)
		}
	}
}

// TestCookies: a session's cookie is no script's, no other page's, and no other name's.
func TestCookies(t *testing.T) {
	b := newBench(t)
	form := func() string {
		secret, _ := b.state.OperatorLink(nil, "root")
		return url.Values{"code": {secret}}.Encode()
	}
	w := b.ask("POST", "/enter", form(), "")
	set := w.Result().Cookies()[0]
	if set.Name != "__Host-usher" || !set.Secure || !set.HttpOnly || set.SameSite != http.SameSiteStrictMode || set.Path != "/" ||
		set.Domain != "" || set.MaxAge != 12*3600 {
		t.Errorf("over https: %+v", set)
	}
	tunnel := []string{"Host", "localhost:9281", "X-Forwarded-Proto", "", "X-Forwarded-For", ""}
	w = b.ask("POST", "/enter", form(), "", tunnel...)
	local := w.Result().Cookies()[0]
	if local.Name != "usher" || local.Secure || !local.HttpOnly || local.SameSite != http.SameSiteStrictMode {
		t.Errorf("over a tunnel: %+v", local)
	}
	for name, cookies := range map[string][]*http.Cookie{
		"the other name":      {{Name: "usher", Value: set.Value}},
		"two of one name":     {set, {Name: set.Name, Value: "x"}},
		"two of the same":     {set, set},
		"another's, shorter":  {{Name: set.Name, Value: set.Value[1:]}},
		"one of other's name": {{Name: set.Name, Value: ""}},
	} {
		var header []string
		var all []string
		for _, c := range cookies {
			all = append(all, c.Name+"="+c.Value)
		}
		if w := b.ask("GET", "/", "", "", append(header, "Cookie", strings.Join(all, "; "))...); w.Code != 303 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := b.ask("GET", "/", "", set.Value); w.Code != 200 {
		t.Errorf("the cookie itself: %d", w.Code)
	}
	// Whoever enters again has left, so that no cookie of before is good.
	b.ask("POST", "/enter", form(), set.Value)
	if w := b.ask("GET", "/", "", set.Value); w.Code != 303 {
		t.Errorf("the cookie of before: %d", w.Code)
	}
}

// TestEnterOnce: a link lets one in; a GET with it does nothing, as previews and histories do; and who fails is held back.
func TestEnterOnce(t *testing.T) {
	b := newBench(t)
	secret, _ := b.state.OperatorLink(nil, "root")
	form := url.Values{"code": {secret}}.Encode()
	plain := b.ask("GET", "/enter", "", "").Body.String()
	for _, path := range []string{"/enter?code=" + secret, "/enter?" + secret} {
		if w := b.ask("GET", path, "", ""); w.Body.String() != plain || len(w.Result().Cookies()) > 0 {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
	if w := b.ask("POST", "/enter?"+form, "a=b", ""); w.Code != 403 {
		t.Errorf("a secret in the address: %d", w.Code)
	}
	if w := b.ask("POST", "/enter", form, ""); w.Code != 303 || w.Header().Get("Location") != "/" {
		t.Errorf("the first time: %d", w.Code)
	}
	w := b.ask("POST", "/enter", form, "")
	if w.Code != 403 || len(w.Result().Cookies()) > 0 || strings.Contains(w.Body.String(), secret) {
		t.Errorf("the second time: %d %s", w.Code, w.Body)
	}
	for range 20 {
		w = b.ask("POST", "/enter", "code=a.b.c", "")
	}
	if w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("after many failures: %d", w.Code)
	}
	for range 20 { // behind a tunnel nobody can keep another out
		w = b.ask("POST", "/enter", "code=a.b.c", "", "Host", "localhost:9281", "X-Forwarded-For", "", "X-Forwarded-Proto", "")
	}
	if w.Code != 403 {
		t.Errorf("after many failures of this machine: %d", w.Code)
	}
	secret, _ = b.state.OperatorLink(nil, "root")
	form = url.Values{"code": {secret}}.Encode()
	if w := b.ask("POST", "/enter", form, ""); w.Code != 429 {
		t.Errorf("the right one after many failures: %d", w.Code)
	}
	if w := b.ask("POST", "/enter", form, "", "X-Forwarded-For", "192.0.2.7, 198.51.100.1"); w.Code != 303 {
		t.Errorf("from elsewhere: %d", w.Code)
	}
}

// TestBodies: a form is read up to a bound, and nothing else is read as one.
func TestBodies(t *testing.T) {
	b := newBench(t)
	secret, _ := b.state.OperatorLink(nil, "root")
	cookie := b.enter(t, secret)
	var parts bytes.Buffer
	m := multipart.NewWriter(&parts)
	file, _ := m.CreateFormFile("list", "list.txt")
	_, _ = file.Write(bytes.Repeat([]byte("x"), usualBytes/2))
	_ = m.Close()
	for name, c := range map[string]struct {
		kind, body string
		want       int
	}{
		"a form":              {"application/x-www-form-urlencoded", "a=b", 200},
		"nothing":             {"", "", 200},
		"a file":              {m.FormDataContentType(), parts.String(), 200},
		"a form of that size": {"application/x-www-form-urlencoded", "a=" + strings.Repeat("x", usualBytes-2), 200},
		"a larger one":        {"application/x-www-form-urlencoded", "a=" + strings.Repeat("x", usualBytes), 413},
		"JSON":                {"application/json", `{"a":"b"}`, 400},
		"text":                {"text/plain", "a=b", 400},
		"no form":             {"application/x-www-form-urlencoded", "a=%zz", 400},
		"a broken file":       {"multipart/form-data", "x", 400},
	} {
		if w := b.ask("POST", "/sessions/revoke", c.body, cookie, "Content-Type", c.kind); w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}

// FuzzHost: nothing but the console's own names and loopback is answered, whatever the Host header looks like.
func FuzzHost(f *testing.F) {
	for _, s := range []string{"console.example.com", "localhost:1", "[::1]", "127.1", "0x7f.1", "evil@localhost", "localhost.", "[::ffff:127.0.0.1]"} {
		f.Add(s)
	}
	c := &settings{Settings: Settings{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
		hosts: map[string]bool{"console.example.com": true}}
	f.Fuzz(func(t *testing.T, host string) {
		r := &http.Request{Host: host, RemoteAddr: "127.0.0.1:1", Header: http.Header{"X-Forwarded-Proto": {"https"}}}
		_, why := c.arrivalOf(r)
		if why != nil || strings.EqualFold(host, "console.example.com") {
			return
		}
		u, err := url.Parse("http://" + host + "/")
		if err != nil {
			return // no browser sends it
		}
		if ip, err := netip.ParseAddr(u.Hostname()); !strings.EqualFold(u.Hostname(), "localhost") && (err != nil || !ip.Unmap().IsLoopback()) {
			t.Errorf("%q is answered", host)
		}
	})
}

// FuzzForwarded: the address that the nearest web server names counts, whatever the browser has said before it; and
// nothing that a browser says counts where no web server is in between.
func FuzzForwarded(f *testing.F) {
	for _, s := range []string{"", "127.0.0.1", "10.0.0.1, 127.0.0.1", "x", "::1", "1.2.3.4:5", ",,", "203.0.113.9\n"} {
		f.Add(s, "http")
	}
	c := &settings{Settings: Settings{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}}}
	nearest := netip.MustParseAddr("203.0.113.9")
	f.Fuzz(func(t *testing.T, said, proto string) {
		r := &http.Request{RemoteAddr: "127.0.0.1:1", Header: http.Header{"X-Forwarded-For": {said, nearest.String() + ", 10.1.1.1"},
			"X-Forwarded-Proto": {proto}}}
		if client, forwarded, got := c.clientOf(r); client != nearest || !forwarded || got != proto {
			t.Errorf("%v %v %q", client, forwarded, got)
		}
		r.RemoteAddr = "203.0.113.9:1"
		r.Header["X-Forwarded-For"] = []string{said}
		if client, forwarded, got := c.clientOf(r); client != nearest || forwarded || got != "" {
			t.Errorf("from a stranger: %v %v %q", client, forwarded, got)
		}
	})
}

// FuzzCode: of a link and of its code the code is found, with whatever space around it.
func FuzzCode(f *testing.F) {
	for _, s := range []string{"abc", "a.b.c", "", "a b", "ä"} {
		f.Add(s, " ", "https://console.example.com/enter")
	}
	f.Fuzz(func(t *testing.T, code, space, link string) {
		if strings.ContainsAny(code, "#") || strings.TrimSpace(code) != code || strings.TrimSpace(space) != "" || strings.Contains(link, "#") {
			return
		}
		for _, pasted := range []string{code, space + code + space, space + link + "#" + code + space} {
			if got := codeOf(pasted); got != code {
				t.Errorf("%q: %q", pasted, got)
			}
		}
	})
}
