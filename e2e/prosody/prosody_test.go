package prosody_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/e2e/child"
	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

const host = "meet.example.com"

var ownAccounts = prosody.Host{
	Name: host, Lines: `authentication = "internal_plain"`, Accounts: map[string]string{"alice": `s"ec\ret`},
}

// dial logs in and leaves at once; the server has an account for alice.
func dial(t *testing.T, server *prosody.Server, domain, password string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	session, err := client.Dial(ctx, client.Plain("alice", password).At(server.C2S(), domain))
	if err != nil {
		return err
	}
	return session.Close()
}

func accepts(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		server := prosodytest.Start(t, prosody.Config{Version: v, Hosts: []prosody.Host{ownAccounts}})
		if got := server.Install(); got.Version != v || !strings.HasPrefix(got.Release, string(v)+".") {
			t.Errorf("started %+v", got)
		}
		if err := dial(t, server, host, `s"ec\ret`); err != nil {
			t.Error(err)
		}
		refused, ok := errors.AsType[*client.Refused](dial(t, server, host, "wrong"))
		if !ok || refused.Condition != "not-authorized" {
			t.Errorf("a wrong password: %v", refused)
		}
		if err := dial(t, server, "other.example.com", "x"); err == nil {
			t.Error("a host that is not served let somebody in")
		}
		if !strings.Contains(server.Log(), "Hello and welcome to Prosody version "+server.Install().Release) {
			t.Errorf("no greeting in the log:\n%s", server.Log())
		}
	})
}

func TestServices(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		server := prosodytest.Start(t, prosody.Config{
			Version: v,
			Modules: []string{"websocket", "bosh"},
			Extra:   "consider_websocket_secure = true\nComponent \"usher." + host + "\"\n  component_secret = \"s\"",
			Hosts:   []prosody.Host{ownAccounts, {Name: "conference." + host, Component: "muc"}},
		})
		for _, addr := range []string{server.C2S(), server.HTTP(), server.Component()} {
			if !accepts(addr) {
				t.Errorf("nobody listens on %s", addr)
			}
		}
	})
}

func TestRestartKeepsPortsAndData(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		server := prosodytest.Start(t, prosody.Config{Version: v, Hosts: []prosody.Host{ownAccounts}})
		addr, pid := server.C2S(), server.PID()
		if err := server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if server.C2S() != addr || server.PID() == pid {
			t.Errorf("%s, process %d became %s, process %d", addr, pid, server.C2S(), server.PID())
		}
		if err := dial(t, server, host, `s"ec\ret`); err != nil {
			t.Error(err)
		}
	})
}

func TestStop(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		server := prosodytest.Start(t, prosody.Config{Version: v, Hosts: []prosody.Host{ownAccounts}})
		if group, err := syscall.Getpgid(server.PID()); err != nil || group == syscall.Getpgrp() {
			t.Errorf("in the process group %d of this program, where Ctrl-C reaches it: %v", group, err)
		}
		begin := time.Now()
		for range 2 {
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(begin); took > 30*time.Second { // half the grace after which it would be killed
			t.Errorf("took %s", took)
		}
		select {
		case <-server.Done():
		default:
			t.Error("stopped but not done")
		}
		if accepts(server.C2S()) {
			t.Error("the port is still open")
		}
		if !strings.Contains(server.Log(), "Shutdown complete") {
			t.Error("it was killed")
		}
	})
}

func TestStopKillsWhatHangs(t *testing.T) {
	t.Parallel() // it waits
	prosodytest.Require(t, "")
	server, err := prosody.Start(t.Context(), prosody.Config{Dir: t.TempDir(), Hosts: []prosody.Host{ownAccounts},
		Grace: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Suspend(server.PID()); err != nil {
		t.Error(err)
	}
	if err := server.Stop(); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("got %v", err)
	}
}

func TestStartFailures(t *testing.T) {
	t.Parallel()
	occupied := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(occupied, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rows := map[string]struct {
		config prosody.Config
		want   string
	}{
		"syntax": {prosody.Config{Extra: "this is not Lua"}, "it exited"},
		"module": {prosody.Config{Modules: []string{"nonesuch"}}, "nonesuch"},
		"no socket": {prosody.Config{Hosts: []prosody.Host{{Name: "a.example",
			Lines: `authentication = "dovecot"; dovecot_auth_socket = "/nonesuch"`}}}, "auth_dovecot"},
		"disabled": {prosody.Config{Hosts: []prosody.Host{{Name: "a.example", Lines: "enabled = false"}}},
			`host "a.example"`},
		"log level":    {prosody.Config{LogLevel: "warn"}, `log level "warn"`},
		"no folder":    {prosody.Config{Dir: occupied}, "creating prosody's folder"},
		"same names":   {prosody.Config{Hosts: []prosody.Host{{Name: host, Component: "muc"}}}, "it exited"},
		"other series": {prosody.Config{Version: "0.9"}, "prosody 0.9 is not installed: run scripts/install.sh"},
	}
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		for name, row := range rows {
			t.Run(name, func(t *testing.T) {
				config := row.config
				config.Hosts = append([]prosody.Host{ownAccounts}, config.Hosts...)
				if config.Version == "" {
					config.Version = v
				}
				if config.Dir == "" {
					config.Dir = t.TempDir()
				}
				server, err := prosody.Start(t.Context(), config)
				if err == nil {
					t.Errorf("started: %v", server.Stop())
				} else if !strings.Contains(err.Error(), row.want) {
					t.Errorf("got %v\nwant %q in it", err, row.want)
				}
			})
		}
	})
}

func TestStartHeedsItsContext(t *testing.T) {
	t.Parallel()
	prosodytest.Require(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	server, err := prosody.Start(ctx, prosody.Config{Dir: t.TempDir(), Hosts: []prosody.Host{ownAccounts}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err == nil {
		t.Error(server.Stop())
	}
}

func TestNoVirtualHost(t *testing.T) {
	t.Parallel()
	_, err := prosody.Start(t.Context(), prosody.Config{Dir: t.TempDir()})
	if err == nil || err.Error() != "prosody needs a virtual host" {
		t.Errorf("got %v", err)
	}
}
