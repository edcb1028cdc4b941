package check

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"usher/cmd/usher/cmdline"
	"usher/internal/config/configtest"
)

// runCheck runs usher check as main does, without ending the process.
func runCheck(t *testing.T, args ...string) (string, error) {
	t.Helper()
	t.Setenv("USHER_CHECK_USER", strconv.Itoa(os.Geteuid())) // who tests may have a user usher
	var out bytes.Buffer
	app := &cli.App{Name: "usher", Writer: &out, Commands: []*cli.Command{Command()},
		ExitErrHandler: func(*cli.Context, error) {}}
	err := app.RunContext(t.Context(), append([]string{"usher", "check"}, args...))
	return out.String(), err
}

func TestCheck(t *testing.T) {
	dir := configtest.KeyFolder(t)
	one := "hosts: {h: {issuers: {a: {secret_files: [open.secret]}}}}"
	for _, tt := range []struct {
		name, config, want string
		code               int
	}{
		{"good", strings.ReplaceAll(one, "open", "other"), "usher.yaml: ok: 1 host, 1 issuer, 1 key\n", 0},
		{"warning", one, `usher.yaml:1:42: warning: the secret file "open.secret" is open to every user of this machine — chmod 640 open.secret` +
			"\nusher.yaml: ok: 1 host, 1 issuer, 1 key\n", 0},
		{"one problem", "hosts:", "usher.yaml:1:7: error: hosts has no value — write a mapping, or remove the " +
			"key\n1 problem\n", 1},
		{"two problems", "hosts:\nlog:", "usher.yaml:1:7: error: hosts has no value — write a mapping, or remove " +
			"the key\n" +
			"usher.yaml:2:5: error: log has no value — write a mapping, or remove the key\n2 problems\n", 1},
	} {
		path := configtest.PutFile(t, dir, "usher.yaml", tt.config, 0o640)
		out, err := runCheck(t, "--files-only", "--config", path)
		if out = strings.ReplaceAll(out, dir+"/", ""); out != tt.want || exitCodeOf(err) != tt.code {
			t.Errorf("%s: exit %d, printed:\n%swant %d:\n%s", tt.name, exitCodeOf(err), out, tt.code, tt.want)
		}
	}
}

func TestCheckUsage(t *testing.T) {
	if _, err := runCheck(t, "usher.yaml"); exitCodeOf(err) != 2 || !strings.Contains(err.Error(), "--config") {
		t.Errorf("an argument: %v", err)
	}
	out, err := runCheck(t, "--help")
	if err != nil || !strings.Contains(out, "usher check --config /etc/usher/usher.yaml") {
		t.Errorf("help without example (%v):\n%s", err, out)
	}
}

func exitCodeOf(err error) int {
	if e, ok := errors.AsType[cmdline.ExitError](err); ok {
		return e.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}
