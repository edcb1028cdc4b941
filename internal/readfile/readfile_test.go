package readfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRegular(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(path("good"), []byte("content"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("good", path("link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		path  string
		most  int64
		fault string
	}{
		{path("good"), 7, ""},
		{path("link"), 7, ""},
		{path("good"), 6, "has more than 0 KiB; name the right file, or shorten it"},
		{path("none"), 7, "cannot be read: no such file or directory; create it, or correct the name"},
		{dir, 7, "is a folder or device; name a file"},
		{path("fifo"), 7, "is a folder or device; name a file"},
		{"/dev/null", 7, "is a folder or device; name a file"},
		{path("good/below"), 7, "cannot be read: not a directory; see that usher's user can read it"},
	} {
		content, mode, fault := Regular(row.path, row.most)
		switch {
		case fault == nil && (row.fault != "" || string(content) != "content" || mode != 0o640):
			t.Errorf("%s: %q, %v, want %q", row.path, content, mode, row.fault)
		case fault != nil && (fault.Text+"; "+fault.Mend != row.fault || content != nil || mode != 0 || fault.Passing):
			t.Errorf("%s: %+v with %q, want %q", row.path, fault, content, row.fault)
		}
	}
}

// TestPassing: what may go away by itself is told from what an operator has to change.
func TestPassing(t *testing.T) {
	for err, want := range map[error]bool{
		syscall.EMFILE: true, syscall.EACCES: true, syscall.EIO: true, syscall.ESTALE: true,
		syscall.ENOENT: false, syscall.ENOTDIR: false, syscall.ELOOP: false, syscall.EISDIR: false,
	} {
		f := faultOf("/secret/name", &fs.PathError{Op: "open", Path: "/secret/name", Err: err})
		if f.Passing != want || f.Mend == "" || strings.Contains(f.Text, "/secret") {
			t.Errorf("%v: %+v, want passing %v", err, f, want)
		}
	}
	if f := faultOf("/secret/name", syscall.EMFILE); !strings.Contains(f.Mend, "LimitNOFILE") {
		t.Errorf("%+v", f)
	}
}
