// Package section answers one question: which keys may stand in a mapping of the
// configuration, and what are they for? The descriptions stand beside what reads
// the keys; docs/configuration.md is made of them. It starts no goroutine and has
// no lock.
package section

import (
	"maps"
	"slices"

	"usher/internal/strictyaml"
)

// MendUnplaced is the advice for an error that knows no place.
const MendUnplaced = "correct the setting that it names"

// A Section describes the keys of one mapping of the file.
type Section struct {
	Path     string // of the mapping, as in hosts.HOST.tokens; "" is the whole file
	Text     string // what it is for
	Settings []Setting
}

// A Setting describes one key.
type Setting struct {
	Key     string
	Kind    string // the type with its unit and its bounds, as in "a duration, at most 5m"
	Default string // as the file would have it, or "" if a file cannot say it
	Unset   string // in words, what holds without the key, if there is no Default
	Needed  bool   // there is no default: the key must be there
	Restart bool   // a reload that changes it is refused
	Example string // a value as the file would have it, or "" for a mapping with a section of its own
	Text    string // what it does
}

// Readers are what reads the value of each key of a section.
type Readers map[string]func(strictyaml.Value)

// Fields returns the keys that the section describes, each with its reader, in
// the order of the descriptions. A reader that none describes comes last, and a
// key without a reader is left out: a test looks for both.
func (s Section) Fields(r Readers) []strictyaml.Field {
	var fields []strictyaml.Field
	rest := maps.Clone(r)
	for _, set := range s.Settings {
		if read := r[set.Key]; read != nil {
			fields = append(fields, strictyaml.Field{Name: set.Key, Read: read})
		}
		delete(rest, set.Key)
	}
	for _, key := range slices.Sorted(maps.Keys(rest)) {
		fields = append(fields, strictyaml.Field{Name: key, Read: r[key]})
	}
	return fields
}
