package try

import (
	"os"
	"strings"
	"testing"

	"usher/e2e/daemon"
	"usher/e2e/world"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }

const gateway = `origins: ["https://` + world.Meet + `"]`

// TestAllIsWell: with all parts there each hop passes, nothing stays behind, and no token is printed.
func TestAllIsWell(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{Gateway: gateway}, func(t *testing.T, w *world.World) {
		for _, args := range [][]string{
			{"--url", "ws://" + w.Usher.Gateway}, {"--c2s", w.Prosody.C2S(), "--host", world.Meet},
		} {
			out, err := w.Usher.Try(t, append([]string{"try"}, args...)...)
			if err != nil {
				t.Errorf("usher try %s: %v\n%s\n%s", strings.Join(args, " "), err, out, w.Usher.Log())
			}
			t.Log("\n" + out)
		}
	})
}

func TestRelay(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{Relay: &world.Relay{}}, func(t *testing.T, w *world.World) {
		out, err := w.Usher.Try(t, "try", "--url", "ws://"+w.Usher.Gateway)
		if err != nil {
			t.Errorf("%v\n%s\n%s", err, out, w.Usher.Log())
		}
		t.Log("\n" + out)
	})
}
