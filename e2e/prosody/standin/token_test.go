package standin_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"usher/auth/keys"
	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/internal/prosodyconf"
)

func marshal(c map[string]any) ([]byte, error) { return json.Marshal(c) }

// TestTokens: what the stand-in of mod_auth_token takes and says is what the real one was seen to take and say.
func TestTokens(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		j := start(t, v, secretLine(), "")
		for name, more := range map[string]map[string]any{
			"as minted":     nil,
			"without exp":   {"exp": nil},
			"any audience":  {"aud": "someone"},
			"odd sub":       {"sub": 7},
			"a fraction":    {"exp": 4102444800.5},
			"user_id alone": {"user_id": "alice"},
			"null room":     {"room": json.RawMessage("null")}, // cjson's null is something
		} {
			if _, err := j.dial(meet, token(t, more)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		key := hs256(t)
		for want, bad := range map[string]string{
			"token required":           "",
			"Invalid token":            "a.b",
			"Invalid typ":              sign(t, key, `{"alg":"HS256"}`, claims(nil)),
			"Invalid or incorrect alg": sign(t, key, `{"alg":"RS256","typ":"JWT"}`, claims(nil)),
			"Invalid signature":        token(t, nil) + "x",
			"exp must be number":       token(t, map[string]any{"exp": "1"}),
			"Not acceptable by exp (":  token(t, map[string]any{"exp": 1}),
			"Not acceptable by nbf":    token(t, map[string]any{"nbf": 4102444800}),
			"'iss' claim is missing":   token(t, map[string]any{"iss": nil}),
			"invalid 'iss' claim":      token(t, map[string]any{"iss": "other"}),
			"'aud' claim is missing":   token(t, map[string]any{"aud": nil}),
			"room claim is missing":    token(t, map[string]any{"room": nil}),
			"sub claim is missing":     token(t, map[string]any{"sub": nil}),
		} {
			_, err := j.dial(meet, bad)
			refused, ok := errors.AsType[*client.Refused](err)
			if !ok || refused.Condition != "not-allowed" && refused.Condition != "not-authorized" ||
				!strings.HasPrefix(refused.Text, want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
		if _, err := j.dial(guests, "nonsense"); err != nil {
			t.Errorf("a guest: %v", err)
		}
	})
}

// TestPublicKey: with RS256 Prosody has the public half; a key server beside it makes app_secret count for nothing.
func TestPublicKey(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}
	key, err := keys.ParseSigningKey(pem.EncodeToMemory(block), "RS256")
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	lines := "signature_algorithm = \"RS256\"\napp_secret = " + prosodyconf.Quote(string(public)) + "\n"
	good := sign(t, key, `{"alg":"RS256","typ":"JWT"}`, claims(nil))
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		j := start(t, v, lines, "")
		j.login(meet, good)
		if _, err := j.dial(meet, token(t, nil)); err == nil {
			t.Error("HS256 passed")
		}
		if _, err := j.dial(meet, good[:len(good)-4]+"AAAA"); err == nil {
			t.Error("a bad signature passed")
		}
		j = start(t, v, lines+"asap_key_server = \"http://127.0.0.1:1/\"\n", "")
		_, err := j.dial(meet, good)
		if refused, ok := errors.AsType[*client.Refused](err); !ok || refused.Text != "'kid' claim is missing" {
			t.Errorf("with a key server: %v", err)
		}
	})
}

const verifying = `modules_enabled = { "muc_hide_all", "token_verification", "token_affiliation" }
token_verification_allowlist = { "guest.meet.example.com" }
`

// TestJoins: the room's claim, the tenant, the role, and the room's secrets.
func TestJoins(t *testing.T) {
	moderator := map[string]any{"context": map[string]any{"user": map[string]any{"moderator": true}}}
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		j := start(t, v, secretLine(), verifying)
		j.focus("one")
		j.focus("[acme]one")
		for _, c := range []struct {
			host, token, room, want string
		}{
			{meet, token(t, moderator), "one", "moderator/owner"},
			{meet, token(t, nil), "one", "participant/member"},
			{meet, token(t, map[string]any{"room": "One"}), "one", "participant/member"},
			{meet, token(t, map[string]any{"room": "two"}), "one", "cancel/not-allowed"},
			{meet, token(t, nil), "none", "cancel/not-allowed"},
			{meet, token(t, nil), "[acme]one", "cancel/not-allowed"},
			{meet, token(t, map[string]any{"sub": "acme"}), "[acme]one", "participant/member"},
			{meet, token(t, map[string]any{"sub": "acme"}), "one", "cancel/not-allowed"},
			{meet, token(t, map[string]any{"sub": "*"}), "[acme]one", "participant/member"},
			{guests, "", "one", "participant/none"},
		} {
			s := j.login(c.host, c.token)
			if _, err := s.Features(within(t), c.room+"@"+conference); err == nil {
				t.Errorf("%s told of itself", c.room)
			}
			first, err := s.Join(within(t), c.room+"@"+conference, "me")
			got := first.String()
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%s: got %s, want %s", c.room, got, c.want)
			}
			inside := !strings.Contains(c.want, "not-allowed")
			if _, err := s.Features(within(t), c.room+"@"+conference); (err == nil) != inside {
				t.Errorf("%s told of itself to %s: %v", c.room, got, err)
			}
			_ = s.Close()
		}
	})
}
