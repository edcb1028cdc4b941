package dovecot

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParsePlain(t *testing.T) {
	for message, want := range map[string]login{
		"\x00alice\x00token":            {name: "alice", token: "token"},
		"bob\x00alice\x00token":         {authzid: "bob", name: "alice", token: "token"},
		"\x00ａｄｍｉｎ\x00пароль":           {name: "ａｄｍｉｎ", token: "пароль"},
		"\x00alice\x00":                 {name: "alice"},
		"\x00a\tb\nuser=x\x00t\tresp=y": {name: "a\tb\nuser=x", token: "t\tresp=y"},
	} {
		if got, err := parsePlain(message); err != nil || got != want {
			t.Errorf("%q: got %+v, %v", message, got, err)
		}
	}
	for message, want := range map[string]error{
		"": errNoLogin, "alice": errNULs, "alice\x00token": errNULs, "\x00a\x00b\x00c": errNULs, "\x00a\x00b\x00": errNULs,
		"\x00\x00token": errNoName, "\x00a\xff\x00b": errUTF8, "\x00a\x00\xc0\x80": errUTF8,
	} {
		if got, err := parsePlain(message); err != want || got != (login{}) {
			t.Errorf("%q: got %+v, %v; want %v", message, got, err, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("\x00alice\x00token")
	f.Add("a\x00b\x00c\x00d")
	f.Add("\x00a\xff\x00b")
	f.Fuzz(func(t *testing.T, message string) {
		l, err := parsePlain(message)
		switch {
		case err != nil && l != (login{}):
			t.Fatalf("an error beside %+v", l)
		case err == nil && (l.authzid+"\x00"+l.name+"\x00"+l.token != message || l.name == "" || !utf8.ValidString(message)):
			t.Fatalf("%q was read as %+v", message, l)
		}
	})
}

func TestParseBearer(t *testing.T) {
	for message, want := range map[string]login{
		"n,,\x01auth=Bearer abc\x01\x01":                                                               {token: "abc"},
		"y,,\x01auth=bEARER abc\x01\x01":                                                               {token: "abc"},
		"n,,\x01auth=Bearer   a.b-c_d~e+f/g==\x01\x01":                                                 {token: "a.b-c_d~e+f/g=="},
		"n,a=alice,\x01auth=Bearer abc\x01\x01":                                                        {authzid: "alice", token: "abc"},
		"n,a=a=2Cb=3Dc,\x01auth=Bearer abc\x01\x01":                                                    {authzid: "a,b=c", token: "abc"},
		"n,a=u@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qm==\x01\x01": {authzid: "u@example.com", token: "vF9dft4qm=="},
		"n,,\x01auth=\x01\x01":                                                                         {},
		"n,,\x01x=a\tb\r\n\x01auth=Bearer a\x01\x01":                                                   {token: "a"},
	} {
		if got, err := parseBearer(message); err != nil || got != want {
			t.Errorf("%q: got %+v, %v", message, got, err)
		}
	}
}

func TestParseBearerRefuses(t *testing.T) {
	for message, want := range map[string]error{
		"":                               errPairs,
		"\x01":                           errGS2,
		"n,,":                            errPairs,
		"n,,\x01":                        errPairs,
		"n,,\x01\x01":                    errOneAuth,
		"n,\x01auth=Bearer a\x01\x01":    errGS2,
		",,\x01auth=Bearer a\x01\x01":    errGS2,
		"N,,\x01auth=Bearer a\x01\x01":   errGS2,
		"F,n,,\x01auth=Bearer a\x01\x01": errGS2,
		"p=tls-unique,,\x01auth=Bearer a\x01\x01":       errBinding,
		"n,b=alice,\x01auth=Bearer a\x01\x01":           errGS2,
		"n,alice,\x01auth=Bearer a\x01\x01":             errGS2,
		"n,a=,\x01auth=Bearer a\x01\x01":                errAuthzid,
		"n,a=a=2cb,\x01auth=Bearer a\x01\x01":           errAuthzid,
		"n,a=a=,\x01auth=Bearer a\x01\x01":              errAuthzid,
		"n,a=a,b,\x01auth=Bearer a\x01\x01":             errAuthzid,
		"n,a=a\x00,\x01auth=Bearer a\x01\x01":           errAuthzid,
		"n,a=\xff,\x01auth=Bearer a\x01\x01":            errAuthzid,
		"n,,\x01auth=Bearer a\x01":                      errPairs,
		"n,,\x01auth=Bearer a":                          errPairs,
		"n,,\x01auth=Bearer a\x01\x01x":                 errPairs,
		"n,,\x01auth=Bearer a\x01\x01\x01":              errPairs,
		"n,,\x01auth\x01\x01":                           errPairs,
		"n,,\x01=x\x01auth=Bearer a\x01\x01":            errPairs,
		"n,,\x01k1=x\x01auth=Bearer a\x01\x01":          errPairs,
		"n,,\x01k=\x00\x01auth=Bearer a\x01\x01":        errPairs,
		"n,,\x01k=ü\x01auth=Bearer a\x01\x01":           errPairs,
		"n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01": errOneAuth,
		"n,,\x01auth=\x01auth=Bearer b\x01\x01":         errOneAuth,
		"n,,\x01Auth=Bearer b\x01\x01":                  errOneAuth,
		"n,,\x01auth=Basic a\x01\x01":                   errScheme,
		"n,,\x01auth=Bearer\x01\x01":                    errScheme,
		"n,,\x01auth=Bearer \x01\x01":                   errScheme,
		"n,,\x01auth=Bearer a b\x01\x01":                errScheme,
		"n,,\x01auth=Bearer a\t\x01\x01":                errScheme,
		"n,,\x01auth=Bearer =\x01\x01":                  errScheme,
		"n,,\x01auth=Bearer a=b\x01\x01":                errScheme,
		"n,,\x01auth=Bearer {}\x01\x01":                 errScheme,
	} {
		if got, err := parseBearer(message); err != want || got != (login{}) {
			t.Errorf("%q: got %+v, %v; want %v", message, got, err, want)
		}
	}
}

func printBearer(l login) string {
	header := "n,,"
	if l.authzid != "" {
		header = "n,a=" + strings.NewReplacer(",", "=2C", "=", "=3D").Replace(l.authzid) + ","
	}
	auth := ""
	if l.token != "" {
		auth = "Bearer " + l.token
	}
	return header + "\x01auth=" + auth + "\x01\x01"
}

func FuzzBearer(f *testing.F) {
	f.Add("n,a=a=2Cb=3Dc,\x01host=h\x01auth=Bearer abc\x01\x01")
	f.Add("y,,\x01auth=bearer  a.b.c==\x01\x01")
	f.Add("p=x,,\x01auth=Bearer abc\x01\x01")
	f.Add("n,,\x01auth=\x01\x01")
	f.Fuzz(func(t *testing.T, message string) {
		l, err := parseBearer(message)
		if err != nil {
			if l != (login{}) {
				t.Fatalf("an error beside %+v", l)
			}
			return
		}
		if l.name != "" || strings.ContainsAny(l.token, " \t\r\n\x00\x01") || strings.ContainsAny(l.authzid, "\x00\x01") {
			t.Fatalf("%q was read as %+v", message, l)
		}
		if again, err := parseBearer(printBearer(l)); err != nil || again != l {
			t.Fatalf("%+v became %+v, %v", l, again, err)
		}
	})
}
