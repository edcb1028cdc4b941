package try

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"usher/e2e/daemon"
	"usher/e2e/world"
)

// TestAllIsWell: with all parts in order each hop passes, by the gateway and by Prosody's port, and nothing stays
// behind.
func TestAllIsWell(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{Gateway: gateway}, func(t *testing.T, w *world.World) {
		for _, args := range [][]string{
			{"--url", "ws://" + w.Usher.Gateway}, {"--c2s", w.Prosody.C2S(), "--host", world.Meet},
		} {
			r := try(t, w, args...)
			r.isWell(t)
			leavesNothing(t, w, r)
		}
	})
}

// TestInterrupted: what is interrupted in the middle leaves nothing behind either.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{Slowly: 5 * time.Second})
	cmd := exec.Command(daemon.Binary(t), "try", "--c2s", w.Prosody.C2S(), "--config", w.Usher.Path("usher.yaml"))
	mark := w.Usher.Mark()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Usher.Await(t, mark, "login allowed")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it says that all is well")
	}
	if list := w.Usher.Run(t, "sessions", "list", "--json"); strings.Contains(list, "usher-try") {
		t.Errorf("the session is still there: %s", list)
	}
}

// leavesNothing wants neither the session nor the room to be there any more.
func leavesNothing(t *testing.T, w *world.World, r report) {
	t.Helper()
	if list := w.Usher.Run(t, "sessions", "list", "--json"); strings.Contains(list, "usher-try") {
		t.Errorf("the session is still there: %s", list)
	}
	if features, err := w.Focus(t).Features(world.Within(t), r.Room); err == nil {
		t.Errorf("the room %s is still there: %s", r.Room, features)
	}
}
