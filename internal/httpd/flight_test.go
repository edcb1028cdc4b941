package httpd

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/taskgroup"
)

// TestFlight: after the stop no handler begins, and the wait is over with the last one, or with an error.
func TestFlight(t *testing.T) {
	for _, handlers := range []int{0, 1, 2} {
		synctest.Test(t, func(t *testing.T) {
			var f flight
			for i := range handlers {
				if !f.begin() {
					t.Fatal("no handler may begin")
				}
				time.AfterFunc(time.Duration(i+1)*100*time.Millisecond, f.end)
			}
			time.AfterFunc(50*time.Millisecond, func() {
				if f.begin() {
					t.Error("a handler begins after the stop")
				}
			})
			began := time.Now()
			if err := f.wait(time.Second); err != nil || time.Since(began) != time.Duration(handlers)*100*time.Millisecond {
				t.Errorf("%d handlers: %v after %v", handlers, err, time.Since(began))
			}
			synctest.Wait()
			time.Sleep(time.Second)
		})
	}
}

// TestFlightOverdue: a handler that does not return is counted, and one that has returned is not.
func TestFlightOverdue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flight
		f.begin()
		f.begin()
		time.AfterFunc(time.Millisecond, f.end)
		began := time.Now()
		err := f.wait(time.Second)
		if !errors.Is(err, taskgroup.ErrLeft) || err.Error() != errStuck(1).Error() || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		f.end()
	})
}
