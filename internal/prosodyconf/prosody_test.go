package prosodyconf

import (
	"testing"

	"usher/internal/config"
)

func TestLuaString(t *testing.T) {
	for s, want := range map[string]string{
		"/run/usher/auth.sock":    `"/run/usher/auth.sock"`,
		`a"b\c`:                   `"a\"b\\c"`,
		"tab\tline\n0\x7f":        `"tab\009line\0100\127"`,
		"r\u00e9seau\u202e\xff":   "\"r\u00e9seau\u202e\xff\"",
		"\" os.execute(\"true\")": `"\" os.execute(\"true\")"`,
	} {
		if got := Quote(s); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}

func TestProsodySocket(t *testing.T) {
	for a, want := range map[config.Address]string{
		{Network: "unix", Name: "/run/a.sock"}: "  dovecot_auth_socket = \"/run/a.sock\"\n",
		{Network: "tcp", Name: "localhost:10143"}: "  dovecot_auth_host = \"localhost\"\n  dovecot_auth_port = " +
			"\"10143\"\n",
		{Network: "tcp", Name: ":10143"}: "  dovecot_auth_host = \"127.0.0.1\"\n  dovecot_auth_port = " +
			"\"10143\"\n",
		{Network: "tcp", Name: "0.0.0.0:10143"}: "  dovecot_auth_host = \"127.0.0.1\"\n  dovecot_auth_port = " +
			"\"10143\"\n",
		{Network: "tcp", Name: "[::]:10143"}:  "  dovecot_auth_host = \"::1\"\n  dovecot_auth_port = \"10143\"\n",
		{Network: "tcp", Name: "[::1]:10143"}: "  dovecot_auth_host = \"::1\"\n  dovecot_auth_port = \"10143\"\n",
	} {
		if got := socket(a); got != want {
			t.Errorf("%v: got %s, want %s", a, got, want)
		}
	}
}
