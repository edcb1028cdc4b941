package try

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/nginx"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/world"
)

// TestStartTLS: at Prosody's port the certificate of the host is looked at. At an address of this machine's own a bad
// one keeps nothing else from being tried.
func TestStartTLS(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := withoutComponent(t)
		for name, mend := range map[string]string{
			world.Meet: "", "localhost": "have Prosody use the certificate of " + world.Meet,
		} {
			dir := t.TempDir()
			cert, key := filepath.Join(dir, "a.crt"), filepath.Join(dir, "a.key")
			if err := nginx.WriteCertificate(cert, key, name); err != nil {
				t.Fatal(err)
			}
			tls := fmt.Sprintf("ssl = { certificate = %q; key = %q }\n", cert, key)
			p := prosodytest.Start(t, prosody.Config{Version: v, Modules: []string{"tls"},
				Extra: "plugin_paths = { " + world.ModulePaths(t) + " }\n", Hosts: []prosody.Host{
					{Name: world.Meet, Lines: dovecot(w.Usher.Path("auth.sock")) + tls},
					{Name: world.Conference, Component: "muc", Lines: roomLines(w)},
				}})
			r := try(t, w, "--c2s", p.C2S(), "--ca-file", cert)
			if name == world.Meet {
				r.isWell(t)
				if h := r.hop("certificate"); !strings.HasPrefix(h.Seen, "good for "+world.Meet) {
					t.Errorf("%+v", h)
				}
				continue
			}
			r.stopsAt(t, "certificate", "is for localhost, not for "+world.Meet, mend)
			if h := r.hop("role"); h.State != "passed" {
				t.Errorf("%+v", h)
			}
		}
	})
}

// TestNoLoginBehindTLS: where the authentication did not load, the login says so, and not the certificate, which has a
// fault of its own.
func TestNoLoginBehindTLS(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := withoutComponent(t)
		dir := t.TempDir()
		cert, key := filepath.Join(dir, "a.crt"), filepath.Join(dir, "a.key")
		if err := nginx.WriteCertificate(cert, key, world.Meet); err != nil {
			t.Fatal(err)
		}
		p := prosodytest.Start(t, prosody.Config{Version: v, Modules: []string{"tls"}, Lame: true, Hosts: []prosody.Host{
			{Name: world.Meet, Lines: dovecot(w.Usher.Path("else.sock")) +
				fmt.Sprintf("ssl = { certificate = %q; key = %q }\n", cert, key)}}})
		const lines = "usher prosody prints the lines of VirtualHost"
		r := try(t, w, "--c2s", p.C2S(), "--ca-file", cert)
		r.stopsAt(t, "login", "is not connected to "+w.Usher.Path("auth.sock"), lines)
		r = try(t, w, "--c2s", p.C2S())
		for _, want := range []hop{
			{Name: "certificate", Seen: "signed by nobody but itself", Mend: "clients believe (certbot), and have Prosody use"},
			{Name: "login", Seen: "is not connected to", Mend: lines},
		} {
			h := r.hop(want.Name)
			if h.State != "failed" || !strings.Contains(h.Seen, want.Seen) || !strings.Contains(h.Mend, want.Mend) {
				t.Errorf("%+v", h)
			}
		}
	})
}
