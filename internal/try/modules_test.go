package try

import (
	"path/filepath"
	"strings"
	"testing"
)

const (
	hello  = "Nov 28 02:58:14 startup\tinfo\tHello and welcome to Prosody version 0.12.3\n"
	unable = "Nov 28 02:58:15 modulemanager\terror\tUnable to load module '%s': /usr/lib/prosody/modules/share/lua/5.4/" +
		"mod_%s/mod_%s.lua: No such file or directory\n"
)

// logOf is Prosody's log in which it did not find a module, between other lines.
func logOf(before, module, after string) string {
	return before + strings.ReplaceAll(unable, "%s", module) + after
}

// TestModuleMend: the mend is another one for a module that Prosody does not have, for one that is named in its files,
// and for one that nobody named. What the log says of an earlier start does not count.
func TestModuleMend(t *testing.T) {
	const named = "Component \"rooms.example.com\" \"muc\"\n  modules_enabled = { \"muc_http_auth\" }\n"
	const install = "prosodyctl install --server=https://modules.prosody.im/rocks/ mod_muc_http_auth"
	for _, c := range []struct{ name, config, log, begins, has string }{
		{"not there", named, logOf(hello, "muc_http_auth", "more\n"), "Prosody has no mod_muc_http_auth, as its log says: " + install, ""},
		{"another is not there", named, logOf(hello, "muc_http_defaults", ""), "see that mod_muc_http_auth (", ":2) is in"},
		{"there since the last start", named, logOf(hello, "muc_http_auth", hello), "see that mod_muc_http_auth (", install},
		{"the log begins later", named, logOf("", "muc_http_auth", ""), "Prosody has no ", install},
		{"no log", named, "", "see that mod_muc_http_auth (", install},
		{"not named", "-- \"muc_http_auth\"\n", hello, "load mod_muc_http_auth in Component \"rooms.example.com\": usher prosody", ""},
	} {
		dir := etc(t, map[string]string{"etc/prosody.cfg.lua": c.config, "log/prosody.log": c.log})
		trial := &Trial{Folders: Folders{Prosody: filepath.Join(dir, "etc"), Log: filepath.Join(dir, "log")}}
		mend := trial.moduleMend("mod_muc_http_auth", `Component "rooms.example.com"`)
		if !strings.HasPrefix(mend, c.begins) || !strings.Contains(mend, c.has) {
			t.Errorf("%s: %s", c.name, mend)
		}
	}
}

// TestNoDovecotModule: a Prosody without the package of mod_auth_dovecot says so in its log alone.
func TestNoDovecotModule(t *testing.T) {
	dir := etc(t, map[string]string{"prosody.log": strings.Repeat("x\n", maxLog) + logOf(hello, "auth_dovecot", "")})
	trial := trialWith(t, "")
	trial.Folders.Log = dir
	if r := newRun(trial).doorFault(); r.state != Failed || !strings.HasPrefix(r.mend, "apt install prosody-modules") {
		t.Errorf("%+v", r)
	}
	trial.Folders.Log = filepath.Join(dir, "none")
	if r := newRun(trial).doorFault(); strings.Contains(r.mend, "apt install") {
		t.Errorf("without a log: %+v", r)
	}
}

// TestProsodyHosts: where a name is misspelt, those that Prosody has are named.
func TestProsodyHosts(t *testing.T) {
	dir := etc(t, map[string]string{"prosody.cfg.lua": "VirtualHost \"a\"\n-- VirtualHost \"b\"\n\nVirtualHost \"c\"\n"})
	file := filepath.Join(dir, "prosody.cfg.lua")
	if got, want := (Folders{Prosody: dir}).prosodyHosts(), ` ("a" at `+file+`:1, "c" at `+file+`:4)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := (Folders{}).prosodyHosts(); got != "" {
		t.Errorf("without files: %s", got)
	}
}
