package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/auth/authtest"
)

// communitySecret is what Prosody's modules show to the HTTP door.
const communitySecret = "0f4c1b7d9e2a6835c4d1e7f0a9b8c6d5"

// usherProcess is a daemon that can be stopped and killed. It keeps its folder, and so its addresses.
type usherProcess struct {
	t    testing.TB
	dir  string
	http string // host:port

	gateway string // host:port, where there is one
	binary  string
	cmd     *exec.Cmd
	done    chan struct{}
	socket  *os.File // the Dovecot socket, if it is held for the daemon as usher.socket does
}

// startUsher starts a daemon with the virtual hosts of these doors. It ends with the test.
func startUsher(t testing.TB, names []string) *usherProcess {
	t.Helper()
	dir, err := os.MkdirTemp("", "usher") // a test's own folder is too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	u := &usherProcess{t: t, dir: dir, http: freeAddress(t), binary: os.Getenv(binaryEnv)}
	u.write("usher.yaml", u.config(names))
	u.write("my-app.secret", authtest.Secret)
	u.write("http.secret", communitySecret)
	u.start()
	t.Cleanup(u.kill)
	return u
}

func (u *usherProcess) config(names []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "state: memory:\nlisten:\n  dovecot: %s\n  extauth: %s\n  http: %s\n  metrics: %s\n  admin: %s\n",
		u.path("auth.sock"), u.path("extauth.sock"), u.http, u.path("metrics.sock"), u.path("admin.sock"))
	b.WriteString("http_secret_file: http.secret\nhosts:\n")
	for _, name := range names {
		fmt.Fprintf(&b, "  %s:\n    issuers:\n      %s:\n        secret_files: [my-app.secret]\n        audience: [%s]\n",
			communityDoors[name].host, authtest.Issuer, authtest.Audience)
		fmt.Fprintf(&b, "    service_accounts: [focus@%s]\n", communityDoors[name].host)
	}
	return b.String()
}

// scrape returns what Prometheus would see.
func (u *usherProcess) scrape(t testing.TB) string {
	t.Helper()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", u.path("metrics.sock"))
	}
	transport := &http.Transport{DialContext: dial}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("http://usher/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// hold keeps the Dovecot socket open while the daemon is away. Without that a Prosody that connects in between never
// connects again: its module keeps a socket on which connect failed.
func (u *usherProcess) hold() {
	u.t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: u.path("auth.sock")})
	if err != nil {
		u.t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if u.socket, err = l.File(); err != nil {
		u.t.Fatal(err)
	}
	_ = l.Close()
	u.t.Cleanup(func() { _ = u.socket.Close() })
}

func (u *usherProcess) path(name string) string { return filepath.Join(u.dir, name) }
func (u *usherProcess) url(path string) string  { return "http://" + u.http + path }

func (u *usherProcess) write(name, content string) {
	u.t.Helper()
	if err := os.WriteFile(u.path(name), []byte(content), 0o600); err != nil {
		u.t.Fatal(err)
	}
}

func (u *usherProcess) read(name string) string {
	u.t.Helper()
	b, err := os.ReadFile(u.path(name))
	if err != nil {
		u.t.Fatal(err)
	}
	return string(b)
}

// freeAddress is below the ports that the kernel gives to outgoing connections, so that it is still free for a restart.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

// start returns when the daemon says that it is ready.
func (u *usherProcess) start() {
	u.t.Helper()
	log, err := os.OpenFile(u.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		u.t.Fatal(err)
	}
	defer log.Close()
	mark := u.mark(u.t)
	u.cmd = exec.Command(u.binary, "serve", "--config", u.path("usher.yaml"))
	if u.socket != nil { // as systemd does it; LISTEN_PID must be the program's own
		u.cmd = exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$@"`, "sh", u.binary, "serve", "--config", u.path("usher.yaml"))
		u.cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=dovecot")
		u.cmd.ExtraFiles = []*os.File{u.socket}
	}
	u.cmd.Stderr = log
	u.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	u.done = make(chan struct{})
	started := make(chan error)
	go u.own(started)
	if err := <-started; err != nil {
		u.t.Fatal(err)
	}
	u.await(u.t, mark, `status="serving `) // ready, or not ready yet, as a component that is not there
}

// own keeps the thread that started the child: the kernel kills the child when that thread ends.
func (u *usherProcess) own(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(u.done)
	err := u.cmd.Start()
	started <- err
	if err == nil {
		_ = u.cmd.Wait()
	}
}

func (u *usherProcess) signal(s syscall.Signal) {
	u.t.Helper()
	if err := u.cmd.Process.Signal(s); err != nil {
		u.t.Error(err)
	}
}

// stop ends it as systemd does, and wants it to end by itself.
func (u *usherProcess) stop() {
	u.t.Helper()
	mark := u.mark(u.t)
	u.signal(syscall.SIGTERM)
	select {
	case <-u.done:
	case <-time.After(10 * time.Second):
		u.t.Error("usher does not stop")
		u.kill()
	}
	if log := u.log()[mark:]; !strings.Contains(log, "msg=stopped") {
		u.t.Errorf("usher did not stop by itself:\n%s", log)
	}
}

// kill ends it at once, stopped or not. Killing what is dead is fine.
func (u *usherProcess) kill() {
	_ = u.cmd.Process.Kill()
	<-u.done
}

// mark is a place in the log, for await.
func (u *usherProcess) mark(t testing.TB) int { t.Helper(); return len(u.log()) }

func (u *usherProcess) log() string {
	b, err := os.ReadFile(u.path("log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// await waits until the log has text behind the mark.
func (u *usherProcess) await(t testing.TB, mark int, text string) {
	t.Helper()
	u.awaitFor(t, mark, text, 3*time.Second)
}

func (u *usherProcess) awaitFor(t testing.TB, mark int, text string, most time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(u.log()[mark:], text) {
			return
		}
		select {
		case <-u.done:
			t.Fatalf("usher has ended:\n%s", u.log()[mark:])
		default:
		}
	}
	t.Errorf("usher did not log %q but:\n%s", text, u.log()[mark:])
}

// ticket asks usher for a ticket, as a portal does that has the user's token.
func (u *usherProcess) ticket(t testing.TB, d communityDoor, token string) string {
	t.Helper()
	status, body := u.askTicket(t, d, token)
	var answer struct{ Account, Ticket string }
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK || answer.Ticket == "" {
		t.Fatalf("no ticket: %d %q", status, body)
	}
	return answer.Ticket
}

// askTicket returns the status and the body of the answer.
func (u *usherProcess) askTicket(t testing.TB, d communityDoor, token string) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u.url("/auth/ticket?host="+d.host+"&key="+communitySecret), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// polyglotToken is a token as JWS JSON: good for signed, while members that nobody signed name outer and make it a moderator.
func polyglotToken(t testing.TB, host, signed, outer string) string {
	t.Helper()
	parts := strings.Split(token(t, host, called(signed)), ".")
	members := authtest.Claims(host, called(outer))
	maps.Copy(members, map[string]any{"payload": parts[1], "protected": parts[0], "signature": parts[2]})
	return marshal(t, members)
}

// generalPolyglot has the other of the two forms of RFC 7515 section 7.2.
func generalPolyglot(t testing.TB, host, account string) string {
	t.Helper()
	parts := strings.Split(token(t, host, called(account)), ".")
	return marshal(t, map[string]any{"payload": parts[1], "sub": host,
		"signatures": []any{map[string]any{"protected": parts[0], "signature": parts[2]}}})
}

func marshal(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
