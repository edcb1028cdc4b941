package prosody_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// parentEnv makes this test program the parent that dies: it holds the folder for its Prosody.
const parentEnv = "USHER_TEST_PROSODY_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		parent(dir)
		return
	}
	os.Exit(m.Run())
}

// parent starts a Prosody, says its process id and waits to be killed.
func parent(dir string) {
	server, err := prosody.Start(context.Background(), prosody.Config{Dir: dir, Hosts: []prosody.Host{ownAccounts}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(server.PID())
	time.Sleep(time.Minute)
}

func TestDeathOfTheParent(t *testing.T) {
	t.Parallel()
	prosodytest.Require(t, "")
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), parentEnv+"="+t.TempDir())
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	_ = command.Process.Kill()
	_ = command.Wait()
	if err != nil {
		t.Fatalf("the parent said %q", line)
	}
	for range 500 {
		if gone(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	t.Error("prosody outlives the program that started it")
}

// gone also takes a zombie for gone: who reaps orphans, and when, is the machine's business.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return errors.Is(err, os.ErrNotExist) || strings.Contains(string(stat), ") Z ")
}
