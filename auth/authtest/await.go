package authtest

import (
	"testing"
	"time"
)

// Await returns when ok does; what says in the failure of a test what did not become so. It is for
// what another goroutine does after what a test can see of it: a wait for so long would be wrong on
// a machine that is busy.
func Await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
