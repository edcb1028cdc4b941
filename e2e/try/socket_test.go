package try

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/world"
	"usher/internal/prosodyconf"
)

// someone is a user of Prosody's that no other program here is.
const someone = 54321

// TestSocket: Prosody cannot ask usher: it may not open the socket, is not let in, was started before usher, or asks
// elsewhere.
func TestSocket(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := withoutComponent(t)
		was := w.Usher.Read("usher.yaml")
		peers := fmt.Sprintf("peers: [%d]\n", someone)
		for _, row := range []struct {
			name, socket, config string
			uid                  int
			seen, mend           string
		}{
			{"may not open it", w.Usher.Path("auth.sock"), peers + was, someone,
				"may not open " + w.Usher.Path("auth.sock") + ", because of drwx------ root:root " + w.Usher.Path(""),
				"run usher as a user of its own, as deploy/usher.service does"},
			{"not let in", w.Usher.Path("auth.sock"), was, someone,
				"is the user 54321, whom usher does not let in", "add 54321 to peers"},
			{"elsewhere", w.Usher.Path("else.sock"), was, 0,
				"is not connected to " + w.Usher.Path("auth.sock"), "usher prosody prints the lines of VirtualHost"},
		} {
			if row.uid != 0 && (os.Getuid() != 0 || v == "13.0") {
				continue // no other user can start this Prosody
			}
			t.Run(row.name, func(t *testing.T) {
				w.Usher.Kill()
				w.Usher.Write("usher.yaml", row.config)
				w.Usher.Start()
				p := prosodytest.Start(t, prosody.Config{Version: v, Dir: folderOf(t), UID: row.uid, Lame: true,
					Hosts: []prosody.Host{{Name: world.Meet, Lines: dovecot(row.socket)}}})
				r := try(t, w, "--c2s", p.C2S())
				r.stopsAt(t, "Prosody", row.seen, row.mend)
			})
		}
	})
}

func dovecot(socket string) string {
	return fmt.Sprintf("authentication = \"dovecot\"\ndovecot_auth_socket = %q\nservice_name = %q\n", socket, world.Meet)
}

// roomLines are those of the component with rooms.
func roomLines(w *world.World) string {
	secret := "\"Bearer " + daemon.HTTPSecret + "\"\n"
	return "modules_enabled = { \"muc_http_auth\", \"muc_http_defaults\" }\nmuc_room_locking = false\n" +
		"muc_http_auth_url = " + prosodyconf.Quote(w.Usher.URL("/muc/join")) + "\n" +
		"muc_http_auth_authorization_header = " + secret +
		"muc_create_api_url = " + prosodyconf.Quote(w.Usher.URL("/muc/room?jid={room.jid}")) + "\n" +
		"muc_create_api_auth = " + secret
}

// folderOf is a folder that every user may go into.
func folderOf(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "prosody")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// withoutComponent is an usher that runs, and is no component of a Prosody.
func withoutComponent(t testing.TB) *world.World {
	t.Helper()
	w := world.Unstarted(t)
	config := w.Config(world.Options{}, "127.0.0.1:1")
	config = regexp.MustCompile(`(?m)^component: .*\n`).ReplaceAllString(config, "")
	w.Usher.Write("usher.yaml", config)
	w.Usher.Start()
	return w
}
