package listen

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func environment(pid, fds, names string) func(string) string {
	return func(key string) string {
		return map[string]string{"LISTEN_PID": pid, "LISTEN_FDS": fds, "LISTEN_FDNAMES": names}[key]
	}
}

func TestPassedNames(t *testing.T) {
	for _, row := range []struct {
		pid, fds, names string
		want            []string
		bad             bool
	}{
		{"", "", "", nil, false}, {"8", "1", "dovecot", nil, false}, {"07", "1", "dovecot", nil, false},
		{"7", "0", "", nil, false}, {"7", "1", "dovecot", []string{"dovecot"}, false},
		{"7", "2", "dovecot:dovecot-conn", []string{"dovecot", "dovecot-conn"}, false},
		{"7", "1", "", []string{""}, false}, {"7", "2", "dovecot", nil, true}, {"7", "1", "a:b", nil, true},
		{"7", "", "dovecot", nil, true}, {"7", "-1", "dovecot", nil, true}, {"7", "x", "dovecot", nil, true},
		{"7", "2000000000", "dovecot", nil, true}, {"7", "99999999999999999999", "", nil, true},
	} {
		got, err := passedNames(7, environment(row.pid, row.fds, row.names))
		if !slices.Equal(got, row.want) || (err != nil) != row.bad {
			t.Errorf("%+v: %q, %v", row, got, err)
		}
	}
}

// FuzzPassedNames: there are as many names as descriptors, in their order, or none; and never more than the bound.
func FuzzPassedNames(f *testing.F) {
	f.Add("7", "2", "dovecot:dovecot-conn")
	f.Add("7", "1024", strings.Repeat(":", 1023))
	f.Add("8", "+1", "")
	f.Fuzz(func(t *testing.T, pid, fds, names string) {
		got, err := passedNames(7, environment(pid, fds, names))
		if len(got) == 0 {
			return
		}
		if n, bad := strconv.Atoi(fds); err != nil || bad != nil || n != len(got) || n > mostPassed || pid != "7" ||
			strings.Join(got, ":") != names {
			t.Errorf("%q, %q, %q: %q, %v", pid, fds, names, got, err)
		}
	})
}

const passedHelper = "USHER_TEST_PASSED"

// TestMain is also the process to which descriptors are passed: it says what it has found.
func TestMain(m *testing.M) {
	if os.Getenv(passedHelper) == "" {
		os.Exit(m.Run())
	}
	p, err := TakePassed()
	for _, s := range p.Sockets {
		os.Stdout.WriteString("socket " + s.Name + " " + s.Addr().String() + "\n")
	}
	for _, c := range p.Connections {
		os.Stdout.WriteString("connection " + c.Name + " " + c.LocalAddr().String() + "\n")
		_, _ = c.Write([]byte("hello\n"))
	}
	if err != nil {
		os.Stdout.WriteString("error " + err.Error() + "\n")
	}
	if os.Getenv("LISTEN_FDS") != "" {
		os.Stdout.WriteString("the variables are still there\n")
	}
	os.Exit(0)
}

// passTo starts the process with these descriptors, as systemd does, and returns what it says.
func passTo(t *testing.T, names string, files ...*os.File) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), passedHelper+"=1", "LISTEN_FDS="+strconv.Itoa(len(files)), "LISTEN_FDNAMES="+names)
	cmd.ExtraFiles = files
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", said, err)
	}
	return string(said)
}

// TestTakePassed: sockets and connections are told apart, by what they are and not by what they are called.
func TestTakePassed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	client, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	accepted, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	socket, err := l.File()
	conn, other := accepted.File()
	if err != nil || other != nil {
		t.Fatal(err, other)
	}
	_ = accepted.Close()
	said := passTo(t, "dovecot-conn:dovecot", socket, conn)
	if want := "socket dovecot-conn " + path + "\nconnection dovecot " + path + "\n"; said != want {
		t.Errorf("%s, want\n%s", said, want)
	}
	_ = client.SetReadDeadline(time.Now().Add(10 * time.Second))
	if line, err := bufio.NewReader(client).ReadString('\n'); line != "hello\n" {
		t.Errorf("the client got %q, %v", line, err)
	}
	devNull, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = devNull.Close() }()
	for name, said := range map[string]string{
		"a file": passTo(t, "dovecot", devNull), "closed": passTo(t, "a:b", devNull),
	} {
		if !strings.HasPrefix(said, "error ") {
			t.Errorf("%s: %s", name, said)
		}
	}
}
