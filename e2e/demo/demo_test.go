package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"usher/e2e/browser"
	"usher/e2e/browser/page"
	"usher/e2e/prosody/prosodytest"
)

// TestTour takes the tour, and reads what a newcomer reads.
func TestTour(t *testing.T) {
	prosodytest.Require(t, "")
	folder := t.TempDir()
	t.Setenv("TMPDIR", shortFolder(t))
	usher := filepath.Join(folder, "usher")
	if out, err := exec.Command("go", "build", "-o", usher, "usher/cmd/usher").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	var out bytes.Buffer
	if err := run(t.Context(), &out, usher, true, false); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	wanted := []string{
		`   logged in by PLAIN as alice@meet\.example\.com/`,
		`   an expired token +→ not-authorized: The token has expired\. Ask for a new link or token\.$`,
		`   a wrong signature +→ not-authorized: .`,
		`   somebody else's name +→ not-authorized: .`,
		`   logged in by OAUTHBEARER as alice@meet\.example\.com/`,
		`   [0-9]+ logins meanwhile, none failed$`,
		`   the old secret +→ not-authorized: `,
		`   refused: expired: The token has expired\. Ask for a new link or token\.$`,
		`   usher_auth_requests_total\{door="dovecot",host="meet\.example\.com",issuer="my-app",reason="ok",result="allowed"\}`,
		`Every step came out as it should\.$`,
	}
	if canBrowse() {
		wanted = append(wanted,
			`   https://meet\.example\.com/townhall\?jwt=… +alice, a moderator, by WebSocket +→ moderator/owner$`,
			`   https://meet\.example\.com/townhall\?jwt=… +bob, by BOSH +→ participant/member$`,
			`   https://meet\.example\.com/townhall\?jwt=… +carol, with an expired token +→ refused: The token has expired\. Ask for a new link or token\.$`,
			`   https://meet\.example\.com/townhall +a guest, without a token +→ participant/none$`)
	}
	for _, line := range wanted {
		if !regexp.MustCompile(`(?m)^` + line).MatchString(out.String()) {
			t.Errorf("no line %s in\n%s", line, out.String())
		}
	}
	for _, puzzle := range []string{"component.address", "without an iat", "has no iat"} {
		if strings.Contains(out.String(), puzzle) {
			t.Errorf("a newcomer reads %q in\n%s", puzzle, out.String())
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The main steps want Prosody and nothing else; what is left out is said once, at the end.
func TestMainSteps(t *testing.T) {
	for _, step := range steps(false) {
		if strings.Contains(step.title, "browser") || strings.Contains(step.title, "ejabberd") {
			t.Errorf("%s is not a main step", step.title)
		}
	}
	if all, main := len(steps(true)), len(steps(false)); all != main+2 {
		t.Errorf("%d steps, %d of them main ones", all, main)
	}
	t.Setenv("PATH", t.TempDir()) // no chromium, no erl
	var out bytes.Buffer
	d := &demoWorld{out: &out}
	for _, step := range steps(true) {
		if step.more {
			if err := step.run(t.Context(), d); err != nil {
				t.Errorf("%s: %v", step.title, err)
			}
		}
	}
	d.sayWhatIsLeftOut(true)
	for _, line := range []string{
		"left out: Jitsi's links: chromium is not installed: run scripts/install.sh chromium",
		"left out: ejabberd: ejabberd is not installed: run scripts/install.sh ejabberd",
	} {
		if strings.Count(out.String(), line) != 1 {
			t.Errorf("%q is not there once:\n%s", line, out.String())
		}
	}
}

// canBrowse tells whether the page can be opened. In CI it must be.
func canBrowse() bool {
	_, err := browser.Find()
	if err == nil {
		_, err = page.FindStrophe()
	}
	return err == nil || os.Getenv("CI") != ""
}

// shortFolder is one in which a socket's path stays under its 107 bytes.
func shortFolder(t *testing.T) string {
	dir, err := os.MkdirTemp("/tmp", "usher")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// A program that is not there is named, with what builds it.
func TestWithoutProgram(t *testing.T) {
	err := run(t.Context(), new(bytes.Buffer), filepath.Join(t.TempDir(), "usher"), false, false)
	if err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("%v", err)
	}
}
