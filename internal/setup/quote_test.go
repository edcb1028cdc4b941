package setup

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"usher/internal/setup/luaread"
)

// odd are names that mean something to a file they are written to.
func odd() []string {
	return []string{"", "plain", "a:b", "a: b", "a # b", "#a", `"`, `'`, `\`, `a"b'c\d`, "two\nlines", "tab\tand\r", "true", "No",
		"null", "~", "1", "1.5", "0x1f", "2026-01-01", ".inf", "- a", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "`a`", "a,b",
		"${A}", "]]", "--[[", "-- x", "\x01\x7f", "\u0085\u2028\ufeff", "иван", "😀", strings.Repeat("x", 300)}
}

// TestQuoting: what is written for a text is read as that text, by Lua and by YAML.
func TestQuoting(t *testing.T) {
	for _, s := range append(odd(), "\xff\xfe") {
		checkLua(t, s)
		checkYAML(t, s)
	}
}

func FuzzQuoting(f *testing.F) {
	for _, s := range odd() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkYAML(t, s) })
}

func checkLua(t *testing.T, s string) {
	t.Helper()
	events, err := luaread.Read(t.Context(), "x = "+luaQuote(s)+"\ny = 1\n")
	if err == luaread.ErrNoLua && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil || len(events) != 2 || events[0].Value.Text == nil || *events[0].Value.Text != s {
		t.Errorf("%q as Lua is %s: %+v, %v", s, luaQuote(s), events, err)
	}
}

func checkYAML(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) { // takeOver lets none through
		return
	}
	var got struct {
		Value any            `yaml:"value"`
		List  []any          `yaml:"list"`
		Map   map[string]any `yaml:"map"`
	}
	text := "value: " + yamlQuote(s) + "\nlist: " + yamlList([]string{s, s}) + "\nmap:\n  " + yamlQuote(s) + ": 1\n"
	if err := yaml.Unmarshal([]byte(text), &got); err != nil || got.Value != s || len(got.List) != 2 || got.List[1] != s ||
		len(got.Map) != 1 || got.Map[s] == nil {
		t.Errorf("%q as YAML: %v, %+v\n%s", s, err, got, text)
	}
}

// TestOddNames: an issuer and a secret with whatever is in them arrive in usher's files as they are, and in Prosody's.
func TestOddNames(t *testing.T) {
	for _, s := range odd()[1:] {
		if s == "" || !utf8.ValidString(s) {
			continue
		}
		files := changed(t, hostFile, `"acme"`, luaQuote(s), `"application secret of acme 0123456789"`, luaQuote("secret "+s+"\n"))
		p := plan(t, files, Options{})
		if len(p.ByHand) > 0 {
			t.Errorf("%q: %+v", s, p.ByHand)
		}
		quoted := luaQuote("secret " + s + "\n")
		if shown := show(p); strings.Contains(shown, "secret "+s) || strings.Contains(shown, quoted[1:len(quoted)-1]) {
			t.Errorf("the secret %q is shown\n%s", s, shown)
		}
		var config struct {
			Hosts map[string]struct {
				Relay   struct{ App_id any }
				Issuers map[string]struct {
					Secret_files []string
				}
			}
		}
		if err := yaml.Unmarshal([]byte(newText(p, ConfigFile)), &config); err != nil {
			t.Errorf("%q: %v", s, err)
		}
		host := config.Hosts[testHost]
		issuer, found := host.Issuers[s]
		if !found || host.Relay.App_id != s || len(issuer.Secret_files) != 1 {
			t.Errorf("%q: %+v", s, host)
			continue
		}
		name := issuer.Secret_files[0]
		if got := newText(p, name); got != "secret "+s+"\n\n" || strings.ContainsAny(strings.TrimPrefix(name, ownFolder), "/ \n") {
			t.Errorf("%q: %s has %q", s, name, got)
		}
	}
	files := shapes[0].files(false)
	p := plan(t, files, Options{AppID: "a\"\nos.execute('x') -- "})
	if got := newText(p, hostFile); !strings.Contains(got, `app_id="a\"\nos.execute('x') -- "`) {
		t.Errorf("%s", got)
	}
}

// TestHostName: a host's name becomes part of paths.
func TestHostName(t *testing.T) {
	for s, want := range map[string]bool{"meet.example.com": true, "MEET": true, "a_b.c": true, "xn--bcher-kva.example": true,
		"": false, ".": false, "..": false, "a..b": false, "a/b": false, "a.": false, "-a": false, "a b": false, "a\n": false,
		"a\x00": false, "é": false, strings.Repeat("a.", 101) + "a": false, strings.Repeat("a", 64): false} {
		if got, ok := hostName(s); ok != want || ok && got != strings.ToLower(s) {
			t.Errorf("%q: %q, %v", s, got, ok)
		}
	}
}
