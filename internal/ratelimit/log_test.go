package ratelimit_test

import (
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/ratelimit"
)

func TestOneLineASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g ratelimit.Log
		if n, ok := g.Allow(); n != 0 || !ok {
			t.Errorf("the first: %d, %v", n, ok)
		}
		for range 3 {
			time.Sleep(300 * time.Millisecond)
			if _, ok := g.Allow(); ok {
				t.Error("a second line in the same second")
			}
		}
		time.Sleep(100 * time.Millisecond)
		if n, ok := g.Allow(); n != 3 || !ok {
			t.Errorf("a second later: %d, %v; want 3 left out", n, ok)
		}
	})
}

func TestOneLineAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, lines := ratelimit.Log{Every: time.Minute}, 0
		for range 121 {
			if _, ok := g.Allow(); ok {
				lines++
			}
			time.Sleep(time.Second)
		}
		if lines != 3 {
			t.Errorf("%d lines in two minutes", lines)
		}
	})
}
