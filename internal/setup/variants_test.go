package setup

import (
	"strings"
	"testing"
)

// changed are the files of the newest shape with some texts in the place of others: was, now, was, now.
func changed(t *testing.T, name string, texts ...string) memory {
	t.Helper()
	files := shapes[len(shapes)-1].files(true)
	for i := 0; i < len(texts); i += 2 {
		if !strings.Contains(files[name], texts[i]) {
			t.Fatalf("%s has no %q", name, texts[i])
		}
		files[name] = strings.Replace(files[name], texts[i], texts[i+1], 1)
	}
	return files
}

const secretLine = `    app_secret="application secret of acme 0123456789"` + "\n"

// newText returns what a file becomes, or "".
func newText(p *Plan, name string) string {
	for _, c := range p.Changes {
		if c.Path == name {
			return c.New
		}
	}
	return ""
}

// TestTakeOver: each setting of Prosody's has its counterpart in usher's, and does not stand in the way any more. A line
// that begins with - must not be there.
func TestTakeOver(t *testing.T) {
	const usher = ConfigFile
	for name, c := range map[string]struct {
		files memory
		in    string
		want  []string
	}{
		"a key server of Jitsi's": {changed(t, hostFile, secretLine, "    asap_key_server = \"https://keys.example.com/a\"\n"+
			"    asap_accepted_issuers = {\n        \"one\",\n        \"two\"\n    }\n    asap_accepted_audiences = { \"jitsi\" }\n"),
			usher, []string{`asap_url: "https://keys.example.com/a"`, "algorithms: [RS256]", "      one:", "      two:",
				"audience: [jitsi]", "-secret_files", "-insecure_http", "app_id: acme"}},
		"its lines become comments": {changed(t, hostFile, secretLine, "    asap_key_server = \"https://keys.example.com/a\"\n"+
			"    asap_accepted_issuers = {\n        \"one\",\n        \"two\"\n    }\n"),
			hostFile, []string{"    --asap_key_server = ", "    --asap_accepted_issuers = {\n        --\"one\",\n", "    --}\n",
				`    app_secret = "-----BEGIN PUBLIC KEY-----\nAAAA`}},
		"a set of keys": {changed(t, hostFile, secretLine, "    cache_keys_url = \"http://idp:8080/keys\" -- why\n"+
			"    signature_algorithm = 'RS512'\n"),
			usher, []string{`jwks_url: "http://idp:8080/keys"`, "insecure_http: true", "algorithms: [RS512]"}},
		"its algorithm": {changed(t, hostFile, secretLine, "    cache_keys_url = \"http://idp:8080/keys\" -- why\n"+
			"    signature_algorithm = 'RS512'\n"),
			hostFile, []string{`    signature_algorithm = "RS256"`, "    --cache_keys_url", "-RS512"}},
		"a public key": {changed(t, hostFile, secretLine, "    app_secret = [[-----BEGIN PUBLIC KEY-----\nBBBB\n"+
			"-----END PUBLIC KEY-----\n]]\n"),
			hostFile, []string{`    app_secret = "-----BEGIN PUBLIC KEY-----\nAAAA`, "-BBBB"}},
		"a public key in one line": {changed(t, hostFile, secretLine,
			`    app_secret = "-----BEGIN PUBLIC KEY-----\nBBBB\n-----END PUBLIC KEY-----\n"`+"\n"),
			usher, []string{"public_key_files: [/etc/usher/acme.pem]", "algorithms: [RS256]"}},
		"its file": {changed(t, hostFile, secretLine,
			`    app_secret = "-----BEGIN PUBLIC KEY-----\nBBBB\n-----END PUBLIC KEY-----\n"`+"\n"),
			"/etc/usher/acme.pem", []string{"-----BEGIN PUBLIC KEY-----\nBBBB\n-----END PUBLIC KEY-----\n"}},
		"a weak secret": {changed(t, hostFile, "application secret of acme 0123456789", "short"),
			usher, []string{"allow_weak_secret: true"}},
		"a long string": {changed(t, hostFile, `"application secret of acme 0123456789"`, "[[application secret\nof acme 0123456789]]"),
			"/etc/usher/acme.secret", []string{"application secret\nof acme 0123456789\n"}},
		"switches": {changed(t, hostFile, secretLine, secretLine+"    asap_require_room_claim = false\n"+
			"    enable_domain_verification = false;\n    allow_empty_token = true\n"),
			usher, []string{"require_room: false", "subject: any", "domain_verification: false", "guests_start: true"}},
		"logins without a token": {changed(t, hostFile, secretLine, secretLine+"    allow_empty_token = true\n"),
			usher, []string{"guests_start: true", "allow_empty_token: true"}},
		"the lobby's whitelist": {changed(t, hostFile, "-- muc_lobby_whitelist", "muc_lobby_whitelist"),
			usher, []string{"whitelist: [recorder.meet.example.com]"}},
		"a host for guests": {changed(t, hostFile, "Component \"focus.meet", "VirtualHost \"guest.meet.example.com\"\n"+
			"    authentication = \"anonymous\"\n\nComponent \"focus.meet"),
			usher, []string{"guests: [guest.meet.example.com]"}},
		"guests pass the verification": {changed(t, hostFile, "Component \"focus.meet", "VirtualHost \"guest.meet.example.com\"\n"+
			"    authentication = \"anonymous\"\n\nComponent \"focus.meet", "    restrict_room_creation = true",
			"    token_verification_allowlist = { \"recorder.meet.example.com\" }"),
			hostFile, []string{`token_verification_allowlist = { "guest.meet.example.com"; "recorder.meet.example.com" }`}},
		"modules that asked usher": {changed(t, hostFile, "        \"muc_meeting_id\";\n",
			"        \"muc_meeting_id\";\n        \"muc_http_auth\"; -- ours\n        'muc_http_defaults',\n"),
			hostFile, []string{"        --\"muc_http_auth\"; -- ours\n        --'muc_http_defaults',\n"}},
		"waiting for the host": {changed(t, hostFile, "        \"muc_meeting_id\";\n", "        \"muc_wait_for_host\";\n"),
			hostFile, []string{"wait_for_host_disable_auto_owners = true"}},
		"another name for rooms": {changed(t, hostFile, `    main_muc = "conference.`, `    main_muc = "muc.`,
			`Component "conference.`, `Component "muc.`),
			usher, []string{"muc: [muc.meet.example.com]"}},
		"another port": {changed(t, siteName, "127.0.0.1:5280", "127.0.0.1:5555"),
			usher, []string{`upstream: "http://127.0.0.1:5555"`}},
		"jicofo elsewhere": {changed(t, siteName, "127.0.0.1:8888", "10.0.0.7:8888"),
			usher, []string{`jicofo: "http://10.0.0.7:8888"`}},
		"locations of an old file": {changed(t, siteName, "    server 127.0.0.1:5280;\n", "", "upstream prosody {", "upstream other {",
			"http://$prosody_node/http-bind", "http://localhost:5280/http-bind",
			"http://$prosody_node/xmpp-websocket", "http://127.0.0.1:5280/xmpp-websocket"),
			siteName, []string{"proxy_pass http://127.0.0.1:8281/http-bind?prefix=$prefix&$args;",
				"proxy_pass http://127.0.0.1:8281/xmpp-websocket?prefix=$prefix&$args;", "-5280"}},
		"an authentication of jicofo's": {changed(t, "/etc/jitsi/jicofo/jicofo.conf", "  xmpp: {",
			"  authentication: { enabled = true, type = JWT }\n  conference { enable-auto-owner = true }\n  xmpp: {"),
			"/etc/jitsi/jicofo/jicofo.conf", []string{"\njicofo.authentication.enabled = false\n",
				"\njicofo.conference.enable-auto-owner = false\n"}},
		"an owner of jicofo's": {changed(t, "/etc/jitsi/jicofo/jicofo.conf", "  xmpp: {",
			"  conference {\n    enable-auto-owner: true // why\n  }\n  xmpp: {"),
			"/etc/jitsi/jicofo/jicofo.conf", []string{"    enable-auto-owner: false // why\n", "-jicofo.conference"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t, c.files, Options{})
			got := newText(p, c.in)
			for _, want := range c.want {
				absent := strings.TrimPrefix(want, "-")
				if !strings.HasPrefix(want, "---") && absent != want {
					if strings.Contains(got, absent) {
						t.Errorf("%s has %q\n%s", c.in, absent, got)
					}
				} else if !strings.Contains(got, want) {
					t.Errorf("%s has no %q\n%s\n%+v", c.in, want, got, p.ByHand)
				}
			}
			if again := plan(t, after(c.files, p), Options{}); len(again.Changes) > 0 && !p.Blocked() {
				t.Errorf("run again it changes\n%s", show(again))
			}
		})
	}
}

// TestByHand: what is not understood is left alone, with the lines for it, and then nothing of Jitsi's is to change.
func TestByHand(t *testing.T) {
	for name, c := range map[string]struct {
		files memory
		of    Part
		want  string // what the lines or the reason say
	}{
		"a secret from a file": {changed(t, hostFile, `"application secret of acme 0123456789"`, `io.open("/etc/x"):read("l")`),
			Prosody, "app_secret comes from a file"},
		"a secret from the environment": {changed(t, hostFile, `"application secret of acme 0123456789"`, "ENV_SECRET"),
			Prosody, "app_secret comes from a file"},
		"two settings in a line": {changed(t, hostFile, `    app_id="acme"`+"\n", `    app_id="acme"; `, secretLine,
			strings.TrimLeft(secretLine, " ")), Prosody, `app_secret = "-----BEGIN PUBLIC KEY-----`},
		"a setting twice": {changed(t, hostFile, secretLine, "    asap_key_server = \"https://a\"\n    asap_key_server = \"https://b\"\n"),
			Prosody, "asap_key_server"},
		"a list that is computed": {changed(t, hostFile, "    modules_enabled = {\n        \"muc_hide_all\";\n",
			"    modules_enabled = {\n        (\"muc_hide_all\");\n        (function() return \"muc_http_auth\" end)();\n"),
			Prosody, `token_verification`},
		"no upstream": {changed(t, siteName, "upstream prosody", "upstream xmpp"), Nginx, "proxy_pass http://127.0.0.1:8281/"},
		"two servers": {changed(t, siteName, "    server 127.0.0.1:5280;\n",
			"    server 127.0.0.1:5280;\n    server 10.0.0.2:5280;\n"), Nginx, "not exactly one server"},
		"jicofo in braces": {changed(t, "/etc/jitsi/jicofo/jicofo.conf", "jicofo {", "{ jicofo {", "  }\n}\n", "  }\n}\n}\n"),
			Jicofo, "enable-auto-owner = false"},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t, c.files, Options{})
			found := false
			for _, h := range p.ByHand {
				found = found || h.Of == c.of && strings.Contains(h.Why+strings.Join(h.Lines, "\n"), c.want)
			}
			if !found {
				t.Errorf("%s\n%+v", show(p), p.ByHand)
			}
			if p.Blocked() != (c.of != Jicofo) {
				t.Errorf("blocked: %v", p.Blocked())
			}
			for _, change := range p.Changes {
				if change.Of == c.of {
					t.Errorf("%s changes", change.Path)
				}
			}
		})
	}
	files := shapes[0].files(true)
	delete(files, siteName)
	files[ConfigFile] = "hosts:\n  other.example.com:\n"
	if p := plan(t, files, Options{}); len(p.ByHand) != 2 || newText(p, ConfigFile) != "" || !p.Blocked() {
		t.Errorf("without a site, and with a configuration of another host: %+v", p.ByHand)
	}
}

// TestErrors: what nothing can be planned for.
func TestErrors(t *testing.T) {
	two := changed(t, hostFile, "muc_mapper_domain_base = \"meet.example.com\";\n", "", "Component \"focus.meet",
		"VirtualHost \"b.example.com\"\n    authentication = \"token\"\n    main_muc = \"conference.b.example.com\"\n\nComponent \"focus.meet")
	for name, c := range map[string]struct {
		files memory
		host  string
		want  string
	}{
		"no Prosody":         {memory{}, "", "is this the machine"},
		"two hosts":          {two, "", "several hosts"},
		"no such host":       {two, "c.example.com", "no VirtualHost"},
		"a path for a host":  {two, "../../etc", "no host name"},
		"a line for a host":  {two, "a\nb", "no host name"},
		"passwords":          {changed(t, hostFile, `authentication = "token"`, `authentication = "internal_hashed"`), "", "passwords"},
		"no rooms":           {changed(t, hostFile, `Component "conference.`, `Component "rooms.`), "", "where are the rooms"},
		"another secret":     {with(two, "/etc/usher/acme.secret", "another\n"), "meet.example.com", "is there and is not"},
		"a key that is none": {with(two, "/etc/usher/inner.pem", "none\n"), "meet.example.com", "/etc/usher/inner.pem"},
	} {
		_, err := Make(t.Context(), c.files, steady{}, Options{Host: c.host})
		if err == nil || !strings.Contains(err.Error(), c.want) && !strings.Contains(err.Error(), "lua5.4") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if p := plan(t, two, Options{Host: "Meet.Example.Com"}); p.Host != "meet.example.com" {
		t.Errorf("the host is %s", p.Host)
	}
}

func with(files memory, name, text string) memory {
	now := after(files, &Plan{})
	now[name] = text
	return now
}
