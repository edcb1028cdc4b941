package keyfile

import (
	"bufio"
	"crypto/sha256"
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
