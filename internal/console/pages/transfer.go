package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"usher/internal/admin"
	"usher/internal/console/layout"
)

// transferPages bring the whitelist out, and in.
type transferPages struct{ *desk }

// maxList bounds a list that a form brings, in bytes, and maxImport the form: a browser makes two bytes of each line's
// end.
const (
	maxList   = 4 << 20
	maxImport = maxList + 1<<20
)

// export sends the whitelist as a file, as usher lobby export prints it.
func (p transferPages) export(w http.ResponseWriter, r *http.Request) error {
	var list []admin.Listed
	if err := p.get(r, "/lobby", &list); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="whitelist.txt"`)
	for _, e := range list {
		if !e.Fixed {
			fmt.Fprintln(w, e.String())
		}
	}
	return nil
}

// An importing is the form of an import, and what is wrong with the list.
type importing struct {
	List     string
	Replace  bool
	Problems []string
}

func (p transferPages) importForm(w http.ResponseWriter, r *http.Request) error {
	return p.showImport(w, r, http.StatusOK, importing{})
}

func (p transferPages) showImport(w http.ResponseWriter, r *http.Request, status int, v importing) error {
	p.show(w, r, status, "import", layout.View{Title: "Import", Path: "/whitelist", Content: v})
	return nil
}

// importList puts what a list has on the whitelist. Before anything is taken off it asks.
func (p transferPages) importList(w http.ResponseWriter, r *http.Request) error {
	v, err := readImport(r)
	if err != nil {
		return err
	}
	if len(v.List) > maxList {
		v.List = "" // it would make this page as long
		v.Problems = []string{"the list has over 4 MiB; usher lobby import FILE takes more"}
		return p.showImport(w, r, http.StatusRequestEntityTooLarge, v)
	}
	entries, problems := admin.ReadEntries(strings.NewReader(v.List))
	if len(problems) == 0 && len(entries) == 0 && !v.Replace {
		problems = []string{"there is no entry in it"}
	}
	if v.Problems = problems; len(problems) > 0 {
		return p.showImport(w, r, http.StatusUnprocessableEntity, v)
	}
	if v.Replace && r.PostForm.Get("sure") != "true" {
		return p.importPreview(w, r, v, entries)
	}
	body, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	var answer admin.LobbyAnswer
	q := url.Values{"replace": {fmt.Sprint(v.Replace)}}
	if err := p.post(r, address("/lobby/import", q), bytes.NewReader(body), &answer); err != nil {
		return err
	}
	if answer.Problem != "" {
		v.Problems = []string{answer.Problem}
		return p.showImport(w, r, http.StatusUnprocessableEntity, v)
	}
	n := layout.Notice{Text: fmt.Sprintf("%d on the whitelist, %d taken off.", answer.Added, answer.Removed)}
	return p.done(w, r, "/whitelist", lobbyNotice(n, answer))
}

// readImport reads the form: what was pasted, or else a file.
func readImport(r *http.Request) (v importing, err error) {
	v = importing{List: r.PostForm.Get("list"), Replace: r.PostForm.Get("replace") == "true"}
	if strings.TrimSpace(v.List) != "" || r.MultipartForm == nil {
		return v, nil
	}
	file, _, err := r.FormFile("file")
	if err != nil { // none was chosen
		return v, nil
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	v.List = string(content)
	return v, err
}

// importPreview says how many entries a list would take off.
func (p transferPages) importPreview(w http.ResponseWriter, r *http.Request, v importing, entries []admin.Entry) error {
	var list []admin.Listed
	if err := p.get(r, "/lobby", &list); err != nil {
		return err
	}
	type key struct{ jid, room string }
	stays := map[key]bool{}
	for _, e := range entries {
		stays[key{strings.ToLower(e.JID), e.Room}] = true
	}
	off := 0
	for _, e := range list {
		if !e.Fixed && !stays[key{strings.ToLower(e.JID), e.Room}] {
			off++
		}
	}
	return p.confirm(w, r, "Replace the whitelist", "/whitelist", confirming{Action: "/whitelist/import",
		Back: "/whitelist/import", Danger: true, Button: "Replace", Long: true,
		Lines:  []string{"What is not in the list is taken off; what the configuration has stays."},
		About:  []pair{{"Entries of the list", fmt.Sprint(len(entries))}, {"Taken off", fmt.Sprint(off)}},
		Fields: []pair{{"list", v.List}, {"replace", "true"}, {"sure", "true"}}})
}
