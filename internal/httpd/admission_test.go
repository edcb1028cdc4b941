package httpd

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const secret = "0123456789abcdef0123456789abcdef"

// served is a handler that says so when it is asked.
func served(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) })
}

// asks is an admitted request, which a row of a test changes.
func asks(query string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/auth?"+query, nil)
	r.Host = "door:8280"
	return r
}

func TestAdmission(t *testing.T) {
	basic := func(password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("any:"+password))
	}
	usual := AdmissionSettings{Secret: secret, Hosts: []string{"Door:8280", "127.0.0.1:8280"}}
	for what, row := range map[string]struct {
		settings *AdmissionSettings
		query    string
		header   string // name: value; several lines
		host     string // another Host
		inURL    bool
		want     int
	}{
		"key":                    {&usual, "key=" + secret, "", "", false, 200},
		"key, in capitals":       {&usual, "key=" + secret, "", "DOOR:8280", false, 200},
		"key, another name":      {&usual, "key=" + secret, "", "127.0.0.1:8280", false, 200},
		"Basic":                  {&usual, "", "Authorization: " + basic(secret), "", false, 200},
		"Bearer":                 {&usual, "", "Authorization: bEARER   " + secret, "", false, 200},
		"key beside a user's":    {&usual, "key=" + secret, "Authorization: Bearer user", "", true, 200},
		"a user's":               {&usual, "", "Authorization: Bearer " + secret, "", true, 401},
		"a user's Basic":         {&usual, "", "Authorization: " + basic(secret), "", true, 401},
		"none":                   {&usual, "", "", "", false, 401},
		"a wrong key":            {&usual, "key=" + secret + "x", "", "", false, 401},
		"a key cut":              {&usual, "key=" + secret[1:], "", "", false, 401},
		"an empty key":           {&usual, "key=", "", "", false, 401},
		"two keys":               {&usual, "key=" + secret + "&key=" + secret, "", "", false, 401},
		"two keys, one elsewise": {&usual, "key=" + secret + "&%6bey=x", "", "", false, 401},
		"another name":           {&usual, "Key=" + secret, "", "", false, 401},
		"a wrong Basic":          {&usual, "", "Authorization: " + basic(secret+"x"), "", false, 401},
		"an empty Bearer":        {&usual, "", "Authorization: Bearer ", "", false, 401},
		"two Authorizations":     {&usual, "key=" + secret, "Authorization: Bearer a\nAuthorization: Bearer b", "", false, 400},
		"Origin":                 {&usual, "key=" + secret, "Origin: https://evil.example", "", false, 403},
		"an empty Origin":        {&usual, "key=" + secret, "Origin: ", "", false, 403},
		"Sec-Fetch-Site":         {&usual, "key=" + secret, "Sec-Fetch-Site: same-origin", "", false, 403},
		"another Host":           {&usual, "key=" + secret, "", "evil.example", false, 421},
		"another port":           {&usual, "key=" + secret, "", "door:8281", false, 421},
		"a longer Host":          {&usual, "key=" + secret, "", "x.door:8280", false, 421},
		"no settings":            {nil, "key=" + secret, "", "", false, 421},
		"no secret":              {&AdmissionSettings{Hosts: usual.Hosts}, "key=", "", "", false, 401},
		"no secret, Basic":       {&AdmissionSettings{Hosts: usual.Hosts}, "", "Authorization: " + basic(""), "", false, 401},
		"insecure":               {&AdmissionSettings{Hosts: usual.Hosts, Insecure: true}, "", "", "", false, 200},
		"insecure, a browser":    {&AdmissionSettings{Hosts: usual.Hosts, Insecure: true}, "", "Origin: null", "", false, 403},
		"insecure, no Host":      {&AdmissionSettings{Insecure: true}, "", "", "", false, 421},
	} {
		var log strings.Builder
		a := &Admission{Name: "HTTP door", Log: slog.New(slog.NewTextHandler(&log, nil)), SecretInURL: func(string) bool { return row.inURL }}
		if row.settings != nil {
			a.Configure(*row.settings)
		}
		r, answer := asks(row.query), httptest.NewRecorder()
		for line := range strings.SplitSeq(row.header, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				r.Header.Add(name, value)
			}
		}
		if row.host != "" {
			r.Host = row.host
		}
		a.Wrap(served("true")).ServeHTTP(answer, r)
		if yes := answer.Body.String() == "true"; answer.Code != row.want || yes != (row.want == 200) {
			t.Errorf("%s: %d %q, want %d", what, answer.Code, answer.Body, row.want)
		}
		if h := answer.Header(); h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || (h.Get("WWW-Authenticate") != "") != (row.want == 401) {
			t.Errorf("%s: %v", what, h)
		}
		logged := strings.Contains(log.String(), "a request to the HTTP door was not admitted")
		if logged != (row.want != 200) || strings.Contains(log.String(), secret) || strings.Contains(log.String(), "evil") {
			t.Errorf("%s: the log says %q", what, log.String())
		}
	}
}

// TestAdmissionWithoutLog: a refusal needs nobody to write it down.
func TestAdmissionWithoutLog(t *testing.T) {
	answer := httptest.NewRecorder()
	(&Admission{}).Wrap(served("true")).ServeHTTP(answer, asks("key="+secret))
	if answer.Code != http.StatusMisdirectedRequest {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// TestBelow: the path alone decides, as it is.
func TestBelow(t *testing.T) {
	h := Below("/muc/", served("rooms"), served("logins"))
	for path, want := range map[string]string{"/muc/join": "rooms", "/muc/": "rooms", "/muc": "logins", "/": "logins", "//muc/join": "logins", "/auth/../muc/join": "logins"} {
		r, answer := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.URL.Path = path
		if h.ServeHTTP(answer, r); answer.Body.String() != want {
			t.Errorf("%s goes to the %s", path, answer.Body)
		}
	}
}

// FuzzKeyOf: a key is what a lenient reader sees, if that sees one.
func FuzzKeyOf(f *testing.F) {
	for _, s := range []string{"", "key=a", "key=a&key=b", "x=1&key=%20b", "%6bey=x", "key=a;b", "key=%zz", "key=%ff", "key", "a=%zz&key=b", "key=%zz&key=b", "key=%ff&key=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		lenient, _ := url.ParseQuery(query) // what can be read, besides an error
		readable, want := slices.DeleteFunc(lenient["key"], func(v string) bool { return !utf8.ValidString(v) }), ""
		if len(readable) == 1 {
			want = readable[0]
		}
		if got := keyOf(query); got != want {
			t.Fatalf("%q: %q, want %q", query, got, want)
		}
	})
}
