package rooms

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"usher/e2e/child"
	"usher/e2e/world"
)

// floodEnv has the test program be the process that floods an address.
const floodEnv = "USHER_TEST_FLOOD"

// TestFloodProcess is not a test, but that process: it holds connections on which nothing is asked, and opens more.
func TestFloodProcess(t *testing.T) {
	address := os.Getenv(floodEnv)
	if address == "" {
		t.Skip("runs as a process of TestFloodedDoor")
	}
	held := make([]net.Conn, 0, 2000)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		nc, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			continue // the kernel's queue is full: that is a flood, too
		}
		if held = append(held, nc); len(held) == 1200 {
			fmt.Println("flooding")
		}
		if len(held) > 1200 {
			if len(held) == cap(held) {
				_ = held[0].Close()
				held = append(held[:0], held[1:]...)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// flood has another process hold connections at the HTTP door until the test ends.
func flood(t *testing.T, w *world.World) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestFloodProcess$")
	cmd.Env = append(os.Environ(), floodEnv+"="+w.Usher.HTTP)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "flooding" {
			return
		}
	}
	t.Fatal("the flood ended")
}

// TestFloodedDoor: while another process fills the HTTP door with connections that ask nothing, people log in and
// join, and what they are is what their tokens say.
func TestFloodedDoor(t *testing.T) {
	world.Each(t, world.Options{}, func(t *testing.T, w *world.World) {
		flood(t, w)
		for i := range 5 {
			name := fmt.Sprint("flooded", i)
			began := time.Now()
			w.Moderator(t, "alice", name).JoinsAs(world.Room(name), "moderator/owner")
			w.Participant(t, "bob", name).JoinsAs(world.Room(name), "participant/member")
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("two logins and two joins took %v", took)
			}
		}
	})
}
