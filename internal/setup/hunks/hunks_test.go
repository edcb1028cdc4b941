package hunks

import (
	"strings"
	"testing"
)

const was = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n"

// TestUnified: the diff is what diff -u writes, and has no secret.
func TestUnified(t *testing.T) {
	now := strings.Replace(was, "two\n", "2\n", 1) + "secret = \"abc\"\nelev3n"
	want := `--- a/etc/x
+++ b/etc/x
@@ -1,5 +1,5 @@
 one
-two
+2
 three
 four
 five
@@ -8,3 +8,5 @@
 eight
 nine
 ten
+secret = "********"
+elev********n
\ No newline at end of file
`
	if got := Unified("/etc/x", was, now, []string{"3"}); got != want {
		t.Errorf("%s", got)
	}
	if got := Unified("/etc/x", was, was, nil); got != "" {
		t.Errorf("no difference: %s", got)
	}
	if got := Unified("/etc/x", "", "new\n", nil); got != "--- /dev/null\n+++ b/etc/x\n@@ -0,0 +1,1 @@\n+new\n" {
		t.Errorf("a new file: %s", got)
	}
}

// TestMask: what is secret by its name is hidden, and what only sounds so is not.
func TestMask(t *testing.T) {
	for line, want := range map[string]string{
		`    app_secret="it's"`:                     `    app_secret="********"`,
		`    --app_secret = 'a\'b' -- why`:          `    --app_secret = '********' -- why`,
		`external_service_secret = "x y";`:          `external_service_secret = "********";`,
		`  "password" : "pw"`:                       `  "password" : "********"`,
		`  password: pw`:                            `  password: ********`,
		`  secret = true, ttl = 1`:                  `  secret = true, ttl = 1`,
		`authentication = "token"`:                  `authentication = "token"`,
		`app_secret = "-----BEGIN PUBLIC KEY-----"`: `app_secret = "-----BEGIN PUBLIC KEY-----"`,
		`secret_file: /etc/usher/my-app.secret`:     `secret_file: /etc/usher/my-app.secret`,
		`plain known`:                               `plain ********`,
	} {
		if got := Mask(line, []string{"known", ""}); got != want {
			t.Errorf("%s becomes %s, want %s", line, got, want)
		}
	}
}

// TestUndo: what was changed elsewhere stays, and what was changed here is left alone.
func TestUndo(t *testing.T) {
	now := strings.Replace(was, "two\nthree\n", "2\n", 1) + "new\n"
	list := Diff(was, now)
	for text, want := range map[string]string{
		now:                                      was,
		"zero\n" + now:                           "zero\n" + was,
		strings.Replace(now, "six", "6", 1):      strings.Replace(was, "six", "6", 1),
		strings.Replace(now, "2\n", "zwei\n", 1): "",
		now + "new\n":                            was + "new\n", // either of the two
		"2\n" + now:                              "2\n" + was,
		was:                                      "",
	} {
		if got, ok := Undo(text, list); got != want || ok != (want != "") {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// TestUndoOtherEnds: an editor that has saved a file of mixed line ends with one of them changed no line.
func TestUndoOtherEnds(t *testing.T) {
	before := "one\nadmins = { }\r\ntwo\nthree\n"
	now := "one\nadmins = { \"usher\" }\r\ntwo\nthree\n"
	list := Diff(before, now)
	for text, want := range map[string]string{
		strings.ReplaceAll(now, "\r\n", "\n"):                                   before,
		strings.ReplaceAll(strings.ReplaceAll(now, "\r\n", "\n"), "\n", "\r\n"): "one\r\nadmins = { }\r\ntwo\r\nthree\r\n",
		strings.TrimSuffix(now, "\n") + "\r\n":                                  strings.TrimSuffix(before, "\n") + "\r\n",
	} {
		if got, ok := Undo(text, list); got != want || !ok {
			t.Errorf("%q becomes %q, %v, want %q", text, got, ok, want)
		}
	}
}

// FuzzDiff: what Diff finds leads from the one text to the other, and back.
func FuzzDiff(f *testing.F) {
	f.Add(was, "one\n2\nthree")
	f.Add("a\na\na\n", "a\nb\na\nb\na\n")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, was, now string) {
		if len(was)+len(now) > 2000 {
			return
		}
		list := Diff(was, now)
		lines, rest := Lines(was), []string{}
		at := 0
		for _, h := range list {
			rest = append(append(rest, lines[at:h.OldAt]...), h.New...)
			at = h.OldAt + len(h.Old)
		}
		if got := strings.Join(append(rest, lines[at:]...), ""); got != now {
			t.Errorf("%q and %q: %q", was, now, got)
		}
		if got, ok := Undo(now, list); ok && len(list) == 1 && got != was {
			t.Errorf("%q and %q: taken back it is %q", was, now, got)
		}
	})
}
