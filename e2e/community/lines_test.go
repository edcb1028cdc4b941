package community

import (
	"os/exec"
	"strings"
	"testing"

	"usher/auth"
	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/internal/prosodyconf"
)

// What `usher prosody` prints for each module works as it stands, without its comment signs.
func TestCommunityLines(t *testing.T) {
	require(t, names)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			d := doors[name]
			eachWith(t, printed, func(t *testing.T, w *world) {
				w.warm(t, d)
				good := d.token(t, "alice")
				w.enter(t, d, "alice", client.Plain("alice", good))
				w.stayFor(t, d, client.Plain("bob", good), auth.ReasonAccountMismatch)
				if w.offersBearer(d) {
					w.enter(t, d, "alice", client.Bearer(good))
				}
				for line := range strings.Lines(w.prosody.Log()) {
					if strings.Contains(line, "Configuration warning") {
						t.Error(line)
					}
				}
			}, name)
		})
	}
}

func printed(t *testing.T, u *daemon.Daemon, d door) (host, before string) {
	t.Helper()
	out, err := exec.Command(daemon.Binary(t), "prosody", "--config", u.Path("usher.yaml")).Output()
	if err != nil {
		t.Fatal(err)
	}
	section := ""
	for line := range strings.Lines(string(out)) {
		if title, ok := strings.CutPrefix(line, "-- mod_auth_"); ok {
			section, _, _ = strings.Cut(strings.NewReplacer(":", " ").Replace(title), " ")
		}
		code, ok := strings.CutPrefix(line, "--   ")
		switch {
		case !ok || strings.HasPrefix(code, "ln -s") || strings.HasPrefix(code, "Environment="):
		case strings.HasPrefix(code, "local "):
			before += code
		case section == d.module:
			host += code
		}
	}
	if host == "" {
		t.Fatalf("nothing about %s in:\n%s", d.module, out)
	}
	return strings.ReplaceAll(host, prosodyconf.Quote("/usr/local/bin/usher-extauth"),
		prosodyconf.Quote(bridge(t, u))), before
}
