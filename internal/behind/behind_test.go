package behind_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"usher/internal/behind"
)

// TestDelete: what waits is deleted once, in portions; what is known again stays.
func TestDelete(t *testing.T) {
	k := behind.New[int]()
	for i := range 1200 {
		k.Add(i)
	}
	<-k.Asked()
	var deleted, portions []int
	apply := func(ctx context.Context, keys []int) error {
		if _, limited := ctx.Deadline(); !limited || ctx.Err() != nil {
			t.Error("a portion has no deadline of its own")
		}
		deleted, portions = append(deleted, keys...), append(portions, len(keys))
		return nil
	}
	over, end := context.WithCancel(t.Context())
	end()
	if errs := k.Delete(over, func(i int) bool { return i%2 == 0 }, apply); errs != nil {
		t.Error(errs)
	}
	if !slices.Equal(portions, []int{250, 250, 100}) || deleted[0] != 1 || deleted[599] != 1199 {
		t.Errorf("deleted %v in portions of %v", deleted, portions)
	}
	portions = nil
	k.Delete(t.Context(), func(int) bool { return false }, apply)
	if portions != nil {
		t.Errorf("deleted again: %v", portions)
	}
}

// TestBounds: no more than a bound waits, and an error costs only its portion.
func TestBounds(t *testing.T) {
	k := behind.New[int]()
	k.Add(make([]int, 19_999)...)
	k.Add(1, 2, 3)
	n, broken := 0, errors.New("broken")
	errs := k.Delete(t.Context(), func(int) bool { return false }, func(_ context.Context, keys []int) error {
		n += len(keys)
		return broken
	})
	if n != 20_000 || len(errs) != 40 || !errors.Is(errs[0], broken) {
		t.Errorf("%d waited, %d errors", n, len(errs))
	}
}

// TestWrite: nothing is deleted while something is written, and what was written is known.
func TestWrite(t *testing.T) {
	k := behind.New[string]()
	known, writing, goOn := false, make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- k.Write(func() error {
			close(writing)
			<-goOn
			known = true
			return nil
		})
	}()
	<-writing
	k.Add("a")
	ended, asked := make(chan []error), make(chan struct{})
	go func() {
		ended <- k.Delete(t.Context(), func(string) bool { close(asked); return known },
			func(context.Context, []string) error { return errors.New("deleted") })
	}()
	select {
	case <-asked:
		t.Error("it is asked whether it is known while it is being written")
	case <-time.After(20 * time.Millisecond):
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if errs := <-ended; errs != nil {
		t.Errorf("what is known again was %v", errs)
	}
}
