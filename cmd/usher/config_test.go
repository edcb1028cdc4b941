package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/jid"
	"usher/lobby"
	"usher/moderation"
)

const (
	configSamples = "../../testdata/config"
	shortSecret   = "f1b0c3a98d5e47e6a2c4907b61d8e35f" // 32 bytes: HS256 only
	longSecret    = shortSecret + "0a9b8c7d6e5f40312213f4e5d6c7b8a9"
)

// keyFolder returns a folder with the key files that the samples name.
func keyFolder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	putFile(t, dir, "rsa.pem", publicPEM(t, rsaKey.Public()), 0o644)
	putFile(t, dir, "ec.pem", publicPEM(t, ecKey.Public()), 0o644)
	ca := certificatePEM(t, ecKey)
	putFile(t, dir, "ca.pem", "# our own CA\n"+ca, 0o644)
	putFile(t, dir, "cut.pem", ca+ca[:len(ca)/2]+ca, 0o644)
	putFile(t, dir, "my-app.secret", shortSecret+"\n", 0o640)
	putFile(t, dir, "copy.secret", shortSecret, 0o640)
	putFile(t, dir, "other.secret", longSecret+"\n", 0o600)
	putFile(t, dir, "open.secret", longSecret, 0o644)
	putFile(t, dir, "http.secret", "0123456789abcdef-._~\n", 0o640)
	putFile(t, dir, "odd.secret", "0123456789abcdef+/==\n", 0o640)
	putFile(t, dir, "weak.secret", "short\n", 0o640)
	putFile(t, dir, "big.secret", strings.Repeat("x", maxKeySize+1), 0o640)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o750); err != nil {
		t.Fatal(err)
	}
	return dir
}

func publicPEM(t testing.TB, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func certificatePEM(t testing.TB, key *ecdsa.PrivateKey) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func putFile(t testing.TB, dir, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

// sample puts a file of testdata/config into dir.
func sample(t testing.TB, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(configSamples, name))
	if err != nil {
		t.Fatal(err)
	}
	return putFile(t, dir, "usher.yaml", string(content), 0o640)
}

// printed returns the problems, one a line, without the folder's name.
func printed(problems []problem, dir string) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(strings.ReplaceAll(p.String(), dir+"/", "") + "\n")
	}
	return b.String()
}

func TestConfigManyProblems(t *testing.T) {
	dir := keyFolder(t)
	c, problems := loadConfig(sample(t, dir, "many.yaml"))
	want, err := os.ReadFile(filepath.Join(configSamples, "many.want"))
	if err != nil {
		t.Fatal(err)
	}
	if got := printed(problems, dir); c != nil || got != string(want) {
		t.Errorf("config %v, problems:\n%s\nwant:\n%s", c, got, want)
	}
}

func TestConfigOfInterface(t *testing.T) {
	dir := keyFolder(t)
	path := sample(t, dir, "interface.yaml")
	c, problems := loadConfig(path)
	if len(problems) > 0 {
		t.Fatal(printed(problems, dir))
	}
	// The sample writes the defaults out, so a file without them is the same.
	short := putFile(t, dir, "short.yaml", "hosts: {meet.example.com: {issuers: {my-app: {secret_files: [my-app.secret]}}}}", 0o640)
	d, problems := loadConfig(short)
	if len(problems) > 0 {
		t.Fatal(printed(problems, dir))
	}
	if c.http.secret != "0123456789abcdef-._~" || c.listen.http != (address{"tcp", "127.0.0.1:8280"}) || c.listen.extauth.name == "" {
		t.Errorf("the HTTP door: %+v, %+v", c.http, c.listen)
	}
	if c.listen.gateway != (address{"tcp", "127.0.0.1:8281"}) || !slices.Equal(c.gateway.Origins, []string{"https://meet.example.com"}) {
		t.Errorf("the gateway: %+v, %+v", c.gateway, c.listen)
	}
	c.gateway.Origins = nil
	if !reflect.DeepEqual(c.gateway, d.gateway) {
		t.Errorf("defaults of the gateway: %+v, want %+v", d.gateway, c.gateway)
	}
	c.listen.http, c.listen.extauth, c.listen.gateway = address{}, address{}, address{} // off unless named
	if c.listen != d.listen || c.log != d.log || c.auth.MaxTokenBytes != d.auth.MaxTokenBytes {
		t.Errorf("defaults: %+v, want %+v", d, c)
	}
	h, i := c.auth.Hosts["meet.example.com"], c.auth.Hosts["meet.example.com"].Issuers["my-app"]
	g := d.auth.Hosts["meet.example.com"]
	if h.Leeway != g.Leeway || h.Leeway != 10*time.Second || h.Subject != g.Subject || !slices.Equal(h.Types, g.Types) ||
		h.Account[0].String() != g.Account[0].String() || h.UnicodeAccounts != g.UnicodeAccounts {
		t.Errorf("defaults of tokens: %+v, want %+v", g, h)
	}
	if len(i.Keys) != 1 || !slices.Equal(i.Algorithms, g.Issuers["my-app"].Algorithms) || !i.RequireExp || !i.RequireRoom ||
		!slices.Equal(i.Audience, []string{"jitsi"}) {
		t.Errorf("issuer: %+v", i)
	}
	r := c.rooms[0]
	board, other := lobby.Room{Domain: r.MUC[0], Room: jid.SplitRoom("board-1")}, lobby.Room{Domain: r.MUC[0], Room: jid.SplitRoom("standup")}
	if len(c.auth.Hosts["meet.example.com"].Moderators) != 3 || r.Others != moderation.Member || r.Idle != moderation.DefaultIdle || c.comp.JID != "usher.meet.example.com" {
		t.Errorf("rooms: %+v, component %+v", r, c.comp.JID)
	}
	if !r.Lobby.On(board) || r.Lobby.On(other) || r.Lobby.Mode() != lobby.MembersOnly || len(c.whitelist) != 1 || c.whitelist[0].Room != "*@"+r.MUC[0] {
		t.Errorf("lobby: %+v, whitelist %+v", r.Lobby, c.whitelist)
	}
	if want := []string{path, filepath.Join(dir, "http.secret"), filepath.Join(dir, "other.secret"), filepath.Join(dir, "my-app.secret")}; !slices.Equal(c.files, want) {
		t.Errorf("files %q, want %q", c.files, want)
	}
}

func TestConfigTwoHosts(t *testing.T) {
	dir := keyFolder(t)
	c, problems := loadConfig(sample(t, dir, "two-hosts.yaml"))
	if len(problems) != 1 || !problems[0].Warning || !strings.Contains(problems[0].Text, "with subject: any a token made for one host is good on the other") {
		t.Fatal(printed(problems, dir))
	}
	if c.listen.dovecot != (address{"tcp", "127.0.0.1:8281"}) || c.listen.admin != (address{"unix", "/tmp/usher-admin.sock"}) {
		t.Errorf("listen %+v", c.listen)
	}
	if c.log != (logConfig{slog.LevelDebug, "json"}) || !slices.Contains(c.peers, 4294967294) || !slices.Contains(c.peers, 0) {
		t.Errorf("log %+v, peers %v", c.log, c.peers)
	}
	h := c.auth.Hosts["meet.example.com"]
	if h.Leeway != 0 || h.MaxLifetime != 24*time.Hour || h.Subject != auth.SubjectAny || len(h.Account) != 0 || !h.UnicodeAccounts {
		t.Errorf("tokens %+v", h)
	}
	portal := h.Issuers["portal"]
	if len(portal.Keys) != 2 || portal.RequireExp || portal.RequireRoom || portal.JWKSURL == "" || portal.ASAPURL == "" {
		t.Errorf("portal %+v", portal)
	}
	bounds := c.rooms[slices.IndexFunc(c.rooms, func(h moderation.HostPolicy) bool { return h.Host == "meet.example.com" })].Issuers
	if len(bounds) != 1 || !slices.Equal(bounds["portal"].Tenants, []string{"acme", "meet.example.com"}) || !slices.Equal(bounds["portal"].Rooms, []string{"board-*", "[acme]*"}) {
		t.Errorf("the issuers are bound to %+v", bounds)
	}
	if len(c.auth.Hosts["localhost"].Issuers["old-app"].Keys) != 2 {
		t.Error("the alias was not followed")
	}
	if got, want := summary(c.auth), "2 hosts, 3 issuers, 6 keys, 2 key sources"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}

// TestConfigFilesOfBadOne: a watcher must see a missing file appear.
func TestConfigFilesOfBadOne(t *testing.T) {
	dir := keyFolder(t)
	path := putFile(t, dir, "usher.yaml", "hosts: {h: {issuers: {a: {secret_files: [sub/later.secret]}}}}", 0o640)
	c, read, problems := readConfig(path)
	if want := []string{path, filepath.Join(dir, "sub/later.secret")}; c != nil || !slices.Equal(read.files, want) || len(problems) != 1 {
		t.Errorf("config %v, files %q, problems %v", c, read.files, problems)
	}
}

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
	dir, w := keyFolder(f), newReloadWorld(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(dir, "usher.yaml")
		if err := os.WriteFile(path, content, 0o640); err != nil {
			t.Fatal(err)
		}
		c, problems := loadConfig(path)
		if (c == nil) != (countErrors(problems) > 0) {
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
		if len(c.auth.Hosts) == 0 {
			t.Fatal("a configuration without hosts")
		}
		if _, err := w.reloader.prepare(c); err != nil {
			t.Fatalf("usher check calls it good, and a reload refuses it: %v", err)
		}
	})
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

func TestShortDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 50 * time.Second: "50s", 5 * time.Minute: "5m", 8 * time.Hour: "8h", 90 * time.Minute: "1h30m",
		time.Hour + time.Second: "1h0m1s", 10 * time.Hour: "10h", 20 * time.Minute: "20m"} {
		if got := shortDuration(d); got != want {
			t.Errorf("%d became %s, want %s", d, got, want)
		}
	}
}
