package bridge

import (
	"testing"
	"time"
)

func TestStartTime(t *testing.T) {
	if age := now() - startTime(); age < 0 || age > time.Hour {
		t.Errorf("this process has run for %v", age)
	}
	const rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 250 20"
	for stat, want := range map[string]time.Duration{
		"12 (usher)" + rest:             2500 * time.Millisecond,
		"12 (a) (b) 1 2 3" + ")" + rest: 2500 * time.Millisecond,
		"":                              time.Minute,
		"12 (usher) S 1":                time.Minute,
		"12 usher":                      time.Minute,
	} {
		if got := parseStart([]byte(stat), time.Minute); got != want {
			t.Errorf("%q: %v, want %v", stat, got, want)
		}
	}
}
