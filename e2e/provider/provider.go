// Package provider starts a real OpenID provider on the loopback interface, with people, their roles and their
// passwords, for the end-to-end tests of the sign-in: the one of command server, which is a module of its own.
package provider

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/e2e/child"
	"usher/e2e/daemon"
	"usher/internal/ports"
)

// Env names the built provider in the environment. Main sets it where it is not set.
const Env = "USHER_PROVIDER"

// Main runs the tests of a package with a provider and an usher that are built once for all of them, and returns the
// exit code: TestMain calls it.
func Main(m *testing.M) int {
	if os.Getenv(Env) != "" {
		return daemon.Main(m)
	}
	dir, err := os.MkdirTemp("", "usher-provider")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "provider")
	if err := build(binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Setenv(Env, binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return daemon.Main(m)
}

// build builds the provider; Go's own cache keeps what takes long.
func build(binary string) error {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "usher").Output()
	if err != nil {
		return fmt.Errorf("looking for the module: %w", err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "e2e", "provider", "server")
	out, err := exec.Command("go", "build", "-C", source, "-o", binary, ".").CombinedOutput()
	if err != nil {
		return fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	return nil
}

// A Client is somebody whom people sign in for.
type Client struct {
	ID         string
	Secret     string   // empty: a public client, which has PKCE alone
	Redirects  []string // where it may have people sent back to
	PostLogout []string // likewise, after a logout
	Audience   []string // of its tokens, besides its id
	Skew       int      // in seconds: so long before now its tokens were issued, as Entra has it
}

// A User is somebody with a password.
type User struct {
	ID, Name, Password string
	First, Last        string
	Email              string
	Verified           bool // that it is theirs
	Picture            string
	Claims             map[string]any // in each token, besides: roles, groups
}

// Config is what a provider knows. Its zero value has nobody.
type Config struct {
	Clients  []Client
	Users    []User
	Lifetime time.Duration // of access tokens; 5 minutes unless given, as Keycloak's
	Says     bool          // iss is in every answer (RFC 9207), and the discovery says so
	Path     string        // of the issuer; /realms/main unless given, as Keycloak's
}

// A Provider is one that runs. Its methods fail the test that it was made for.
type Provider struct {
	Issuer string // https://127.0.0.1:port/realms/main
	CAFile string // PEM: what its certificate is verified with

	t     testing.TB
	input []byte
	proc  *child.Process
}

// settings are what command server reads.
type settings struct {
	Listen, Issuer, Certificate, Key string
	Clients                          []Client
	Users                            []User
	Lifetime                         int
	Says                             bool
}

// Start returns when the provider serves, by HTTPS. It ends with the test.
func Start(t testing.TB, c Config) *Provider {
	t.Helper()
	address, err := ports.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{Issuer: "https://" + address + cmp.Or(c.Path, "/realms/main"), t: t}
	key := p.certificate(t.TempDir())
	lifetime := cmp.Or(c.Lifetime, 5*time.Minute)
	p.input, err = json.Marshal(settings{address, p.Issuer, p.CAFile, key, c.Clients, c.Users,
		int(lifetime.Seconds()), c.Says})
	if err != nil {
		t.Fatal(err)
	}
	p.Begin()
	t.Cleanup(p.Stop)
	return p
}

// certificate makes one for 127.0.0.1, and what asks the provider with it. It returns the file of the key.
func (p *Provider) certificate(dir string) string {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject: pkix.Name{CommonName: "provider"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		p.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	p.CAFile = filepath.Join(dir, "provider.crt")
	keyFile := filepath.Join(dir, "provider.key")
	for name, block := range map[string]*pem.Block{
		p.CAFile: {Type: "CERTIFICATE", Bytes: signed}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	return keyFile
}

// Begin starts a provider that was stopped, with new keys and without anybody's session.
func (p *Provider) Begin() {
	p.t.Helper()
	binary := os.Getenv(Env)
	if binary == "" {
		p.t.Fatalf("%s is not set: let the package's TestMain call provider.Main", Env)
	}
	out, in, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(binary)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(p.input), in, p.t.Output()
	p.proc, err = child.Start(cmd)
	_ = in.Close()
	if err != nil {
		p.t.Fatal(err)
	}
	line := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(out, line); err != nil {
		p.t.Fatalf("the provider did not start: %v", err)
	}
}

// Stop ends the provider. Stopping what has stopped is fine.
func (p *Provider) Stop() {
	p.t.Helper()
	if err := p.proc.Stop(30 * time.Second); err != nil {
		p.t.Error(err)
	}
}

// Rotate has the provider sign with a new key; the old ones stay published where keep says so.
func (p *Provider) Rotate(keep bool) {
	p.t.Helper()
	q := url.Values{}
	if keep {
		q.Set("keep", "1")
	}
	p.control(http.MethodPost, "/control/rotate?"+q.Encode())
}

// Hold has the provider take its time with each answer about a token.
func (p *Provider) Hold(by time.Duration) {
	p.t.Helper()
	p.control(http.MethodPost, "/control/hold?for="+by.String())
}

// Live has access tokens live for so long from now on.
func (p *Provider) Live(lifetime time.Duration) {
	p.t.Helper()
	p.control(http.MethodPost, "/control/lifetime?for="+lifetime.String())
}

// Seen are the requests so far: method and path, and for tokens the grant, and whether there was a PKCE verifier.
func (p *Provider) Seen() []string {
	p.t.Helper()
	var seen []string
	if err := json.Unmarshal(p.control(http.MethodGet, "/control/seen"), &seen); err != nil {
		p.t.Fatal(err)
	}
	return seen
}

func (p *Provider) control(method, path string) []byte {
	p.t.Helper()
	u, err := url.Parse(p.Issuer)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, "https://"+u.Host+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := p.Client().Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatalf("the provider answers %s: %s (%v)", res.Status, text, err)
	}
	return text
}

// Client trusts the provider's certificate.
func (p *Provider) Client() *http.Client {
	p.t.Helper()
	text, err := os.ReadFile(p.CAFile)
	if err != nil {
		p.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
