package main

import "testing"

func TestReadPasted(t *testing.T) {
	const token = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl"
	for text, read := range map[string]string{
		token:                            "",
		"Bearer " + token:                "text Bearer before it",
		"bearer  " + token:               "text Bearer before it",
		"\n " + token + " \r\n":          "white space around it",
		`"` + token + `"`:                "quotes around it",
		"“" + token + "”":                "quotes around it",
		"Authorization: Bearer " + token: "text Authorization: before it, text Bearer before it",
		"https://meet.example.com/standup?jwt=" + token:                     "parameter jwt of a link",
		"<https://m.example/a?jwt=" + token + "#config.x=1>":                "quotes around it, parameter jwt of a link",
		"https://meet.example.com/standup#jwt=%22" + token + "%22":          "parameter jwt of a link",
		"https://meet.example.com/#/standup?token=" + token:                 "parameter token of a link",
		"wss://meet.example.com/xmpp-websocket?room=standup&token=" + token: "parameter token of a link",
		"/http-bind?room=a&token=" + token:                                  "parameter token of a link",
		"'https://meet.example.com/standup?jwt=" + token + "'":              "quotes around it, parameter jwt of a link",
		`{"access_token":"` + token + `","token_type":"Bearer"}`:            "member access_token of a JSON object",
	} {
		p := readPasted(text)
		if p.token != token || p.read != read {
			t.Errorf("%q: %q, %q; want %q", text, p.token, p.read, read)
		}
	}
	for _, text := range []string{"", "-", "{}", "nonsense", "a=b", "https://meet.example.com/standup", "?jwt="} {
		if p := readPasted(text); p.token != text || p.read != "" {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

// A fuzzed text never becomes longer, and what was left out is said.
func FuzzReadPasted(f *testing.F) {
	for _, seed := range []string{"Bearer a.b.c", `"a.b.c"`, "https://h/r?jwt=a.b.c", `{"token":"a.b.c"}`, " a.b.c\n", "#jwt=%22a%22"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := readPasted(text)
		if (p.token == text) != (p.read == "") {
			t.Errorf("%q: %+v", text, p)
		}
		if len(p.token) > 3*len(text) { // a JSON string replaces bytes that are no UTF-8
			t.Errorf("%q became longer: %q", text, p.token)
		}
	})
}
