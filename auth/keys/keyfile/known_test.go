package keyfile

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write known_secrets.bin anew")

const knownList = "../../../../shared/vectors/weak-secrets/jwt.secrets.list"

// knownSecrets reads the public list where it is present.
func knownSecrets(t *testing.T) []string {
	f, err := os.Open(knownList)
	if err != nil {
		t.Skipf("the public list of known secrets is not here: %v", err)
	}
	defer f.Close()
	var secrets []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if len(lines.Text()) >= minSecret {
			secrets = append(secrets, lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return secrets
}

func TestKnownSecrets(t *testing.T) {
	secrets := knownSecrets(t)
	if *update {
		writeKnownDigests(t, secrets)
	}
	if len(secrets) < 1800 {
		t.Fatalf("only %d secrets in the list", len(secrets))
	}
	for _, s := range secrets {
		if _, err := ReadSecret([]byte(s+"\n"), Plain, false); err == nil {
			t.Errorf("known secret of %d bytes accepted", len(s))
		}
	}
}

// TestKnownExamples: secrets of the list, the first and the last by their digests among them, are refused also where the
// list is not at hand, however they are encoded, and although a short one would pass.
func TestKnownExamples(t *testing.T) {
	for _, s := range []string{
		"GNmsc93UH6XIQsAiKQrF6G4uXl6QesDS", "X3Fcd2N4rEkOR5AmhtY4mRBR3Ob2Ag1KC5GY8UhKAm2SbLPdfQqoEkkWbB7AdMlV",
		"pleaseChangeThisSecretForANewOne", "supersecretkeyyoushouldnotcommittogithub",
	} {
		for _, weak := range []bool{false, true} {
			for content, encoding := range map[string]Encoding{
				s: Plain, s + "\n": Plain, base64.StdEncoding.EncodeToString([]byte(s)): Base64,
			} {
				if _, err := ReadSecret([]byte(content), encoding, weak); !errors.Is(err, errKnownSecret) {
					t.Errorf("a known secret of %d bytes, %s: %v", len(s), encoding, err)
				}
			}
		}
		if _, err := ReadSecret([]byte(s), Base64, true); !errors.Is(err, errKnownSecret) {
			t.Errorf("a known secret of %d bytes, taken for base64: %v", len(s), err)
		}
		if _, err := ReadSecret([]byte(s+"x"), Plain, false); err != nil {
			t.Errorf("one that begins with a known one: %v", err)
		}
	}
}

func TestUnknownSecret(t *testing.T) {
	if _, err := ReadSecret([]byte(strings.Repeat("k3", 20)), Plain, false); err != nil {
		t.Error(err)
	}
}

func writeKnownDigests(t *testing.T, secrets []string) {
	var digests []string
	for _, s := range secrets {
		d := sha256.Sum256([]byte(s))
		digests = append(digests, string(d[:knownDigestSize]))
	}
	slices.Sort(digests)
	text := strings.Join(slices.Compact(digests), "")
	if err := os.WriteFile("known_secrets.bin", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	knownDigests = []byte(text)
}
