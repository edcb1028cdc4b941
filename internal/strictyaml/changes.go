package strictyaml

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"usher/internal/text"
)

// Changes says in words what next has other than old: every key of the file by its
// path, and the old and the new value, unless that is a URL in which there may be
// a password. Nothing is an empty list.
func Changes(old, next *Tree) []string {
	d := &changes{list: []string{}}
	d.compare("", old, next)
	return d.list
}

type changes struct{ list []string }

func (d *changes) add(format string, args ...any) {
	d.list = append(d.list, text.Printable(fmt.Sprintf(format, args...)))
}

// compare names what differs below a path.
func (d *changes) compare(path string, old, next *Tree) {
	switch {
	case old.of != nil && next.of != nil:
		d.mappings(path, old, next)
	case old.items != nil && next.items != nil:
		d.lists(path, old.items, next.items)
	case old.isScalar() && next.isScalar():
		if old.tag != next.tag || old.text != next.text {
			d.scalars(path, old, next)
		}
	default:
		d.add("%s changed", path)
	}
}

func (t *Tree) isScalar() bool { return t.of == nil && t.items == nil }

func (d *changes) mappings(path string, old, next *Tree) {
	for _, name := range next.keys {
		at := joinPath(path, name)
		switch before := old.of[name]; {
		case before == nil:
			d.add("%s added%s", at, next.of[name].shown())
		default:
			d.compare(at, before, next.of[name])
		}
	}
	for _, name := range old.keys {
		if next.of[name] == nil {
			d.add("%s removed%s", joinPath(path, name), old.of[name].shown())
		}
	}
}

// shown is what may be told of a value that came or went, or nothing.
func (t *Tree) shown() string {
	if t.isScalar() && harmless(t.text) {
		return ": " + t.text
	}
	return ""
}

func (d *changes) scalars(path string, old, next *Tree) {
	if harmless(old.text) && harmless(next.text) {
		d.add("%s is %s, was %s", path, next.text, old.text)
		return
	}
	d.add("%s changed", path)
}

func (d *changes) lists(path string, old, next []string) {
	added, removed := missing(next, old), missing(old, next)
	var parts []string
	if len(added) > 0 {
		parts = append(parts, "added "+namesOf(added))
	}
	if len(removed) > 0 {
		parts = append(parts, "removed "+namesOf(removed))
	}
	switch {
	case len(parts) > 0:
		d.add("%s: %s", path, strings.Join(parts, "; "))
	case !slices.Equal(old, next):
		d.add("%s: the order changed", path)
	}
}

// missing returns what is in a and not in b.
func missing(a, b []string) []string {
	known := map[string]bool{}
	for _, s := range b {
		known[s] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return known[s] })
}

// namesOf lists entries of a list, a few of them.
func namesOf(entries []string) string {
	const most = 8
	var names []string
	for i, e := range entries {
		if i == most {
			names = append(names, text.AndMore(len(entries)-most))
			break
		}
		name, _, cut := strings.Cut(e, " ") // the whitelist has a note after the name
		switch {
		case !harmless(name):
			name = "an entry"
		case cut:
			name += " …"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// harmless reports whether a value of the configuration may stand in the log.
// Secrets are in files; but a URL can hold a password, in any part of it but the
// origin.
func harmless(text string) bool {
	const most = 120
	if len(text) > most {
		return false
	}
	if !strings.Contains(text, "://") {
		return true
	}
	u, err := url.Parse(text)
	return err == nil && u.User == nil && u.Scheme+"://"+u.Host == text
}

var bareName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// joinPath returns the path of a key below another path; names with dots are
// quoted, as in TOML.
func joinPath(path, name string) string {
	if !bareName.MatchString(name) {
		name = fmt.Sprintf("%q", text.Clip(name))
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
