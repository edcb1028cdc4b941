package guard

import (
	"slices"
	"testing"
)

// TestMeter: a meter is told of each time that the lock is held, and of nothing else.
func TestMeter(t *testing.T) {
	var mu RWMutex
	holds := 0
	hold := func(lock, unlock func()) {
		lock()
		holds++
		unlock()
	}
	hold(mu.Lock, mu.Unlock)
	var told []string
	mu.Meter = &Meter{Taken: func() { told = append(told, "taken") }, LetGo: func() { told = append(told, "let go") }}
	hold(mu.Lock, mu.Unlock)
	hold(mu.RLock, mu.RUnlock)
	if want := []string{"taken", "let go", "taken", "let go"}; !slices.Equal(told, want) || holds != 3 || !mu.TryLock() {
		t.Errorf("%q", told)
	}
}
