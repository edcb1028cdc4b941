package prosody

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/prosodyconf"
)

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"":         `""`,
		`a"b\c`:    `"a\"b\\c"`,
		"Ω\n\x009": `"Ω\010\0009"`,
	} {
		if got := prosodyconf.Quote(in); got != want {
			t.Errorf("prosodyconf.Quote(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestStoreName(t *testing.T) {
	for in, want := range map[string]string{
		"meet.example.com": "meet%2eexample%2ecom",
		"иван":             "%d0%b8%d0%b2%d0%b0%d0%bd",
		"Az09_":            "Az09%5f",
	} {
		if got := storeName(in); got != want {
			t.Errorf("storeName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRenderOrder(t *testing.T) {
	config := Config{Dir: "/d", Extra: "global_line = 1", Hosts: []Host{
		{Name: "a.example", Lines: "host_line = 1"},
		{Name: "muc.a.example", Component: "muc"},
		{Name: "usher.a.example", Component: "component", Lines: `component_secret = "s"`},
	}}
	rest := config.render(services{c2s: 1, http: 2, component: 3})
	for _, want := range []string{
		`c2s_ports = { 1 }`, `http_ports = { 2 }`, `component_ports = { 3 }`, "global_line = 1",
		`VirtualHost "a.example"`,
		"host_line = 1", `Component "muc.a.example" "muc"`, "Component \"usher.a.example\"\ncomponent_secret",
	} {
		before, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("no %q in\n%s", want, before)
		}
		rest = after
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(CacheEnv, dir)
	if err := os.Mkdir(filepath.Join(dir, "prosody"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "prosody", "prosody.version"), []byte("77.1.2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := Install{
		Version: "77.1", Release: "77.1.2",
		Launcher: filepath.Join(dir, "launcher"), Library: filepath.Join(dir, "prosody"),
	}
	if got, err := Find("77.1"); err != nil || got != want {
		t.Errorf("found %+v, %v", got, err)
	}
	for v, message := range map[Version]string{
		"7":  "prosody 7 is not installed: run scripts/install.sh",
		"77": "",
	} {
		_, err := Find(v)
		if errors.Is(err, ErrNotInstalled) != (message != "") || err != nil && err.Error() != message {
			t.Errorf("looking for %q: %v", v, err)
		}
	}
	if err := missing(V13); err.Error() != "prosody 13.0 is not installed: run scripts/install.sh prosody13" {
		t.Error(err)
	}
}

func TestRests(t *testing.T) {
	for _, row := range []struct {
		place, stat string
		want        bool
	}{
		{"do_epoll_wait", "7 (lua5.4) S 1", true},
		{"ep_poll", "7 (lua5.4) S 1", true},
		{"unix_stream_read_generic", "7 (lua5.4) S 1", false}, // it waits for an authentication server
		{"0", "7 (lua5.4) R 1", false},
		{"0", "7 (lua5.4) S 1", true},
	} {
		if got := rests(row.place, row.stat); got != row.want {
			t.Errorf("%s, %s: %v", row.place, row.stat, got)
		}
	}
}
