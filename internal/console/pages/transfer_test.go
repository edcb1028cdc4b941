package pages

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"usher/internal/admin"
	"usher/lobby"
)

// TestReplaceAsks: what an import takes off is said before.
func TestReplaceAsks(t *testing.T) {
	s := newStand(full(10)) // two of which the configuration has
	w := s.post(t, "/whitelist/import", url.Values{"list": {"a@h\n"}, "replace": {"true"}})
	if page := readable(t, w.Body.String()); s.api.lastChange() != "" || !strings.Contains(page, "Taken off 8") {
		t.Errorf("%s: %s", s.api.lastChange(), page)
	}
}

// TestImportAFile: a file that is chosen is read where nothing was pasted, and a line of it that cannot be read is named.
func TestImportAFile(t *testing.T) {
	for content, want := range map[string]string{"a@h # x\n": "POST /lobby/import?replace=false", "a@h\nb@h until=never\n": "", "": ""} {
		s := newStand(full(1))
		s.api.set("POST /lobby/import", admin.LobbyAnswer{Added: 1})
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		file, err := form.CreateFormFile("file", "whitelist.txt")
		if err == nil {
			_, err = file.Write([]byte(content))
		}
		if err = errors.Join(err, form.WriteField("list", " \r\n"), form.Close()); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/whitelist/import", &body)
		r.Header.Set("Content-Type", form.FormDataContentType())
		w := s.do(t, r)
		if got := s.api.lastChange(); got != want {
			t.Errorf("%q: the API was asked %q", content, got)
		}
		if want == "" && (w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Nothing was changed.")) {
			t.Errorf("%q: status %d", content, w.Code)
		}
		if strings.Contains(content, "never") && !strings.Contains(readable(t, w.Body.String()), "line 2: ") {
			t.Error("the line is not named")
		}
	}
}

// replace sends a list as a browser does, by the file or by the field, which have their limit.
func (s *stand) replace(t *testing.T, list string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	var err error
	for _, name := range fields {
		err = errors.Join(err, form.WriteField(name, "true"))
	}
	if slices.Contains(fields, "sure") {
		err = errors.Join(err, form.WriteField("list", strings.ReplaceAll(list, "\n", "\r\n")))
	} else if file, failed := form.CreateFormFile("file", "whitelist.txt"); failed == nil {
		_, err = file.Write([]byte(list))
	}
	if err = errors.Join(err, form.Close()); err != nil {
		t.Fatal(err)
	}
	if body.Len() > maxImport {
		t.Errorf("the form has %d bytes: the server takes %d", body.Len(), maxImport)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/whitelist/import", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return s.do(t, r)
}

// TestReplaceAFullWhitelist: as many entries as there may be, of names and notes of a usual length, are sent twice: first
// as a file, and with the answer to the question as well.
func TestReplaceAFullWhitelist(t *testing.T) {
	var list strings.Builder
	for i := range lobby.MaxEntries {
		fmt.Fprintf(&list, "user-%d@meet.example.com room=board-%d until=2099-12-31T18:00:00Z # %s\n", i, i, strings.Repeat("é", 125))
	}
	s := newStand(full(3))
	s.api.set("POST /lobby/import", admin.LobbyAnswer{Added: lobby.MaxEntries})
	w := s.replace(t, list.String(), "replace")
	if page := readable(t, w.Body.String()); w.Code != http.StatusOK || s.api.lastChange() != "" ||
		!strings.Contains(page, fmt.Sprintf("Entries of the list %d", lobby.MaxEntries)) {
		t.Fatalf("%d, %.500s", w.Code, page)
	}
	kept := ""
	for n := range tree(t, w.Body.String()).Descendants() {
		switch value := func(key string) string {
			i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
			if i < 0 {
				return ""
			}
			return n.Attr[i].Val
		}; {
		case n.Data == "form" && value("action") == "/whitelist/import" && value("enctype") != "multipart/form-data":
			t.Error("the form encodes the list")
		case n.Data == "input" && value("name") == "list":
			kept = value("value")
		}
	}
	if kept != list.String() {
		t.Fatalf("%d bytes of %d are in the form", len(kept), list.Len())
	}
	s.replace(t, kept, "replace", "sure")
	if got := s.api.lastChange(); got != "POST /lobby/import?replace=true" {
		t.Errorf("the API was asked %q", got)
	}
	if last := s.api.bodies[len(s.api.bodies)-1]; strings.Count(last, `"jid"`) != lobby.MaxEntries {
		t.Errorf("%d entries", strings.Count(last, `"jid"`))
	}
}

// TestLongList: a list over the bound is refused with the bound and the command that takes it, before and after.
func TestLongList(t *testing.T) {
	s := newStand(full(1))
	if page := readable(t, s.get(t, "/whitelist/import").Body.String()); !strings.Contains(page, "At most 4 MiB") ||
		!strings.Contains(page, "usher lobby import FILE takes more") {
		t.Error(page)
	}
	w := s.replace(t, strings.Repeat("a@h\n", maxList/4+1), "replace")
	if page := w.Body.String(); w.Code != http.StatusRequestEntityTooLarge || s.api.lastChange() != "" ||
		!strings.Contains(page, "over 4 MiB") || len(page) > 60_000 {
		t.Errorf("%d, %d bytes: %.3000s", w.Code, len(page), page)
	}
}
