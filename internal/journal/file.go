package journal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A File is a segment that is written. It is what tests put faults into.
type File interface {
	Write(b []byte) (int, error) // at its end, whatever is there
	Truncate(size int64) error
	Sync() error
	Close() error
}

// Create makes the file of a segment, which must not be there, on the disk.
func Create(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err // not a file that is a nil *os.File
	}
	return f, nil
}

// reopen opens a segment of an earlier process, to be synced.
func reopen(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// makeDir makes a folder that is not there. Its name is on the disk at once: nothing that is
// synced in it would be found without.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// syncDir brings a folder's list of files to the disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

const suffix = ".segment"

func segmentPath(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%020d%s", number, suffix))
}

// numbers lists the segments of a folder by their names, in order.
func numbers(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []uint64
	for _, e := range entries {
		digits, is := strings.CutSuffix(e.Name(), suffix)
		if n, err := strconv.ParseUint(digits, 10, 64); is && err == nil && n > 0 && len(digits) == 20 {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list, nil
}

// thisBoot reads what tells this boot of the machine from another (random(4)).
func thisBoot() (bootID, error) {
	const path = "/proc/sys/kernel/random/boot_id"
	text, err := os.ReadFile(path)
	if err != nil {
		return bootID{}, err
	}
	var id bootID
	digits := strings.ReplaceAll(strings.TrimSpace(string(text)), "-", "")
	if n, err := hex.Decode(id[:], []byte(digits)); err != nil || n != len(id) {
		return bootID{}, fmt.Errorf("%s has no boot id", path)
	}
	return id, nil
}
