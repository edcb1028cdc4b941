package setup

import (
	"strings"
	"testing"

	"usher/internal/setup/luaread"
)

// TestSecondHost: another host of the same Prosody has a key of its own, which no other may share, and the one
// component. Its lines of usher.yaml are left to a person.
func TestSecondHost(t *testing.T) {
	files := changed(t, hostFile, "muc_mapper_domain_base = \"meet.example.com\";\n", "")
	p := plan(t, files, Options{})
	files = after(files, p)
	files[strings.ReplaceAll(hostFile, "meet.", "b.")] = strings.NewReplacer("meet.example.com", "b.example.com",
		`"acme"`, `"other"`, "secret of acme", "secret of other").Replace(changed(t, hostFile)[hostFile])
	files[strings.ReplaceAll(siteName, "meet.", "b.")] = strings.ReplaceAll(changed(t, siteName)[siteName], "meet.", "b.")
	for _, o := range []Options{{Host: "b.example.com"}, {Host: "b.example.com", HS256: true}} {
		second, key := plan(t, files, o), "/etc/usher/inner-b.example.com.pem"
		if o.HS256 {
			key = "/etc/usher/inner-b.example.com.secret"
		}
		if newText(second, key) == "" || newText(second, "/etc/usher/inner.pem") != "" || newText(second, ConfigFile) != "" {
			t.Errorf("%s", show(second))
		}
		if len(second.ByHand) != 1 || second.ByHand[0].Of != Usher || !second.Blocked() {
			t.Fatalf("%+v", second.ByHand)
		}
		lines := strings.Join(second.ByHand[0].Lines, "\n")
		if !strings.Contains(lines, "_file: "+key+"\n") || !strings.Contains(lines, "jid: usher.meet.example.com\n") {
			t.Errorf("%s", lines)
		}
		now := after(files, &Plan{Changes: []Change{{Path: key, New: newText(second, key)}}}) // as --write would have it
		now[ConfigFile] += lines[strings.Index(lines, "  b.example.com:"):] + "\n"
		added := plan(t, now, o)
		host := newText(added, strings.ReplaceAll(hostFile, "meet.", "b."))
		if added.Blocked() || !strings.Contains(host, `admins = { "usher.meet.example.com"; "focus@auth.b.example.com" }`) ||
			strings.Contains(host, "Component \"usher.") {
			t.Errorf("%s", show(added))
		}
		if again := plan(t, after(now, added), o); len(again.Changes)+len(again.ByHand) > 0 {
			t.Errorf("run again it changes\n%s", show(again))
		}
	}
	if again := plan(t, files, Options{Host: testHost}); len(again.Changes)+len(again.ByHand) > 0 {
		t.Errorf("the first host changes\n%s", show(again))
	}
}

// TestExpNote: who has tokens is told that they need an end from now on; who has none yet is not.
func TestExpNote(t *testing.T) {
	for tokens, want := range map[bool]bool{true: true, false: false} {
		files := shapes[0].files(tokens)
		p := plan(t, files, Options{})
		if got := strings.Contains(strings.Join(p.Notes, "\n"), "require_exp: false"); got != want {
			t.Errorf("tokens %v: %q", tokens, p.Notes)
		}
		if notes := strings.Join(plan(t, after(files, p), Options{}).Notes, "\n"); strings.Contains(notes, "require_exp") {
			t.Errorf("said again: %s", notes)
		}
	}
}

// TestIncludes: what Prosody includes from elsewhere is not read, and said so; a file that includes itself is read once.
func TestIncludes(t *testing.T) {
	const outside = "/etc/other/x.cfg.lua"
	for include, said := range map[string]string{
		outside: outside, "../other/x.cfg.lua": outside, "conf.d/../../other/x.cfg.lua": outside, "/etc/other/*.lua": outside,
		"prosody.cfg.lua": "", "conf.d/*.cfg.lua": "", "conf.d/none.cfg.lua": "",
	} {
		files := shapes[0].files(true)
		files["/etc/prosody/prosody.cfg.lua"] += "Include " + luaQuote(include) + "\n"
		files[outside] = "app_secret = \"a secret from elsewhere\"\nVirtualHost \"z.example.com\"\n"
		p, err := readProsody(t.Context(), files)
		if err == luaread.ErrNoLua {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		notes := strings.Join(p.notes, "\n")
		if _, read := p.header("z.example.com"); read || len(p.files) != 2 || said == "" != (notes == "") || !strings.Contains(notes, said) {
			t.Errorf("%s: %d files, %q", include, len(p.files), notes)
		}
	}
}

// TestDomainVerification: a usher.yaml that contradicts Prosody is told of; nobody changes it.
func TestDomainVerification(t *testing.T) {
	said := func(files memory) bool {
		p := plan(t, files, Options{})
		if len(p.Changes)+len(p.ByHand) > 0 {
			t.Errorf("%s", show(p))
		}
		return strings.Contains(strings.Join(p.Notes, "\n"), "enable_domain_verification")
	}
	files := changed(t, hostFile)
	files = after(files, plan(t, files, Options{}))
	config := files[ConfigFile]
	relay := "    relay:\n"
	other := "  other.example.com:\n    relay:\n      domain_verification: false\n"
	for text, want := range map[string]bool{
		config: false,
		strings.Replace(config, relay, relay+"      domain_verification: false\n", 1):                         true,
		strings.Replace(config, relay, relay+"      domain_verification: false # why\n", 1):                   true,
		strings.Replace(config, relay, relay+"      # domain_verification: false\n", 1):                       false,
		strings.Replace(config, relay, "    relay: {tenant: any, domain_verification: false}\n    was:\n", 1): true,
		config + other: false,
		strings.Replace(config, "hosts:\n", "hosts:\n"+other, 1): false,
	} {
		files[ConfigFile] = text
		if got := said(files); got != want {
			t.Errorf("said: %v\n%s", got, text)
		}
	}
	files[ConfigFile] = config
	files[hostFile] = strings.Replace(files[hostFile], "    app_id", "    enable_domain_verification = false\n    app_id", 1)
	if !said(files) {
		t.Error("Prosody's setting is not compared")
	}
}

// TestAnotherKey: a usher.yaml whose inner tokens are signed by another key than Prosody's app_secret is set for is told of.
func TestAnotherKey(t *testing.T) {
	files := changed(t, hostFile)
	files = after(files, plan(t, files, Options{}))
	said := func(o Options) bool {
		return strings.Contains(strings.Join(plan(t, files, o).Notes, "\n"), "by which Prosody's app_secret is set")
	}
	if said(Options{}) || !said(Options{HS256: true}) {
		t.Error("of the key that is there, or not of a secret in its place")
	}
	files[ConfigFile] = strings.ReplaceAll(files[ConfigFile], "inner.pem", "own.pem")
	if !said(Options{}) {
		t.Error("not of another key")
	}
}
