package watch

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Hints say when a look at the watched files is worth it, by inotify(7): of every entry on the
// way to a file, symlinks and what they lead to, whether it is another or gone, and of the
// file, whether it was written. Only where something is missing the folder is listened to: in
// one like /tmp there is always something new. A hint may be idle. What makes none is found by
// a look from time to time. They are safe for concurrent use.
type Hints struct {
	// C has something in it when a look is worth it.
	C chan struct{}

	mu      sync.Mutex
	inotify *os.File                  // nil: there is none
	fd      int                       // its descriptor; below 0: closed
	missing map[int32]map[string]bool // by watch: the names that would count in a folder
	whole   bool
}

const (
	ofEntry  = unix.IN_CLOSE_WRITE | unix.IN_ATTRIB | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_DONT_FOLLOW
	ofFolder = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR
)

// NewHints returns hints about nothing yet. [Hints.Run] ends them.
func NewHints() *Hints {
	h := &Hints{C: make(chan struct{}, 1), missing: map[int32]map[string]bool{}}
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err == nil {
		h.inotify, h.fd = os.NewFile(uintptr(fd), "inotify"), fd
	}
	return h
}

// Run listens until ctx ends.
func (h *Hints) Run(ctx context.Context) error {
	if h.inotify == nil {
		<-ctx.Done()
		return nil
	}
	stop := context.AfterFunc(ctx, h.close)
	defer stop()
	defer h.close()
	buf := make([]byte, 4096)
	for {
		n, err := h.inotify.Read(buf)
		if err != nil {
			h.mu.Lock()
			h.whole = false
			h.mu.Unlock()
			h.hint() // who waits for hints has to look by itself
			<-ctx.Done()
			return nil
		}
		if h.counts(buf[:n]) {
			h.hint()
		}
	}
}

func (h *Hints) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.inotify != nil {
		_ = h.inotify.Close() // twice is an error, and no harm
		h.fd = -1
	}
}

func (h *Hints) hint() {
	select {
	case h.C <- struct{}{}:
	default:
	}
}

// counts reports whether one of the events is about an entry on the way to a file.
func (h *Hints) counts(events []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(events) >= unix.SizeofInotifyEvent {
		wd := int32(binary.NativeEndian.Uint32(events))
		size := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(events[12:]))
		if size > len(events) {
			return true
		}
		name := strings.TrimRight(string(events[unix.SizeofInotifyEvent:size]), "\x00")
		events = events[size:]
		if names, there := h.missing[wd]; wd < 0 || there && (name == "" || names[name]) {
			return true // below zero: some events were lost
		}
	}
	return false
}

// Follow listens for changes of files, by their absolute names, as the way to them is now, and
// of no others. A change before makes no hint: the look comes afterwards.
func (h *Hints) Follow(files []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.missing
	h.missing, h.whole = map[int32]map[string]bool{}, h.inotify != nil && h.fd >= 0
	for _, file := range files {
		if h.whole = h.whole && h.followLocked(file); !h.whole {
			break
		}
	}
	for wd := range before {
		if _, stays := h.missing[wd]; !stays && h.fd >= 0 {
			_, _ = unix.InotifyRmWatch(h.fd, uint32(wd)) // it may be gone with its file
		}
	}
}

// Whole reports whether every change makes a hint, as far as the kernel sees it.
func (h *Hints) Whole() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.whole
}

// followLocked listens along the way to a file, and reports whether that is all that counts.
func (h *Hints) followLocked(file string) bool {
	steps, there := way(file)
	for i, s := range steps {
		if !there && i == len(steps)-1 {
			return h.addLocked(s.folder, ofFolder, s.entry)
		}
		if !h.addLocked(s.folder+"/"+s.entry, ofEntry, "") {
			return false
		}
	}
	return true
}

// addLocked listens to a name, and to an entry that is missing in it, unless that is empty.
func (h *Hints) addLocked(name string, events uint32, missing string) bool {
	if !local(name) {
		return false
	}
	n, err := unix.InotifyAddWatch(h.fd, name, events|unix.IN_MASK_ADD) // one may be on the way to others
	if err != nil {
		return false
	}
	if h.missing[int32(n)] == nil {
		h.missing[int32(n)] = map[string]bool{}
	}
	if missing != "" {
		h.missing[int32(n)][missing] = true
	}
	return true
}

// local reports whether a name is in a file system whose every change the kernel sees.
func local(name string) bool {
	var s unix.Statfs_t
	if unix.Statfs(name, &s) != nil {
		return false
	}
	switch int64(s.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.RAMFS_MAGIC,
		unix.OVERLAYFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, zfsMagic:
		return true
	}
	return false
}

const zfsMagic = 0x2fc12fc1

// A step is an entry of a folder that has no symlink in its name.
type step struct{ folder, entry string }

// maxSteps bounds symlinks in circles.
const maxSteps = 256

// way returns the entries that lead to a file, by an absolute name, and whether the last one is
// there.
func way(file string) (steps []step, there bool) {
	at, rest := "/", strings.Split(file, "/")
	for len(rest) > 0 && len(steps) < maxSteps {
		entry := rest[0]
		rest = rest[1:]
		switch entry {
		case "", ".":
			continue
		case "..":
			at = at[:max(1, strings.LastIndexByte(at, '/'))]
			continue
		}
		steps = append(steps, step{at, entry})
		next := strings.TrimSuffix(at, "/") + "/" + entry
		link, err := os.Readlink(next)
		switch {
		case err == nil:
			if strings.HasPrefix(link, "/") {
				at = "/"
			}
			rest = append(strings.Split(link, "/"), rest...)
		case errors.Is(err, fs.ErrNotExist):
			return steps, false
		default: // it is no symlink
			at = next
		}
	}
	return steps, true
}
