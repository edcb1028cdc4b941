// Package unitfile answers one question: what do the unit files of systemd on this machine say? It reads them as
// systemd.unit(5) describes, with their drop-ins, and asks no systemd, so that it works where none runs, as in an
// installer. It starts no goroutine and has no lock.
package unitfile

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxSize is the most that is read of a file, in bytes.
const maxSize = 1 << 20

// A Unit is what a unit file and its drop-ins say. The zero value says nothing.
type Unit struct {
	Path   string // of the unit file itself
	values map[string][]string
}

// Folders are where systemd looks for units, the first that counts first. root is "/", or what stands for it.
func Folders(root string) []string {
	var list []string
	for _, f := range []string{"etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system",
		"usr/lib/systemd/system", "lib/systemd/system"} {
		list = append(list, filepath.Join(root, f))
	}
	return list
}

// Find reads a unit, such as usher.service. It reports false if there is none, or one that is masked.
func Find(folders []string, name string) (Unit, bool) {
	u := Unit{values: map[string][]string{}}
	for _, f := range folders {
		path := filepath.Join(f, name)
		text, ok := read(path)
		if !ok {
			continue
		}
		if text == "" { // masked: a link to /dev/null, or empty
			return Unit{}, false
		}
		u.Path = path
		u.add(text)
		break
	}
	if u.Path == "" {
		return Unit{}, false
	}
	dropIns := map[string]string{} // path by name: one of an earlier folder hides that of a later
	for _, f := range slices.Backward(folders) {
		list, _ := filepath.Glob(filepath.Join(f, name+".d", "*.conf"))
		for _, path := range list {
			dropIns[filepath.Base(path)] = path
		}
	}
	for _, base := range slices.Sorted(maps.Keys(dropIns)) {
		if text, ok := read(dropIns[base]); ok {
			u.add(text)
		}
	}
	return u, true
}

func read(path string) (string, bool) {
	info, err := os.Stat(path)
	if err != nil || info.Size() > maxSize || info.IsDir() {
		return "", false
	}
	if !info.Mode().IsRegular() { // /dev/null
		return "", true
	}
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err == nil
}

// add reads the text of a file. An empty value forgets those before it.
func (u *Unit) add(text string) {
	section, line := "", ""
	for part := range strings.Lines(text) {
		part = strings.TrimSpace(part)
		if strings.HasPrefix(part, "#") || strings.HasPrefix(part, ";") {
			continue
		}
		if before, continues := strings.CutSuffix(part, `\`); continues {
			line += before + " "
			continue
		}
		line, part = "", line+part
		if name, ok := strings.CutPrefix(part, "["); ok {
			section = strings.TrimSuffix(name, "]")
			continue
		}
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		key, value = section+"."+strings.TrimSpace(key), strings.TrimSpace(value)
		if value == "" {
			delete(u.values, key)
		} else {
			u.values[key] = append(u.values[key], value)
		}
	}
}

// All returns every value of a key, such as Socket.ListenStream, in order.
func (u Unit) All(key string) []string { return u.values[key] }

// Last returns the value of a key that counts where there can be one only, or fallback.
func (u Unit) Last(key, fallback string) string {
	if all := u.values[key]; len(all) > 0 {
		return cmp.Or(all[len(all)-1], fallback)
	}
	return fallback
}

// Words returns the words of all values of a key, as of RuntimeDirectory.
func (u Unit) Words(key string) (words []string) {
	for _, value := range u.values[key] {
		words = append(words, strings.Fields(value)...)
	}
	return words
}

// On reports whether a switch of a unit is on.
func (u Unit) On(key string) bool {
	return slices.Contains([]string{"1", "yes", "true", "on", "y", "t"}, strings.ToLower(u.Last(key, "no")))
}

// Enabled reports whether another unit starts this one: whether a link to it is in a folder .wants or .requires.
func Enabled(folders []string, name string) bool {
	for _, f := range folders {
		for _, kind := range []string{"wants", "requires"} {
			links, _ := filepath.Glob(filepath.Join(f, "*."+kind, name))
			if len(links) > 0 {
				return true
			}
		}
	}
	return false
}
