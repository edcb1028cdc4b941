package handover

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/auth/keys"
	"usher/e2e/tokens"
)

// TestKeysOfAServer: a login that has waited for a restart is let in by a key that the new process has to fetch first.
// It does not wait for a server that does not answer.
func TestKeysOfAServer(t *testing.T) {
	t.Parallel() // it waits
	signing, set := published(t)
	var slow, asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.CompareAndSwap(0, time.Now().UnixNano())
		select {
		case <-time.After(time.Duration(slow.Load())):
		case <-r.Context().Done():
		}
		_, _ = w.Write(set)
	}))
	t.Cleanup(server.Close)
	d, _ := prepared(t)
	d.Write("usher.yaml", strings.Replace(configuration(d, ""), "{secret_files: [my-app.secret], ",
		"{jwks_url: "+server.URL+"/keys, algorithms: [ES256], ", 1))
	d.Hold()
	d.Start()
	p := connect(t, d)
	login := func(account string) (request, answer string) {
		p.id++
		token, err := keys.Mint(signing, "one", authtest.Claims(meet, tokens.Called(account)))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("AUTH\t%d\tPLAIN\tservice=%s\tresp=%s\n", p.id, meet, response(account, token)),
			fmt.Sprintf("OK\t%d\tuser=%s", p.id, account)
	}
	request, answer := login("alice")
	p.send("%s", request)
	p.expect(answer)
	d.Stop()
	slow.Store(int64(100 * time.Millisecond)) // of the second that the doors wait for keys
	request, answer = login("bob")
	p.send("%s", request)
	d.Start()
	p.expect(answer)
	d.Stop()
	slow.Store(int64(time.Minute))
	request, _ = login("carol")
	asked.Store(0)
	p.send("%s", request)
	d.Begin()
	if got := p.line(); !strings.HasPrefix(got, "FAIL\t") || !strings.Contains(got, "\ttemp") {
		t.Errorf("without keys: %q", got)
	}
	// A login waits for a second, and the fetch goes on for three; the process's own start counts for nothing.
	if took := time.Since(time.Unix(0, asked.Load())); took > 2500*time.Millisecond {
		t.Errorf("it was answered %v after the server was asked", took)
	}
}

// published makes a key, and the set in which a server publishes it.
func published(t *testing.T) (signing keys.SigningKey, set []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	if signing, err = keys.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"ES256"); err != nil {
		t.Fatal(err)
	}
	public, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return signing, fmt.Appendf(nil, `{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"one","x":"%s","y":"%s"}]}`,
		b64(public[1:33]), b64(public[33:]))
}
