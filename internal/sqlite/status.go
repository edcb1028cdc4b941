package sqlite

import (
	"os"
	"time"
)

// A Status is how the state is.
type Status struct {
	Path         string
	JournalBytes int64         // on the disk
	FileBytes    int64         // likewise, with what SQLite has beside the file
	Behind       int64         // bytes of the journal that the file does not have
	Age          time.Duration // of the oldest of those, to a second
	Stuck        bool          // a write to the journal is not back: logins fail
	Refused      error         // why the journal did not take the last change, half a minute ago at most: logins fail
	Problem      error         // what is in the way of the file, or of the disk
}

// Status returns how the state is, without waiting for anything that is written.
func (s *Store) Status() Status {
	j := s.journal.Status()
	st := Status{Path: s.path, JournalBytes: j.Bytes, Behind: j.Behind, Age: j.Age, Stuck: j.Stuck,
		Refused: j.Refused, Problem: j.Unsure, FileBytes: sizeOf(s.path)}
	if _, _, err := s.applier.state(); err != nil {
		st.Problem = err
	}
	return st
}

// sizeOf is what the file has on the disk, with what SQLite has beside it.
func sizeOf(path string) (n int64) {
	for _, path := range []string{path, path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			n += info.Size()
		}
	}
	return n
}
