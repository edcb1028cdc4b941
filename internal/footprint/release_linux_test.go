package footprint

import "testing"

// TestUnchanged: what was changed since it was read from the file is never given back.
func TestUnchanged(t *testing.T) {
	const exe = "/usr/bin/usher"
	for line, want := range map[string][2]bool{ // with a fixed address, and without
		"00400000-00e1d000 r-xp 00000000 fd:00 9  /usr/bin/usher":           {true, true},
		"00e1d000-0184d000 r--p 00a1d000 fd:00 9  /usr/bin/usher":           {true, false},
		"0184d000-018e1000 rw-p 0144d000 fd:00 9  /usr/bin/usher":           {false, false},
		"00400000-00e1d000 r-xp 00000000 fd:00 9  /usr/lib/libc.so.6":       {false, false},
		"00400000-00e1d000 r-xp 00000000 fd:00 9  /usr/bin/usher (deleted)": {false, false},
		"c000000000-c000400000 rw-p 00000000 00:00 0":                       {false, false},
		"x-00e1d000 r-xp 00000000 fd:00 9  /usr/bin/usher":                  {false, false},
		"00e1d000-00400000 r-xp 00000000 fd:00 9  /usr/bin/usher":           {false, false},
		"": {false, false},
	} {
		for i, fixed := range []bool{true, false} {
			begin, size, ok := unchanged(line, exe, fixed)
			if ok != want[i] || ok && (begin == 0 || size == 0) || !ok && (begin != 0 || size != 0) {
				t.Errorf("%q, fixed %v: %x, %x, %v", line, fixed, begin, size, ok)
			}
		}
	}
}
