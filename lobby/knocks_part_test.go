package lobby

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestKnocksPart: the parts are the list, whatever their length, and each change has another version.
func TestKnocksPart(t *testing.T) {
	var k knocks
	now := time.Unix(1_800_000_000, 0)
	seen := map[uint64]bool{k.version(): true}
	changed := func(what string) {
		t.Helper()
		if seen[k.version()] {
			t.Errorf("%s: the version is the same", what)
		}
		seen[k.version()] = true
	}
	for i := range 50 {
		k.add(fmt.Sprintf("room%d@c", i%7), fmt.Sprintf("guest%d@g", i), "x", true, now.Add(time.Duration(50-i)), now)
		changed("a knock")
	}
	k.add("room1@c", "guest1@g", "y", true, now, now)
	changed("another try")
	k.remove("room2@c", "guest2@g")
	changed("one that is gone")
	if k.expire(now); !seen[k.version()] {
		t.Error("nothing was changed, and the version is another")
	}
	all := k.list("")
	for most := 1; most < 60; most += 6 {
		var got []Knock
		for from := 0; from < len(all); from += most {
			list, n := k.part(from, most)
			if n != len(all) || len(list) > most {
				t.Fatalf("%d of %d", len(list), n)
			}
			got = append(got, list...)
		}
		if !slices.Equal(got, all) {
			t.Errorf("parts of %d are another list", most)
		}
	}
	if list, n := k.part(len(all), 5); len(list) > 0 || n != len(all) {
		t.Errorf("behind the end: %v, %d", list, n)
	}
	k.expire(now.Add(2 * knockLasts))
	changed("all have expired")
}
