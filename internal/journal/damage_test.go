package journal

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDamage: what a kill leaves is dropped without a word, what a power failure leaves with a
// warning, and anything else stops the start.
func TestDamage(t *testing.T) {
	payloads := many(6)
	whole := func(b []byte, _ []int, _ uint32) []byte { return b }
	for name, test := range map[string]struct {
		spoil    func(b []byte, at []int, seed uint32) []byte // at: where the records begin
		killed   int                                          // records left on the same boot; -1: it stops
		rebooted int                                          // records left on another
	}{
		"whole":              {whole, 6, 6},
		"torn head":          {func(b []byte, at []int, _ uint32) []byte { return b[:at[5]+5] }, 5, 5},
		"torn payload":       {func(b []byte, at []int, _ uint32) []byte { return b[:len(b)-1] }, 5, 5},
		"zeros":              {func(b []byte, _ []int, _ uint32) []byte { return append(b, make([]byte, 4096)...) }, -1, 6},
		"zeros in the place": {func(b []byte, at []int, _ uint32) []byte { clear(b[at[4]:]); return b }, -1, 4},
		"two torn": {func(b []byte, at []int, _ uint32) []byte {
			clear(b[at[3]+9 : at[4]+9])
			return b[:len(b)-1]
		}, -1, 3},
		"a bit":             {func(b []byte, at []int, _ uint32) []byte { b[at[2]+frameHead+1] ^= 4; return b }, -1, 2},
		"a bit of the last": {func(b []byte, at []int, _ uint32) []byte { b[at[5]+frameHead] ^= 1; return b }, -1, 5},
		"a length": {func(b []byte, at []int, _ uint32) []byte {
			binary.LittleEndian.PutUint32(b[at[1]:], 1<<20) // looks like one torn record
			return b
		}, -1, 1},
		"a block of another segment": {func(b []byte, _ []int, seed uint32) []byte {
			return appendFrame(b, seed+1, []byte("stale"))
		}, -1, 6},
		"beginning of another segment's": {func(b []byte, _ []int, seed uint32) []byte {
			return append(b, appendFrame(nil, seed+1, []byte("stale"))[:10]...)
		}, 6, 6},
		"behind the seal": {func(b []byte, _ []int, seed uint32) []byte {
			return appendFrame(appendSeal(b, seed), seed, []byte("late"))
		}, -1, 6},
		"no head": {func(b []byte, _ []int, _ uint32) []byte { clear(b[:headBytes]); return b }, -1, -1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := journalDir(t)
			j := mustOpen(t, dir, Position{}, Options{boot: boot(1)})
			at := []int{headBytes}
			for _, end := range appendAll(t, j, payloads...) {
				at = append(at, int(end.Offset))
			}
			dead := killed(t, dir)
			file := lastFile(t, dead)
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, seed, err := decodeHead(b)
			if err != nil {
				t.Fatal(err)
			}
			spoilt := test.spoil(slices.Clone(b), at, seed)
			if err := os.WriteFile(file, spoilt, 0o600); err != nil {
				t.Fatal(err)
			}
			left(t, killed(t, dead), boot(1), payloads, test.killed, false)
			left(t, dead, boot(2), payloads, test.rebooted, len(spoilt) > 0 && !bytes.Equal(spoilt, b))
		})
	}
}

// left opens a journal of which n records should be left, or which should stop the start.
func left(t *testing.T, dir string, b bootID, payloads []string, n int, warns bool) {
	t.Helper()
	j, err := Open(dir, Position{}, Options{boot: b})
	if n < 0 {
		if err == nil {
			t.Errorf("boot %d: it starts, with %q", b[0], readAll(t, j, Position{}))
			closeNow(t, j)
		} else if !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), dir) {
			t.Errorf("boot %d: %v", b[0], err)
		}
		return
	}
	if err != nil {
		t.Errorf("boot %d: %v", b[0], err)
		return
	}
	defer closeNow(t, j)
	begun(t, j)
	expect(t, "left", readAll(t, j, Position{}), payloads[:n])
	if (j.Found().Warning != "") != warns {
		t.Errorf("boot %d: warning %q", b[0], j.Found().Warning)
	}
	end := appendAll(t, j, "next")[0]
	again := mustOpen(t, killed(t, dir), Position{}, Options{boot: b}) // the damage is behind it for good
	expect(t, "after the next start", readAll(t, again, Position{}), append(slices.Clone(payloads[:n]), "next"))
	if again.Found().End != end || again.Found().Warning != "" {
		t.Errorf("found %+v", again.Found())
	}
}

// TestMended: what the error says mends it.
func TestMended(t *testing.T) {
	dir := journalDir(t)
	j := mustOpen(t, dir, Position{}, Options{boot: boot(1)})
	ends := appendAll(t, j, many(4)...)
	dead := killed(t, dir)
	file := lastFile(t, dead)
	b, _ := os.ReadFile(file)
	b[ends[1].Offset+frameHead] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := check(dead, Position{}, boot(1))
	if err == nil {
		t.Fatal("it starts")
	}
	_, command, _ := strings.Cut(err.Error(), "truncate -s ")
	if want := ends[1]; command != numberOf(want.Offset)+" "+file {
		t.Errorf("it says %q", command)
	}
	if err := os.Truncate(file, ends[1].Offset); err != nil {
		t.Fatal(err)
	}
	if r, err := check(dead, Position{}, boot(1)); err != nil || r.Records != 2 {
		t.Errorf("mended: %+v, %v", r, err)
	}
}

// TestCommandsAreQuoted: what an error has to be pasted is one command for a shell, whatever the folder is called.
func TestCommandsAreQuoted(t *testing.T) {
	dir := journalDir(t)
	j := mustOpen(t, dir, Position{}, Options{SegmentBytes: 100, boot: boot(1)})
	var ends []Position
	for _, p := range many(12) {
		ends = append(ends, appendAll(t, j, p)...)
		_ = j.Sync(t.Context())
	}
	dead := filepath.Join(t.TempDir(), "of usher")
	if err := os.Rename(killed(t, dir), dead); err != nil {
		t.Fatal(err)
	}
	says := func(applied Position, command string) {
		t.Helper()
		if _, err := check(dead, applied, boot(1)); err == nil || !strings.Contains(err.Error(), command) {
			t.Errorf("%v, want %s", err, command)
		}
	}
	file := lastFile(t, dead)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	says(Position{}, " '"+file+"'")
	if err := removeSegments(dead, 1, 1); err != nil {
		t.Fatal(err)
	}
	says(Position{}, "— mv '"+dead+"' '"+dead+".old'")
	if err := os.RemoveAll(dead); err != nil {
		t.Fatal(err)
	}
	says(ends[3], "0700 '"+dead+"'")
}

// TestOlderDamage: damage in a segment that others follow stops the start, unless a power
// failure may have left it: both were of the process that it ended.
func TestOlderDamage(t *testing.T) {
	dir := journalDir(t)
	o := Options{SegmentBytes: 100, boot: boot(1)}
	j := mustOpen(t, dir, Position{}, o)
	_ = j.Sync(t.Context())
	payloads := many(8)
	var ends []Position
	for _, p := range payloads {
		if list, _ := numbers(dir); len(list) < 2 {
			ends = append(ends, appendAll(t, j, p)...)
		}
	}
	dead := killed(t, dir)
	file := segmentPath(dead, 1)
	if err := os.Truncate(file, ends[0].Offset+3); err != nil {
		t.Fatal(err)
	}
	if _, err := check(dead, Position{}, boot(1)); err == nil || !strings.Contains(err.Error(), "others follow") {
		t.Errorf("on the same boot: %v", err)
	}
	next, err := Open(dead, Position{}, Options{boot: boot(2)})
	if err != nil {
		t.Fatal(err)
	}
	begun(t, next)
	expect(t, "after a power failure", readAll(t, next, Position{}), payloads[:1])
	if next.Found().Warning == "" {
		t.Error("no warning")
	}
	closeNow(t, next)
	if err := os.Truncate(file, ends[0].Offset-1); err != nil { // it was good when the last process began
		t.Fatal(err)
	}
	if _, err := check(dead, Position{}, boot(3)); err == nil || !strings.Contains(err.Error(), "others follow") {
		t.Errorf("damage that came later: %v", err)
	}
}

// prefix writes a segment with records, cut to a size, and expects those that are whole.
func prefix(t *testing.T, payloads [][]byte, size int) {
	t.Helper()
	b, seed := head{number: 1, boot: boot(1)}.encode()
	whole, end := 0, int64(headBytes)
	for _, p := range payloads {
		if b = appendFrame(b, seed, p); len(b) <= size {
			whole, end = whole+1, int64(len(b))
		}
	}
	last := lastEnd(head{number: 1}, end)
	dir := t.TempDir()
	file := segmentPath(dir, 1)
	if err := os.WriteFile(file, b[:min(size, len(b))], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, of := range []byte{1, 2} {
		r, err := check(dir, Position{}, boot(of))
		if err != nil || r.Records != whole || r.End != last || r.Dropped != int64(min(size, len(b)))-end {
			t.Errorf("boot %d: %d bytes have %d records, not %+v, %v", of, size, whole, r, err)
		}
	}
	i := 0
	_, err := part{file, 1, seed, headBytes, end}.read(func(r Record, _ error) bool {
		if !bytes.Equal(r.Payload, payloads[i]) {
			t.Errorf("record %d is %q, not %q", i, r.Payload, payloads[i])
		}
		i++
		return true
	})
	if err != nil || i != whole {
		t.Errorf("%d records, %v", i, err)
	}
}

// TestPrefix: a file that ends anywhere has the records before that.
func TestPrefix(t *testing.T) {
	var payloads [][]byte
	for i := range 10 {
		payloads = append(payloads, bytes.Repeat([]byte{byte(i)}, i*i+1))
	}
	for size := headBytes; size < 600; size++ {
		prefix(t, payloads, size)
	}
}

// FuzzPrefix: any prefix of the file gives a prefix of the records, whatever ended the process.
func FuzzPrefix(f *testing.F) {
	f.Add([]byte("one\x00two\x00three"), uint16(80))
	f.Add(bytes.Repeat([]byte{0, 1, 2, 255}, 100), uint16(300))
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		var payloads [][]byte
		for p := range bytes.SplitSeq(data, []byte{0}) {
			if len(p) > 0 {
				payloads = append(payloads, p)
			}
		}
		prefix(t, payloads, max(int(size), headBytes))
	})
}

// FuzzSegment: whatever is in a segment, a start reads records or stops, and another one after
// it finds the same.
func FuzzSegment(f *testing.F) {
	h, seed := head{number: 1, boot: boot(1)}.encode()
	f.Add(h)
	f.Add(appendFrame(slices.Clone(h), seed, []byte("one")))
	f.Add(appendSeal(slices.Clone(h), seed))
	f.Add(append(appendFrame(slices.Clone(h), seed, []byte("one")), 1, 2, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(segmentPath(dir, 1), b, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Open(dir, Position{}, Options{boot: boot(2)})
		if err != nil {
			if j != nil {
				t.Error("a journal and an error")
			}
			return
		}
		first := readAll(t, j, Position{})
		closeNow(t, j)
		expect(t, "again", readAll(t, mustOpen(t, dir, Position{}, Options{boot: boot(2)}), Position{}), first)
	})
}

// TestAnotherCopy: what goes on from before what the state has is of another state, or of another copy of this one, and
// is not believed, whichever boot it is of.
func TestAnotherCopy(t *testing.T) {
	dir := journalDir(t)
	first := mustOpen(t, dir, Position{}, Options{boot: boot(1)})
	end := appendAll(t, first, "one")[0]
	second := mustOpen(t, killed(t, dir), Position{}, Options{boot: boot(1)})
	appendAll(t, second, "two")
	dir = killed(t, second.dir)
	for _, b := range []byte{1, 2} {
		if x, err := examine(dir, end, boot(b)); err != nil || x.Records != 1 {
			t.Errorf("boot %d, its own: %+v, %v", b, x, err)
		}
		later := end
		later.Offset++
		if x, err := examine(dir, later, boot(b)); err == nil || !strings.Contains(err.Error(), "belongs to another state") {
			t.Errorf("boot %d: %+v, %v", b, x, err)
		}
	}
}
