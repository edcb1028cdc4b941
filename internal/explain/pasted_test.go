package explain

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
		"https://meet.example.com/standup?jwt=" + token: "all of a link but its parameter jwt",
		"<https://m.example/a?jwt=" + token + "#config.x=1>": "quotes around it, all of a link but " +
			"its parameter jwt",
		"https://meet.example.com/standup#jwt=%22" + token + "%22":          "all of a link but its parameter jwt",
		"https://meet.example.com/#/standup?token=" + token:                 "all of a link but its parameter token",
		"wss://meet.example.com/xmpp-websocket?room=standup&token=" + token: "all of a link but its parameter token",
		"/http-bind?room=a&token=" + token:                                  "all of a link but its parameter token",
		"'https://meet.example.com/standup?jwt=" + token + "'": "quotes around it, all of a link but " +
			"its parameter jwt",
		`{"access_token":"` + token + `","token_type":"Bearer"}`: "member access_token of a JSON object",
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

// A link leads to a room as Jitsi's page names it.
func TestRoomOfLink(t *testing.T) {
	for link, want := range map[string][2]string{
		"https://meet.example.com/standup?jwt=a.b.c":                      {"meet.example.com", "standup"},
		"https://meet.example.com:8443/StandUp?jwt=a.b.c":                 {"meet.example.com", "standup"},
		"https://meet.example.com/acme.com/Board%201?jwt=a.b.c":           {"meet.example.com", "[acme_com]board%201"},
		"https://meet.example.com/R%C3%A4k?jwt=a.b.c":                     {"meet.example.com", "r%c3%a4k"},
		"https://meet.example.com/a/b/c?jwt=a.b.c":                        {"meet.example.com", ""},
		"https://meet.example.com/?jwt=a.b.c":                             {"meet.example.com", ""},
		"wss://m.example/xmpp-websocket?room=one&prefix=acme&token=a.b.c": {"m.example", "[acme]one"},
		"wss://m.example/xmpp-websocket?room=one&prefix=&token=a.b.c":     {"m.example", "one"},
		"wss://m.example/xmpp-websocket?token=a.b.c":                      {"m.example", ""},
		"a.b.c": {"", ""},
	} {
		if p := readPasted(link); p.host != want[0] || p.room != want[1] || p.token != "a.b.c" {
			t.Errorf("%s: host %q, room %q, token %q", link, p.host, p.room, p.token)
		}
	}
}
