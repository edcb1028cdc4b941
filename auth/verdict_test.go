package auth

import (
	"strings"
	"testing"
)

// TestCacheKnowsTheWholeToken: tokens with one end take each other's place, and none is ever taken for another.
func TestCacheKnowsTheWholeToken(t *testing.T) {
	c := cache{verdicts: noVerdicts()}
	end := strings.Repeat("s", 43)
	one, other := &verdict{token: "a.b." + end}, &verdict{token: "a.c." + end}
	c.put(one)
	for _, stranger := range []string{other.token, end, "", "a", "." + one.token} {
		c.drop(stranger)
		if v := c.get(stranger); v != nil {
			t.Errorf("%q is %v", stranger, v)
		}
	}
	if c.get(one.token) != one {
		t.Error("the one is not there")
	}
	c.put(other)
	if c.get(one.token) != nil || c.get(other.token) != other {
		t.Error("the other did not take its place")
	}
	c.drop(other.token)
	if c.get(other.token) != nil || c.verdicts.Len() != 0 {
		t.Error("the other is still there")
	}
	short := &verdict{token: "x"}
	if c.put(short); c.get("x") != short || c.get("y") != nil {
		t.Error("a text shorter than an end")
	}
}
