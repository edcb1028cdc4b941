package journal

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAppendRead: what was appended is read from every position on, also by the next process,
// and over several segments.
func TestAppendRead(t *testing.T) {
	dir, o := journalDir(t), Options{SegmentBytes: 300, boot: boot(1)}
	j := mustOpen(t, dir, Position{}, o)
	payloads := many(40)
	var ends []Position
	for _, p := range payloads {
		ends = append(ends, appendAll(t, j, p)...)
		if err := j.Sync(t.Context()); err != nil { // or else no other segment is begun
			t.Fatal(err)
		}
	}
	if !slices.IsSortedFunc(ends, Position.Compare) || ends[39].Segment < 3 || j.End() != ends[39] {
		t.Errorf("ends %v", ends)
	}
	expect(t, "all", readAll(t, j, Position{}), payloads)
	for i, end := range ends {
		expect(t, "from "+end.String(), readAll(t, j, end), payloads[i+1:])
		dead := killed(t, dir)
		next := mustOpen(t, dead, end, o)
		expect(t, "next process from "+end.String(), readAll(t, next, end), payloads[i+1:])
		if r := next.Found(); r.Records != len(payloads)-i-1 || r.End != ends[39] || r.Clean {
			t.Errorf("found %+v", r)
		}
		appendAll(t, next, "more")
		expect(t, "and more", readAll(t, next, end), append(slices.Clone(payloads[i+1:]), "more"))
		closeNow(t, next)
	}
}

// TestForget: what is applied elsewhere goes, segment by segment; the rest stays.
func TestForget(t *testing.T) {
	dir, o := journalDir(t), Options{SegmentBytes: 300, boot: boot(1)}
	j := mustOpen(t, dir, Position{}, o)
	payloads := many(40)
	var ends []Position
	for _, p := range payloads {
		ends = append(ends, appendAll(t, j, p)...)
		_ = j.Sync(t.Context())
	}
	before := j.Status()
	if before.Behind < 40*9 || before.Bytes < before.Behind || before.Age == 0 {
		t.Errorf("status %+v", before)
	}
	for i, end := range ends {
		if err := j.Forget(end); err != nil {
			t.Fatal(err)
		}
		expect(t, "left", readAll(t, j, end), payloads[i+1:])
		list, err := numbers(dir)
		if err != nil || list[0] < end.Segment || list[0] > end.Segment+1 {
			t.Errorf("at %v there are %v, %v", end, list, err)
		}
	}
	if st := j.Status(); st.Behind != 0 || st.Age != 0 || st.Segments != 1 {
		t.Errorf("status %+v", st)
	}
}

// TestCleanEnd: the next start can tell a clean end from a kill, and what is missing after it
// from what was never there.
func TestCleanEnd(t *testing.T) {
	dir, o := journalDir(t), Options{boot: boot(1)}
	j := mustOpen(t, dir, Position{}, o)
	if !j.Found().Clean {
		t.Error("the first start found no clean end")
	}
	end := appendAll(t, j, "one", "two")[1]
	dead := killed(t, dir)
	if err := j.Forget(end); err != nil {
		t.Fatal(err)
	}
	closeNow(t, j)
	if err := j.Close(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("closed again: %v", err)
	}
	if _, err := j.Append(t.Context(), []byte("three")); !errors.Is(err, ErrClosed) {
		t.Errorf("appended: %v", err)
	}
	if err := j.Sync(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("synced: %v", err)
	}
	list, err := numbers(dir)
	if r, err2 := check(dir, end, boot(2)); err != nil || err2 != nil || len(list) != 1 || !r.Clean || r.Records != 0 {
		t.Errorf("%v, %+v, %v, %v", list, r, err, err2)
	}
	if r, err := check(dead, end, boot(1)); err != nil || r.Clean {
		t.Errorf("a kill: %+v, %v", r, err)
	}
	next := mustOpen(t, dir, end, o)
	appendAll(t, next, "three")
	expect(t, "next", readAll(t, next, end), []string{"three"})
	closeNow(t, next) // not all is applied
	if r, err := check(dir, end, boot(1)); err != nil || r.Clean || r.Records != 1 {
		t.Errorf("closed with a rest: %+v, %v", r, err)
	}
}

func check(dir string, applied Position, b bootID) (Report, error) {
	x, err := examine(dir, applied, b)
	if err != nil {
		return Report{}, err
	}
	return x.Report, nil
}

// TestMissing: files that are missing stop the start, but where an operator wants to go on.
func TestMissing(t *testing.T) {
	made := func(t *testing.T) (dir string, ends []Position) {
		dir = journalDir(t)
		j := mustOpen(t, dir, Position{}, Options{SegmentBytes: 100, boot: boot(1)})
		for _, p := range many(12) {
			ends = append(ends, appendAll(t, j, p)...)
			_ = j.Sync(t.Context())
		}
		return killed(t, dir), ends
	}
	for name, test := range map[string]struct {
		spoil   func(dir string) error
		applied int // the record; -1: none
		want    string
	}{
		"nothing":                  {func(string) error { return nil }, 3, ""},
		"the folder":               {os.RemoveAll, 3, "is not there"},
		"the folder, of no state":  {os.RemoveAll, -1, ""},
		"all segments":             {func(dir string) error { return removeSegments(dir, 1, 99) }, 3, ""},
		"one that is applied":      {func(dir string) error { return removeSegments(dir, 1, 1) }, 7, ""},
		"one that is not":          {func(dir string) error { return removeSegments(dir, 2, 2) }, 0, "gap"},
		"what the state was":       {func(dir string) error { return removeSegments(dir, 1, 1) }, -1, "another state"},
		"the newest, and it is in": {func(dir string) error { return removeSegments(dir, 2, 99) }, 11, "put back what"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, ends := made(t)
			if err := test.spoil(dir); err != nil {
				t.Fatal(err)
			}
			var applied Position
			if test.applied >= 0 {
				applied = ends[test.applied]
			}
			j, err := Open(dir, applied, Options{boot: boot(1)})
			if err == nil {
				closeNow(t, j)
			}
			switch {
			case test.want == "" && err != nil,
				test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, want %q", err, test.want)
			case name == "all segments" && !strings.Contains(j.Found().Warning, "is lost"):
				t.Errorf("found %+v", j.Found())
			}
		})
	}
}

func removeSegments(dir string, from, to uint64) error {
	list, err := numbers(dir)
	for _, n := range list {
		if n >= from && n <= to {
			err = errors.Join(err, os.Remove(segmentPath(dir, n)))
		}
	}
	return err
}

// TestAnotherState: an empty journal serves a state that has nothing of it.
func TestAnotherState(t *testing.T) {
	dir, o := journalDir(t), Options{boot: boot(1)}
	j := mustOpen(t, dir, Position{}, o)
	if err := j.Forget(appendAll(t, j, "one")[0]); err != nil {
		t.Fatal(err)
	}
	closeNow(t, j)
	next := mustOpen(t, dir, Position{}, o)
	if r := next.Found(); !r.Clean || r.Records != 0 || !next.End().IsZero() {
		t.Errorf("found %+v, the end is %v", r, next.End())
	}
	end := appendAll(t, next, "two")[0]
	expect(t, "all", readAll(t, next, Position{}), []string{"two"})
	again := mustOpen(t, killed(t, dir), Position{}, o)
	expect(t, "after a kill", readAll(t, again, Position{}), []string{"two"})
	if again.Found().End != end {
		t.Errorf("found %+v", again.Found())
	}
}

// TestStartKilled: a start that is killed at any moment leaves what the next one can begin with.
func TestStartKilled(t *testing.T) {
	dir := journalDir(t)
	j := mustOpen(t, dir, Position{}, Options{boot: boot(1)})
	end := appendAll(t, j, "one", "two")[1]
	dead := killed(t, dir)
	for _, size := range []int{0, 1, headBytes - 1} {
		if err := os.WriteFile(segmentPath(dead, end.Segment+1), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := check(dead, Position{}, boot(1))
		if err != nil || r.Records != 2 {
			t.Errorf("%d bytes of a head: %+v, %v", size, r, err)
		}
	}
	next := mustOpen(t, dead, Position{}, Options{boot: boot(1)})
	expect(t, "next", readAll(t, next, Position{}), []string{"one", "two"})
}

// TestLength: a record has something in it, and a bound.
func TestLength(t *testing.T) {
	j := mustOpen(t, journalDir(t), Position{}, Options{boot: boot(1)})
	for _, b := range [][]byte{nil, make([]byte, MaxRecord+1)} {
		if _, err := j.Append(t.Context(), b); !errors.Is(err, ErrLength) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
	appendAll(t, j, string(make([]byte, MaxRecord)))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Append(over, []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of ctx: %v", err)
	}
	if got := readAll(t, j, Position{}); len(got) != 1 || len(got[0]) != MaxRecord {
		t.Errorf("%d records", len(got))
	}
}

// TestAllocations: a record costs none.
func TestAllocations(t *testing.T) {
	j := mustOpen(t, journalDir(t), Position{}, Options{boot: boot(1)})
	payload := make([]byte, 400)
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := j.Append(ctx, payload); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMarks: the age is never less than it is, and at most a second more.
func TestMarks(t *testing.T) {
	var m marks
	var written []time.Time
	now := time.Unix(0, 0)
	for i := range 1000 {
		now = now.Add(time.Duration(rand.IntN(300)) * time.Millisecond)
		written = append(written, now)
		m.add(Position{1, int64(i)}, now)
	}
	for i := range 999 {
		m.forget(Position{1, int64(i)}, false)
		if is := now.Sub(written[i]); m.age(now) < is || m.age(now) > is+markEvery {
			t.Fatalf("record %d is %v old, not %v", i, is, m.age(now))
		}
	}
	if m.forget(Position{1, 1000}, true); m.age(now) != 0 {
		t.Errorf("age %v of nothing", m.age(now))
	}
}
