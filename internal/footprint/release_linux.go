package footprint

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ReleaseProgram gives back the pages of the program's own code and tables: a start goes
// through nearly all of them, and an idle daemon needs a tenth. They are as in the file, and
// come from there again where they are used.
func ReleaseProgram() error {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	fixed, err := hasFixedAddress()
	if err != nil {
		return err
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if begin, size, ok := unchanged(lines.Text(), exe, fixed); ok {
			if _, _, errno := unix.Syscall(unix.SYS_MADVISE, begin, size, unix.MADV_DONTNEED); errno != 0 {
				return errno
			}
		}
	}
	return nil
}

// hasFixedAddress reports whether the program was linked for one address (ET_EXEC of elf(5)). Of
// any other the tables hold addresses that were put in at the start: they are not as in the file.
func hasFixedAddress() (bool, error) {
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return false, err
	}
	defer f.Close()
	var head [18]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return false, err
	}
	const executable = 2
	return head[16]|head[17] == executable, nil
}

// unchanged reads a line of /proc/PID/maps, and reports whether it is of pages of a program that
// are as in its file: code, and tables if they are fixed.
func unchanged(line, exe string, fixed bool) (begin, size uintptr, ok bool) {
	fields := strings.Fields(line)
	if len(fields) != 6 || fields[5] != exe || fields[1] != "r-xp" && (!fixed || fields[1] != "r--p") {
		return 0, 0, false
	}
	from, to, _ := strings.Cut(fields[0], "-")
	first, err := strconv.ParseUint(from, 16, strconv.IntSize)
	if err != nil {
		return 0, 0, false
	}
	end, err := strconv.ParseUint(to, 16, strconv.IntSize)
	if err != nil || end <= first {
		return 0, 0, false
	}
	return uintptr(first), uintptr(end - first), true
}
