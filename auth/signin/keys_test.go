package signin

import (
	"strings"
	"testing"
	"time"
)

// TestKeysApart: the key of a host's tokens is no other host's, no other secret's, and none that cookies are sealed with.
func TestKeysApart(t *testing.T) {
	one, other := []byte(strings.Repeat("a", 32)), []byte(strings.Repeat("b", 32))
	seen := map[string]bool{string(one): true, string(other): true}
	for _, secret := range [][]byte{one, other} {
		for _, host := range []string{"meet.example.com", "meet.example.org", "cookie 1", ""} {
			key, err := TokenSecret(secret, host)
			if err != nil || len(key) != 64 || seen[string(key)] {
				t.Errorf("%q: %q, %v", host, key, err)
			}
			seen[string(key)] = true
			again, err := TokenSecret(secret, host)
			if err != nil || string(again) != string(key) {
				t.Errorf("%q is not the same everywhere: %q, %v", host, again, err)
			}
		}
	}
	box, err := newSealer([][]byte{one})
	if err != nil {
		t.Fatal(err)
	}
	const host, name = "meet.example.com", "__Host-login-AAAAAAAA"
	value, err := box.seal(host, name, time.Now(), &state{State: "s"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := TokenSecret(one, host)
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string][]byte{"another secret": other, "the key of tokens": key} {
		wrong, err := newSealer([][]byte{secret})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wrong.open(host, name, value, &state{}); err == nil {
			t.Errorf("%s opens the cookie", what)
		}
	}
	rotated, err := newSealer([][]byte{other, one})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rotated.open(host, name, value, &state{}); err != nil {
		t.Error(err)
	}
}
