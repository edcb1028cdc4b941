package login

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/keys"
	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// A key of an ASAP server is fetched when a token names it: the first login is told to come again, the next is let
// in, and what the server does not have is refused for good.
func TestKeyServer(t *testing.T) {
	signing, public := ecKey(t)
	sum := sha256.Sum256([]byte("app/one"))
	published := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/"+hex.EncodeToString(sum[:])+".pem" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(public)
	}))
	t.Cleanup(published.Close)
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		c := authtest.Config(meet)
		locations := []keys.Location{{Kind: keys.ASAPURL, URL: published.URL}}
		c.Hosts[meet].Issuers[authtest.Issuer] = auth.IssuerConfig{Keys: keys.Config{Locations: locations},
			Algorithms: []string{"ES256"}, RequireExp: true}
		verifier := newVerifier(t, c)
		var fetching sync.WaitGroup
		t.Cleanup(fetching.Wait)
		fetching.Go(func() { _ = verifier.Run(t.Context()) })
		server := prosodytest.Start(t, prosody.Config{Version: v,
			Hosts: []prosody.Host{{Name: meet, Lines: hostLines(openDoor(t, verifier), meet)}}})
		w := &world{prosody: server}
		for kid, inAtLast := range map[string]bool{"app/one": true, "invented": false} {
			token, err := keys.Mint(signing, kid, authtest.Claims(meet, nil))
			if err != nil {
				t.Fatal(err)
			}
			l := client.Plain("alice", token)
			if r := w.refuse(t, meet, l); !undecidedYet(r) {
				t.Errorf("%s: the first try: %v", kid, r)
			}
			r := again(t, w, l)
			if inAtLast && r != nil {
				t.Errorf("%s: the second try: %v", kid, r)
			}
			unknown := r != nil && r.Condition == "not-authorized" && r.Text == auth.ReasonUnknownKey.ClientText()
			if !inAtLast && !unknown {
				t.Errorf("%s: the second try: %v", kid, r)
			}
		}
	})
}

// again logs in until it is decided, which takes the fetching of a key. It returns the refusal, if that is it.
func again(t *testing.T, w *world, l client.Login) *client.Refused {
	t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		s, err := w.dial(t, meet, l)
		if err == nil {
			_ = s.Close()
			return nil
		}
		r, ok := errors.AsType[*client.Refused](err)
		if !ok {
			t.Fatalf("not an answer: %v", err)
		}
		if !undecidedYet(r) || time.Since(began) > 20*time.Second {
			return r
		}
	}
}

// undecidedYet is what a client is told while the key is fetched.
func undecidedYet(r *client.Refused) bool {
	return r != nil && r.Condition == "temporary-auth-failure" && r.Text == auth.ReasonKeysUnavailable.ClientText()
}

func ecKey(t *testing.T) (signing keys.SigningKey, public []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if signing, err = keys.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		"ES256"); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return signing, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
