package sqlite_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/sqlite"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// exported is a state with all that there may be, half of it in the journal alone.
func exported(t *testing.T) (path string, want moderationtest.State) {
	t.Helper()
	b, err := os.ReadFile("testdata/schema3.db")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "usher.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	defer s.Close()
	want = keptIn3()
	late := moderation.Session{ID: moderation.ID{9}, Account: "late", LoggedIn: at(99), Used: at(99),
		Expires: time.Unix(98753496345768, 0).UTC()}
	lifted := moderation.Revocation{TokenPrint: "lifted", At: at(1), Lifted: at(2)}
	raw(t, path, "ALTER TABLE sessions RENAME TO away") // so that the journal alone has it
	apply(t, s, sessions.Change{PutSession: &late}, sessions.Change{PutRevocation: &lifted},
		sessions.Change{PutRoom: &moderation.Room{JID: "gone@c", Gone: true}})
	late.Expires = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	want.Sessions = slices.Insert(want.Sessions, 0, late)
	killed := dead(t, path)
	for _, p := range []string{path, killed} {
		raw(t, p, "ALTER TABLE away RENAME TO sessions")
	}
	return killed, want
}

// TestExport: what is exported is what an older usher has, as far as it knows it, and the state
// stays as it is.
func TestExport(t *testing.T) {
	for _, schema := range []int{1, 2, 3} {
		path, want := exported(t)
		to := filepath.Join(t.TempDir(), "old.db")
		before := files(t, filepath.Dir(path))
		e, err := sqlite.Export(t.Context(), path, schema, to)
		if err != nil {
			t.Fatal(err)
		}
		if after := files(t, filepath.Dir(path)); !reflect.DeepEqual(after, before) {
			t.Errorf("the state had %v and has %v", before, after)
		}
		if left := files(t, filepath.Dir(to)); len(left) != 1 {
			t.Errorf("there are %v", left)
		}
		if _, err := sqlite.Export(t.Context(), path, schema, to); !os.IsExist(err) {
			t.Errorf("over a file: %v", err)
		}
		s := open(t, to) // which climbs the ladder from there
		got, err := moderationtest.Kept(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got.Revocations, func(v, w moderation.Revocation) int { return strings.Compare(v.Host, w.Host) })
		slices.SortFunc(got.Rooms, func(v, w moderation.Room) int { return strings.Compare(v.JID, w.JID) })
		if schema == 1 { // it knows tokens only, and no moment
			want.Revocations = want.Revocations[:1]
			got.Revocations[0].At = want.Revocations[0].At
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("schema %d has\n%+v\nwant\n%+v", schema, got, want)
		}
		if left := strings.Join(e.Left, "; "); e.Sessions != len(want.Sessions) || e.Revocations != len(want.Revocations) ||
			strings.Contains(left, "1 revocations of persons") != (schema == 1) ||
			strings.Contains(left, "resumed") != (schema < 3) {
			t.Errorf("schema %d: %+v", schema, e)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// files are the names and sizes of a folder's files.
func files(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	list := map[string]int64{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && !strings.HasSuffix(path, "-shm") {
			list[strings.TrimPrefix(path, dir)] = info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestExportRefused: a state that is in use, or is none, is not exported, and leaves no file.
func TestExportRefused(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "usher.db"), filepath.Join(dir, "old.db")
	s := open(t, path)
	for name, try := range map[string]func() error{
		"in use":    func() error { _, err := sqlite.Export(t.Context(), path, 3, to); return err },
		"no schema": func() error { _, err := sqlite.Export(t.Context(), path, 4, to); return err },
		"no state":  func() error { _, err := sqlite.Export(t.Context(), path+"x", 3, to); return err },
	} {
		if try() == nil {
			t.Errorf("%s: it was exported", name)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%s: a file is left", name)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCheck: a state is examined without a change, while a daemon has it, after a kill, after a
// clean end, and when it is damaged.
func TestCheck(t *testing.T) {
	path, want := exported(t)
	check := func(path string) sqlite.Report {
		t.Helper()
		before := files(t, filepath.Dir(path))
		r, err := sqlite.Check(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if after := files(t, filepath.Dir(path)); !reflect.DeepEqual(after, before) {
			t.Errorf("the state had %v and has %v", before, after)
		}
		return r
	}
	if r := check(path); len(r.Problems) > 0 || r.Running || r.Schema != 4 || r.Journal.Clean || r.Journal.Records != 1 ||
		r.Counts[0] != (sqlite.Count{Table: "sessions", Rows: len(want.Sessions) - 1}) {
		t.Errorf("after a kill: %+v", r)
	}
	s := open(t, path)
	if _, err := moderationtest.Kept(t.Context(), s); err != nil { // nothing is written any more
		t.Fatal(err)
	}
	if r, size := check(path), s.Status().FileBytes; len(r.Problems) > 0 || !r.Running || r.Bytes != size {
		t.Errorf("in use, with %d bytes: %+v", size, r)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r := check(path); len(r.Problems) > 0 || r.Running || !r.Journal.Clean || r.Counts[0].Rows != len(want.Sessions) {
		t.Errorf("after a clean end: %+v", r)
	}
	if err := os.RemoveAll(path + ".journal"); err != nil {
		t.Fatal(err)
	}
	if r := check(path); len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "is not there") {
		t.Errorf("without the journal: %+v", r)
	}
	raw(t, path, "UPDATE revocations SET value = x'ff'")
	if r := check(path); len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "a row of revocations") {
		t.Errorf("with a value that is none: %+v", r)
	}
	raw(t, path, "PRAGMA user_version = 5")
	if r := check(path); len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "newer usher") {
		t.Errorf("of a newer usher: %+v", r)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(b); i += 512 {
		b[i+17] ^= 0xff
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	raw3 := filepath.Join(t.TempDir(), "usher.db")
	if err := os.WriteFile(raw3, append([]byte(nil), b[:len(b)-100]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := check(raw3); len(r.Problems) == 0 {
		t.Errorf("a damaged file: %+v", r)
	}
}
