package journal

import (
	"errors"
	"time"
)

// The errors of a [Journal].
var (
	// ErrStuck says that a write is not back for a quarter of a second: the file system is frozen, or hangs.
	ErrStuck = errors.New("the disk hangs: a write to the journal is not back")

	// ErrBehind says that what is recorded has not been applied for too long.
	ErrBehind = errors.New("the journal is full: what it has is not applied")

	// ErrClosed says that the journal is closed.
	ErrClosed = errors.New("the journal is closed")

	// ErrLength says that a record is empty, or longer than [MaxRecord].
	ErrLength = errors.New("a record of this length cannot be written")

	// ErrForgotten says that records are gone, as they were applied.
	ErrForgotten = errors.New("the journal no longer has these records")

	// ErrUnsure says that the disk failed to take what was recorded. It is the error of
	// [Journal.Sync] until that is applied elsewhere.
	ErrUnsure = errors.New("the disk did not take the journal")
)

// Options are what a journal may be made with. The zero value is the usual one.
type Options struct {
	Now          func() time.Time // nil: time.Now
	SegmentBytes int64            // a new segment is begun from here on; 0: 16 MiB
	SyncEvery    time.Duration    // 0: a second
	MaxBytes     int64            // that are not applied; 0: 256 MiB
	MaxAge       time.Duration    // of what is not applied; 0: an hour

	Create func(path string) (File, error) // nil: Create
	boot   bootID
}

// stuckAfter is how long a write may take before others stop waiting for it.
const stuckAfter = 250 * time.Millisecond

func (o Options) withDefaults() (Options, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = 16 << 20
	}
	if o.SyncEvery == 0 {
		o.SyncEvery = time.Second
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 256 << 20
	}
	if o.MaxAge == 0 {
		o.MaxAge = time.Hour
	}
	if o.Create == nil {
		o.Create = Create
	}
	var err error
	if o.boot == (bootID{}) {
		o.boot, err = thisBoot()
	}
	return o, err
}
