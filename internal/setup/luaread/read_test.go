package luaread

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// read runs a text, or skips the test where there is no Lua.
func read(t testing.TB, text string) ([]Event, error) {
	t.Helper()
	events, err := Read(t.Context(), text)
	if errors.Is(err, ErrNoLua) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	return events, err
}

// TestRead: each way of setting something is recorded, with its line, byte by byte.
func TestRead(t *testing.T) {
	events, err := read(t, `
component_admins_as_room_owners = true
VirtualHost "Meet.Example.com"
    app_secret = "q\"uote\200\n" -- why
    modules_enabled = {
        "a";
        "b", deep = { 1.5 };
    }
    secret = (Lua or _G).assert((Lua or _G).io.open("/etc/secret")):read("l")
    name = ENV_NAME
    port = os.getenv("PORT") .. "1"
Component "c.example.com" "muc" { restrict_room_creation = true }
Component "d.example.com"
    modules_enabled = { "p" }
    modules_enabled:append { "q" }
Include "conf.d/*.cfg.lua"
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`option 2 * component_admins_as_room_owners {"bool":true}`,
		`host 3 meet.example.com  {}`,
		`option 4 meet.example.com app_secret {"text":"q\"uote` + "\ufffd" + `\n"}`,
		`option 8 meet.example.com modules_enabled {"table":true,"list":[{"text":"a"},{"text":"b"}],` +
			`"map":{"deep":{"table":true,"list":[{"number":"1.5"}]}}}`,
		`option 9 meet.example.com secret {"unknown":true}`,
		`option 10 meet.example.com name {"unknown":true}`,
		`option 11 meet.example.com port {"unknown":true}`,
		`component 12 c.example.com  {}`,
		`module 12 c.example.com muc {}`,
		`option 12 c.example.com restrict_room_creation {"bool":true}`,
		`component 13 d.example.com  {}`,
		`option 14 d.example.com modules_enabled {"table":true,"list":[{"text":"p"}]}`,
		`option 15 d.example.com modules_enabled {"table":true,"list":[{"text":"p"},{"text":"q"}]}`,
		`include 16  conf.d/*.cfg.lua {}`,
	}
	for i, e := range events {
		got := strings.Join([]string{string(e.Kind), strconv.Itoa(e.Line), e.Section, e.Name, e.Value.String()}, " ")
		got = strings.ReplaceAll(got, `\ufffd`, "\ufffd")
		if i >= len(want) || got != want[i] {
			t.Errorf("event %d is %s", i, got)
		}
	}
	if len(events) != len(want) {
		t.Errorf("%d events, want %d", len(events), len(want))
	}
	if *events[2].Value.Text != "q\"uote\xc8\n" {
		t.Errorf("the secret is %q", *events[2].Value.Text)
	}
}

// TestBounds: a program cannot run for long, take much memory, or reach anything outside.
func TestBounds(t *testing.T) {
	marker := t.TempDir() + "/marker"
	if err := os.Chmod(strings.TrimSuffix(marker, "/marker"), 0o777); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`while true do end`:                               "million steps",
		`local x = "a" while true do x = x .. x end`:      "not enough memory",
		`local t = {} for i = 1, 1e9 do t[i] = { i } end`: "", // steps or memory
		`local x = ("x"):rep(1e9)`:                        "'rep'",
		`x = string.rep("x", 1e9)`:                        "'rep'",
		`local function f() return 1 + f() end f()`:       "", // memory or the stack
		`x =`:                                 "1: unexpected symbol",
		"\x1bLua":                             "attempt to load a binary chunk",
		`VirtualHost(io.open("/etc/passwd"))`: "no name that can be read",
		`for i = 1, 1e6 do x = "` + strings.Repeat("x", 1000) + `" end`: "1 MiB",
		`local s = ("a?"):gsub("a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
			x = ("a"):find(s)`: "-",
		`Lua.os.execute("touch ` + marker + `") io.open("` + marker + `", "w"):write("x")`: "-",
		strings.Repeat("-", maxText+1): "1 MiB",
	} {
		begin := time.Now()
		_, err := read(t, text)
		if want == "-" != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", text, err, want)
		}
		if d := time.Since(begin); d > 8*time.Second {
			t.Errorf("%.60s took %v", text, d)
		}
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("the program wrote a file")
	}
}

// FuzzRead: whatever a file says, reading ends, gives either events or an error, and each event has a kind and a line.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"x = 1", "VirtualHost 'a'\nx = { 'b'; y = {} }", "Include 'x'", "Component 'a' 'muc'",
		"x = ENV_A", "for i = 1, 3 do x = i end", "return", "x = \"\\0\\255\"", "x = 0/0", "x = {[0]=1,[2]=3}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		events, err := read(t, text)
		if err != nil && events != nil {
			t.Errorf("both %d events and %v", len(events), err)
		}
		lines := strings.Count(text, "\n") + 1
		for _, e := range events {
			if e.Kind == "" || e.Line < 0 || e.Line > lines+1 {
				t.Errorf("the event %+v of %d lines", e, lines)
			}
		}
	})
}
