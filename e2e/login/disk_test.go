package login

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"usher/auth/authtest"
	"usher/e2e/daemon"
)

// smallDisk mounts a file system of its own, or skips the test where that is not allowed.
func smallDisk(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a file system")
	}
	dir, image := t.TempDir(), filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, make([]byte, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][]string{{"mkfs.ext4", "-q", "-F", "-m", "0", image}, {"mount", "-o", "loop", image, dir}} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Skipf("a file system cannot be made here: %v: %s", err, out)
		}
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// onDisk starts a daemon whose state is in a folder.
func onDisk(t *testing.T, dir string) *daemon.Daemon {
	t.Helper()
	d := daemon.New(t)
	d.Write("usher.yaml", fmt.Sprintf("state: sqlite:%s\nlisten: {dovecot: %s, metrics: %s, admin: %s}\nhosts:\n  %s:\n"+
		"    issuers: {%s: {secret_files: [my-app.secret], audience: [%s]}}\n", filepath.Join(dir, "usher.db"),
		d.Path("auth.sock"), d.Path("metrics.sock"), d.Path("admin.sock"), meet, authtest.Issuer, authtest.Audience))
	d.Start()
	return d
}

// doorLogin asks the Dovecot door as mod_auth_dovecot does, and returns its answer and how long it took.
func doorLogin(t *testing.T, d *daemon.Daemon, user string) (answer string, took time.Duration) {
	t.Helper()
	c, err := net.Dial("unix", d.Path("auth.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second)) // much more than a daemon takes that answers at all
	token := authtest.Token(t, authtest.Claims(meet, map[string]any{
		"context": map[string]any{"user": map[string]any{"id": user}}}))
	response := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + token))
	began := time.Now()
	fmt.Fprintf(c, "VERSION\t1\t1\nCPID\t1\nAUTH\t1\tPLAIN\tservice=%s\tresp=%s\n", meet, response)
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if word, _, _ := strings.Cut(lines.Text(), "\t"); word == "OK" || word == "FAIL" {
			return lines.Text(), time.Since(began)
		}
	}
	t.Fatal("no answer")
	return "", 0
}

func isTemporary(answer string) bool {
	return strings.HasPrefix(answer, "FAIL") && strings.Contains(answer, "\ttemp")
}

// freeze freezes the file system of a folder until thaw is called, which may be called again, or skips the test where that
// is not allowed.
func freeze(t *testing.T, dir string) (thaw func()) {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetInt(int(f.Fd()), fiFreeze, 0); err != nil {
		_ = f.Close()
		t.Skipf("it cannot be frozen here: %v", err)
	}
	thaw = sync.OnceFunc(func() {
		if err := errors.Join(unix.IoctlSetInt(int(f.Fd()), fiThaw, 0), f.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(thaw)
	return thaw
}

// FIFREEZE and FITHAW of linux/fs.h.
const (
	fiFreeze = 0xc0045877
	fiThaw   = 0xc0045878
)

// TestFrozenDisk: a file system that is frozen under the state costs the one login that writes a second, and others a
// temporary failure at once; the daemon says so, and goes on when it is back.
func TestFrozenDisk(t *testing.T) {
	disk := smallDisk(t)
	d := onDisk(t, disk)
	for _, user := range []string{"ann", "amy", "alice"} {
		time.Sleep(200 * time.Millisecond) // by then the file of the state has those before
		if answer, _ := doorLogin(t, d, user); !strings.HasPrefix(answer, "OK") {
			t.Fatal(answer)
		}
	}
	thaw := freeze(t, disk) // at once: the file of the state does not have alice yet
	if answer, took := doorLogin(t, d, "bob"); !isTemporary(answer) || took > 3*time.Second {
		t.Errorf("the login that hangs: %q after %v", answer, took)
	}
	var times []time.Duration
	for i := range 21 {
		answer, took := doorLogin(t, d, fmt.Sprint("eve", i))
		if !isTemporary(answer) {
			t.Errorf("login %d: %q", i, answer)
		}
		times = append(times, took)
	}
	if slices.Sort(times); times[10] > 100*time.Millisecond { // who waits in a queue waits 250 ms
		t.Errorf("the others waited %v", times)
	}
	if said := d.Status(t); !strings.Contains(said, "STUCK") || !strings.Contains(said, "is not ready") {
		t.Errorf("status says\n%s", said)
	}
	thaw()
	authtest.Await(t, "a login after the thaw", func() bool {
		answer, _ := doorLogin(t, d, "carol")
		return strings.HasPrefix(answer, "OK")
	})
	d.Kill()
	d.Start()
	if list := d.Run(t, "sessions", "list"); !strings.Contains(list, "alice@") || !strings.Contains(list, "carol@") {
		t.Errorf("after a kill there are\n%s", list)
	}
}

// TestFullDisk: a disk that is full under the state makes logins temporary failures, and loses none that was answered.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t)
	d := onDisk(t, disk)
	ballast, err := os.Create(filepath.Join(disk, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer ballast.Close()
	for size := 1 << 20; size >= 1<<10; { // to the last KiB
		if _, err := ballast.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	var let []string
	answer := ""
	for i := 0; !isTemporary(answer); i++ {
		user := fmt.Sprint("user", i)
		if answer, _ = doorLogin(t, d, user); strings.HasPrefix(answer, "OK") {
			let = append(let, user)
		} else if !isTemporary(answer) {
			t.Fatal(answer)
		}
		if i > 1000 {
			t.Fatal("the disk is not full")
		}
	}
	if err := ballast.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if answer, _ := doorLogin(t, d, "later"); !strings.HasPrefix(answer, "OK") {
		t.Errorf("with place again: %q", answer)
	}
	d.Kill()
	d.Start()
	list := d.Run(t, "sessions", "list")
	for _, user := range append(let, "later") {
		if !strings.Contains(list, user+"@") {
			t.Errorf("%s was let in, and is lost", user)
		}
	}
	t.Logf("%d logins before it was full", len(let))
}
