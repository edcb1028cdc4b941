package image

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"usher/auth/keys"
	"usher/e2e/client"
	"usher/e2e/parts"
	"usher/e2e/prosody"
)

// insideEnv is set in the process that has mounts, a network and process numbers of its own: to the folder of the test.
const insideEnv = "USHER_IMAGE_INSIDE"

const repository = "../.."

// patience covers usher's longest pauses before it tries the component again.
const patience = 45 * time.Second

// TestImage makes the image's root by hand, as docker build does, and starts usher in it as docker run does, read-only,
// with the configuration and the volumes of deploy/docker, and Prosody with its configuration there beside it. Then
// somebody logs in and joins. There is no Docker.
func TestImage(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make a root of its own")
	}
	_, err := prosody.Find("")
	parts.Need(t, err)
	if os.Getenv(insideEnv) == "" {
		reenter(t)
		return
	}
	b := newBox(t, os.Getenv(insideEnv))
	serveNames(t)
	usher := b.run(t, b.image.command...)
	if err := usher.Start(); err != nil {
		t.Fatal(err)
	}
	b.healthUntil(t, "not ready", 1) // nobody has the component
	b.startProsody(t)
	b.healthUntil(t, " is ready", 0)
	b.logIn(t)
	if err := usher.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := usher.Wait(); err != nil {
		t.Errorf("docker stop finds: %v", err)
	}
	b.healthUntil(t, "", 3)
}

// reenter runs the test again in namespaces of its own, which end with it.
func reenter(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "usher") // in which a socket's path stays under its 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	lay(t, dir)
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
		"--mount-proc", "--propagation", "private", test, "-test.run", "^TestImage$", "-test.timeout", "150s")
	cmd.Env = append(os.Environ(), insideEnv+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A box is the image's root, and what a container of it has.
type box struct {
	dir   string // with the folders root, etc, run, state and modules, and the file prosody.cfg.lua
	image image
}

// newBox mounts what docker run mounts.
func newBox(t *testing.T, dir string) *box {
	t.Helper()
	if err := loopbackUp(); err != nil {
		t.Fatal(err)
	}
	mounts := [][]string{
		{"mount", "--bind", dir + "/root/etc/resolv.conf", "/etc/resolv.conf"}, // Prosody's
		{"mount", "--bind", dir + "/root", dir + "/root"},
		{"mount", "-o", "remount,bind,ro", dir + "/root"},
		{"mount", "--bind", dir + "/etc", dir + "/root/etc/usher"},
		{"mount", "-o", "remount,bind,ro", dir + "/root/etc/usher"},
		{"mount", "--bind", dir + "/run", dir + "/root/run/usher"},
		{"mount", "--bind", dir + "/state", dir + "/root/var/lib/usher"},
		{"mount", "-t", "proc", "proc", dir + "/root/proc"},
	}
	for _, args := range mounts {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return &box{dir: dir, image: readImage(t)}
}

// loopbackUp brings the network's own interface up, as Docker does. The program ip is not on every Debian.
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(socket) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo)
}

// run is a command in the container.
func (b *box) run(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: b.dir + "/root", Pdeathsig: syscall.SIGKILL,
		Credential: &syscall.Credential{Uid: b.image.user, Gid: b.image.user}}
	cmd.Stderr = os.Stderr
	return cmd
}

// healthUntil waits until the image's health check ends with a code, and has said something.
func (b *box) healthUntil(t *testing.T, said string, code int) {
	t.Helper()
	var out []byte
	var cmd *exec.Cmd
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		cmd = b.run(t, b.image.health...)
		cmd.Stderr = nil
		out, _ = cmd.Output() // the code is asked below
		if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == code && strings.Contains(string(out), said) {
			return
		}
	}
	t.Fatalf("%v: %v instead of %d and %q\n%s", b.image.health, cmd.ProcessState, code, said, out)
}

// startProsody starts it as the number that the configuration lets in, in the group of the volume.
func (b *box) startProsody(t *testing.T) {
	t.Helper()
	install, err := prosody.Find("")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), install.Launcher, "-F", "--config", b.dir+"/prosody.cfg.lua")
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", os.Stderr, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL,
		Credential: &syscall.Credential{Uid: prosodyUser, Gid: prosodyUser, Groups: []uint32{b.image.user}}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
}

// logIn logs somebody in whose token says moderator, and joins.
func (b *box) logIn(t *testing.T) {
	t.Helper()
	secret, err := os.ReadFile(filepath.Join(b.dir, "etc", "my-app.secret"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.SecretSigningKey([]byte(strings.TrimSpace(string(secret))), "HS256")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	token, err := keys.Mint(key, "", map[string]any{"iss": "my-app", "aud": "jitsi", "sub": host, "room": "standup",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "moderator": true,
		"context": map[string]any{"user": map[string]any{"id": "alice"}}})
	if err != nil {
		t.Fatal(err)
	}
	alice, err := client.Dial(t.Context(), client.Plain("alice", token).At("127.0.0.1:5222", host))
	if err != nil {
		t.Fatal(err)
	}
	defer alice.Close()
	first, err := alice.Join(t.Context(), "standup@conference."+host, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := alice.Become(t.Context(), "standup@conference."+host, "moderator/owner"); err != nil {
		t.Errorf("%v at first, then %v", first, err)
	}
}

// An image is what the Dockerfile says of its last stage.
type image struct {
	user            uint32
	command, health []string
}

func readImage(t *testing.T) image {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, last, found := strings.Cut(string(text), "\nFROM scratch\n")
	if !found || !regexp.MustCompile(`(?m)^USER 65532:65532$`).MatchString(last) {
		t.Fatal("the last stage is another")
	}
	list := func(instruction string) (words []string) {
		m := regexp.MustCompile(`(?m)^` + instruction + `(\[.*\])$`).FindStringSubmatch(last)
		if m == nil || json.Unmarshal([]byte(m[1]), &words) != nil {
			t.Fatalf("no %s in\n%s", instruction, last)
		}
		return words
	}
	return image{65532, append(list("ENTRYPOINT "), list("CMD ")...), list("HEALTHCHECK .* CMD ")}
}
