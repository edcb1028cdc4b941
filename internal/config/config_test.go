package config

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"usher/auth"
	"usher/auth/keys"
	"usher/internal/config/configtest"
	"usher/internal/jid"
	"usher/lobby"
	"usher/moderation"
)

const (
	configSamples = "../../testdata/config"
)

// sample puts a file of testdata/config into dir.
func sample(t testing.TB, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(configSamples, name))
	if err != nil {
		t.Fatal(err)
	}
	return configtest.PutFile(t, dir, "usher.yaml", string(content), 0o640)
}

func TestConfigManyProblems(t *testing.T) {
	dir := configtest.KeyFolder(t)
	c, problems := Load(sample(t, dir, "many.yaml"))
	want, err := os.ReadFile(filepath.Join(configSamples, "many.want"))
	if err != nil {
		t.Fatal(err)
	}
	if got := configtest.Printed(problems, dir); c != nil || got != string(want) {
		t.Errorf("config %v, problems:\n%s\nwant:\n%s", c, got, want)
	}
}

func TestConfigOfInterface(t *testing.T) {
	dir := configtest.KeyFolder(t)
	path := sample(t, dir, "interface.yaml")
	c, problems := Load(path)
	if len(problems) > 0 {
		t.Fatal(configtest.Printed(problems, dir))
	}
	// The sample writes the defaults out, so a file without them is the same.
	short := configtest.PutFile(t, dir, "short.yaml", "hosts: {meet.example.com: {issuers: {my-app: {secret_files: [my-app.secret]}}}}", 0o640)
	d, problems := Load(short)
	if len(problems) > 0 {
		t.Fatal(configtest.Printed(problems, dir))
	}
	if c.HTTP.Secret != "0123456789abcdef-._~" || c.Listen.HTTP != (Address{Network: "tcp", Name: "127.0.0.1:8280"}) || c.Listen.Extauth.Name == "" {
		t.Errorf("the HTTP door: %+v, %+v", c.HTTP, c.Listen)
	}
	if c.Listen.Gateway != (Address{Network: "tcp", Name: "127.0.0.1:8281"}) || !slices.Equal(c.Gateway.Origins, []string{"https://meet.example.com"}) {
		t.Errorf("the gateway: %+v, %+v", c.Gateway, c.Listen)
	}
	c.Gateway.Origins, c.Gateway.Hosts, d.Gateway.Hosts = nil, nil, nil
	if !reflect.DeepEqual(c.Gateway, d.Gateway) {
		t.Errorf("defaults of the gateway: %+v, want %+v", d.Gateway, c.Gateway)
	}
	c.Listen.HTTP, c.Listen.Extauth, c.Listen.Gateway = Address{}, Address{}, Address{} // off unless named
	if c.Listen != d.Listen || c.Log != d.Log || c.Auth.MaxTokenBytes != d.Auth.MaxTokenBytes {
		t.Errorf("defaults: %+v, want %+v", d, c)
	}
	h, i := c.Auth.Hosts["meet.example.com"], c.Auth.Hosts["meet.example.com"].Issuers["my-app"]
	g := d.Auth.Hosts["meet.example.com"]
	if h.Leeway != g.Leeway || h.Leeway != 10*time.Second || h.Subject != g.Subject || !slices.Equal(h.Types, g.Types) ||
		h.Account[0].String() != g.Account[0].String() || h.UnicodeAccounts != g.UnicodeAccounts {
		t.Errorf("defaults of tokens: %+v, want %+v", g, h)
	}
	if len(i.Keys.Files) != 1 || !slices.Equal(i.Algorithms, g.Issuers["my-app"].Algorithms) || !i.RequireExp || !i.RequireRoom ||
		!slices.Equal(i.Audience, []string{"jitsi"}) {
		t.Errorf("issuer: %+v", i)
	}
	r := c.Rooms[0]
	board, other := lobby.Room{Domain: r.MUC[0], Room: jid.SplitRoom("board-1")}, lobby.Room{Domain: r.MUC[0], Room: jid.SplitRoom("standup")}
	if len(c.Auth.Hosts["meet.example.com"].Moderators) != 3 || r.Others != moderation.Member || r.Idle != moderation.DefaultIdle || c.Component.JID != "usher.meet.example.com" {
		t.Errorf("rooms: %+v, component %+v", r, c.Component.JID)
	}
	if !r.Lobby.On(board) || r.Lobby.On(other) || r.Lobby.Mode() != lobby.MembersOnly || len(c.Whitelist) != 1 || c.Whitelist[0].Room != "*@"+r.MUC[0] {
		t.Errorf("lobby: %+v, whitelist %+v", r.Lobby, c.Whitelist)
	}
	if want := []string{path, filepath.Join(dir, "http.secret"), filepath.Join(dir, "other.secret"), filepath.Join(dir, "my-app.secret")}; !slices.Equal(c.Paths, want) {
		t.Errorf("files %q, want %q", c.Paths, want)
	}
}

func TestConfigTwoHosts(t *testing.T) {
	dir := configtest.KeyFolder(t)
	c, problems := Load(sample(t, dir, "two-hosts.yaml"))
	if len(problems) != 1 || !problems[0].Warning || !strings.Contains(problems[0].Text, "with subject: any a token made for one host is good on the other") {
		t.Fatal(configtest.Printed(problems, dir))
	}
	if c.Listen.Dovecot != (Address{Network: "tcp", Name: "127.0.0.1:8281"}) || c.Listen.Admin != (Address{Network: "unix", Name: "/tmp/usher-admin.sock"}) {
		t.Errorf("listen %+v", c.Listen)
	}
	if c.Log != (Log{slog.LevelDebug, "json"}) || !slices.Contains(c.Peers, 4294967294) || !slices.Contains(c.Peers, 0) {
		t.Errorf("log %+v, peers %v", c.Log, c.Peers)
	}
	h := c.Auth.Hosts["meet.example.com"]
	if h.Leeway != 0 || h.MaxLifetime != 24*time.Hour || h.Subject != auth.SubjectAny || len(h.Account) != 0 || !h.UnicodeAccounts {
		t.Errorf("tokens %+v", h)
	}
	portal := h.Issuers["portal"]
	if len(portal.Keys.Files) != 2 || portal.RequireExp || portal.RequireRoom || !slices.EqualFunc(portal.Keys.Locations, []keys.Kind{keys.JWKSURL, keys.ASAPURL}, func(l keys.Location, k keys.Kind) bool { return l.Kind == k && l.URL != "" }) {
		t.Errorf("portal %+v", portal)
	}
	bounds := c.Rooms[slices.IndexFunc(c.Rooms, func(h moderation.HostPolicy) bool { return h.Host == "meet.example.com" })].Issuers
	if len(bounds) != 1 || !slices.Equal(bounds["portal"].Tenants, []string{"acme", "meet.example.com"}) || !slices.Equal(bounds["portal"].Rooms, []string{"board-*", "[acme]*"}) {
		t.Errorf("the issuers are bound to %+v", bounds)
	}
	if len(c.Auth.Hosts["localhost"].Issuers["old-app"].Keys.Files) != 2 {
		t.Error("the alias was not followed")
	}
	if got, want := c.Summary(), "2 hosts, 3 issuers, 6 keys, 2 key sources"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}

// TestConfigFilesOfBadOne: a watcher must see a missing file appear.
func TestConfigFilesOfBadOne(t *testing.T) {
	dir := configtest.KeyFolder(t)
	path := configtest.PutFile(t, dir, "usher.yaml", "hosts: {h: {issuers: {a: {secret_files: [sub/later.secret]}}}}", 0o640)
	c, read, problems := LoadFiles(path)
	if want := []string{path, filepath.Join(dir, "sub/later.secret")}; c != nil || !slices.Equal(read.Paths, want) || len(problems) != 1 {
		t.Errorf("config %v, files %q, problems %v", c, read.Paths, problems)
	}
}

// FuzzConfig: every problem has its place and its advice; a good configuration is the same when it is written anew.
func FuzzConfig(f *testing.F) {
	for _, name := range []string{"interface.yaml", "two-hosts.yaml", "many.yaml"} {
		content, err := os.ReadFile(filepath.Join(configSamples, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	for _, s := range []string{"", "a: &a [*a]", "<<: {}", "hosts: !!map x", "? [x]\n: 1", "---\n---\n", "a: \x00", "\xff\xfe", "peers: !!int [x]", "hosts: &h {x: *h}"} {
		f.Add([]byte(s))
	}
	dir := configtest.KeyFolder(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(dir, "usher.yaml")
		if err := os.WriteFile(path, content, 0o640); err != nil {
			t.Fatal(err)
		}
		c, problems := Load(path)
		if (c == nil) != (problems.Errors() > 0) {
			t.Fatalf("config %v with problems %v", c, problems)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Text == "" || p.Mend == "" || strings.Contains(p.String(), "\n") {
				t.Fatalf("a problem without place, text or advice: %#v", p)
			}
		}
		if c == nil {
			return
		}
		if len(c.Auth.Hosts) == 0 {
			t.Fatal("a configuration without hosts")
		}
		again := loadAgain(t, path, content)
		if changes := Diff(c, again); len(changes) > 0 {
			t.Fatalf("written anew it is another: %q", changes)
		}
		if where := difference("", reflect.ValueOf(c.Auth), reflect.ValueOf(again.Auth)); where != "" {
			t.Fatalf("written anew it has another %s", where)
		}
	})
}

// loadAgain loads a good configuration as the library for YAML writes it.
func loadAgain(t *testing.T, path string, content []byte) *Config {
	t.Helper()
	var root yaml.Node
	if err := yaml.Load(bareMemory(content), &root); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(configtest.Dumped(t, &root)), 0o640); err != nil {
		t.Fatal(err)
	}
	c, problems := Load(path)
	if c == nil {
		t.Fatalf("written anew it is refused: %v", problems)
	}
	return c
}

// TestBareMemory: the one word of the manual that is no YAML is understood, and nothing else is touched.
func TestBareMemory(t *testing.T) {
	for in, want := range map[string]string{
		"state: memory:\nlisten: {}\n":  "state: \"memory:\"\nlisten: {}\n",
		"a: 1\nstate:  memory: # x\r\n": "a: 1\nstate:  \"memory:\" # x\r\n",
		"state: \"memory:\"\n":          "state: \"memory:\"\n",
		"state: memory:x\n":             "state: memory:x\n",
		"  state: memory:\n":            "  state: memory:\n",
		"state: memory: y\n":            "state: memory: y\n",
	} {
		if got := string(bareMemory([]byte(in))); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestHostHeaders(t *testing.T) {
	c := HTTP{Hosts: []string{"usher:8280"}}
	loopback := []string{"usher:8280", "127.0.0.1:8280", "[::1]:8280", "localhost:8280"}
	for _, row := range []struct {
		addr net.Addr
		want []string
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8280}, loopback},
		{&net.TCPAddr{IP: net.IPv6zero, Port: 8280}, loopback},
		{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80}, []string{"usher:8280", "192.0.2.1:80", "192.0.2.1"}},
		{&net.UnixAddr{Net: "unix", Name: "/run/usher/http.sock"}, []string{"usher:8280", "localhost"}},
	} {
		if got := c.HostHeaders(row.addr); !slices.Equal(got, row.want) {
			t.Errorf("%v: %q, want %q", row.addr, got, row.want)
		}
	}
	if len(c.Hosts) != 1 {
		t.Error("the configuration was changed")
	}
}
