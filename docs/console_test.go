package docs

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/ports"
)

const base = `
listen: {http: "127.0.0.1:8280", dovecot: /run/usher/auth.sock, admin: /run/usher/admin.sock, metrics: "127.0.0.1:9280"}
http_secret_file: /etc/usher/http.secret
state: "memory:"
hosts:
  meet.example.com:
    muc: [conference.meet.example.com]
    issuers:
      my-app: {secret_files: [/etc/usher/my-app.secret], algorithms: [HS256], audience: [jitsi]}
`

// TestExplanation: a refusal looks as the page shows it, which leaves lines out where it has dots.
func TestExplanation(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "docs") // an explanation cuts long names, and $TMPDIR may be one
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := putConfig(t, dir, base)
	claims := map[string]any{"iss": "my-app", "aud": "jitsi", "sub": "meet.example.com", "room": "*", "exp": 1700000000}
	cmd := usher(t, "token", "explain", "--config", config, "--host", "meet.example.com", signed(t, dir, claims))
	out, _ := cmd.Output() // it is refused: exit 1
	times := regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	got := strings.Split(strings.ReplaceAll(times.ReplaceAllString(string(out), "T"), dir, ""), "\n")
	n := 0
	for _, b := range blocksOf(t, "console") {
		if !strings.Contains(b.text, "usher token explain") {
			continue
		}
		n++
		for line := range strings.Lines(times.ReplaceAllString(b.text, "T")) {
			line = strings.TrimSuffix(line, "\n")
			if !strings.HasPrefix(line, "$ ") && line != "…" && !slices.Contains(got, line) {
				t.Errorf("%v: there is no line %q in\n%s", b, line, out)
			}
		}
	}
	if n == 0 {
		t.Error("no page shows an explanation")
	}
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return string(out)
}

// TestTicket: what the page gives to paste for a ticket is answered as it shows.
func TestTicket(t *testing.T) {
	address := freeAddress(t)
	dir := t.TempDir()
	addresses := strings.NewReplacer("127.0.0.1:8280", address, "127.0.0.1:9280", freeAddress(t))
	config := putConfig(t, dir, addresses.Replace(base))
	serve(t, config, address)
	token := output(t, usher(t, "token", "mint", "--config", config, "--user", "alice"))
	secret, err := os.ReadFile(dir + "/etc/usher/http.secret")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, b := range blocksOf(t, "console") {
		command, answer, _ := strings.Cut(b.text, "\n")
		if !strings.HasPrefix(command, "$ curl ") {
			continue
		}
		n++
		cmd := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(command[2:], "127.0.0.1:8280", address))
		cmd.Env = append(os.Environ(), "TOKEN="+strings.TrimSpace(token), "SECRET="+strings.TrimSpace(string(secret)))
		got := regexp.MustCompile(`"ut-[^"]*"`).ReplaceAllString(output(t, cmd), `"ut-…"`)
		if strings.TrimSpace(got) != strings.TrimSpace(answer) {
			t.Errorf("%v: the answer is %s", b, got)
		}
	}
	if n == 0 {
		t.Error("no page asks for a ticket")
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := ports.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// serve runs the daemon until the test ends.
func serve(t *testing.T, config, address string) {
	t.Helper()
	file, err := usherBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, "serve", "--config", config)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := <-ended; err != nil {
			t.Errorf("usher serve: %v\n%s", err, &log)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		if c, err := new(net.Dialer).DialContext(ctx, "tcp", address); err == nil {
			_ = c.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("usher serve: %v\n%s", err, &log)
		case <-ctx.Done():
			t.Fatalf("usher serve does not listen\n%s", &log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestToken: the token that a page shows is let in, once it is signed and its times are of now.
func TestToken(t *testing.T) {
	dir := t.TempDir()
	config := putConfig(t, dir, base)
	for _, b := range blocksOf(t, "json") {
		var claims map[string]any
		if err := json.Unmarshal([]byte(b.text), &claims); err != nil {
			t.Errorf("%v: %v", b, err)
			continue
		}
		claims["iat"], claims["exp"] = time.Now().Unix(), time.Now().Add(time.Hour).Unix()
		cmd := usher(t, "token", "explain", "--config", config, "--room", "standup", signed(t, dir, claims))
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "owner") {
			t.Errorf("%v: %v\n%s", b, err, out)
		}
	}
}

// signed makes a token with the secret that putConfig wrote.
func signed(t *testing.T, dir string, claims map[string]any) string {
	t.Helper()
	secret, err := os.ReadFile(dir + "/etc/usher/my-app.secret")
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	encoded := base64.RawURLEncoding.EncodeToString
	text := encoded([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encoded(payload)
	mac := hmac.New(sha256.New, bytes.TrimSuffix(secret, []byte("\n")))
	mac.Write([]byte(text))
	return text + "." + encoded(mac.Sum(nil))
}
