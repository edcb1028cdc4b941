package journal

import (
	"errors"
	"syscall"
	"testing"
	"time"
)

// TestRefused: the status says why the last record was not taken, until one is, or for half a minute.
func TestRefused(t *testing.T) {
	o, last := faults()
	now := time.Now()
	o.Now = func() time.Time { return now }
	j := mustOpen(t, journalDir(t), Position{}, o)
	refuse := func() {
		t.Helper()
		last().write = func(File, []byte) (int, error) { return 0, syscall.ENOSPC }
		if _, err := j.Append(t.Context(), []byte("one")); err == nil {
			t.Fatal("it was taken")
		}
		last().write = nil
		if err := j.Status().Refused; !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("refused: %v", err)
		}
	}
	refuse()
	appendAll(t, j, "two")
	if err := j.Status().Refused; err != nil {
		t.Errorf("after one that was taken: %v", err)
	}
	refuse()
	now = now.Add(refusedFor + time.Second)
	if err := j.Status().Refused; err != nil {
		t.Errorf("after half a minute: %v", err)
	}
}
