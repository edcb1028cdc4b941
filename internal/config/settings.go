package config

import (
	"maps"
	"slices"

	"usher/internal/strictyaml"
)

//go:generate go test . -run TestConfigurationPage -update

// A section describes the keys of one mapping of the file. The descriptions stand
// beside what reads the keys; docs/configuration.md is made of them.
type section struct {
	path     string // of the mapping, as in hosts.HOST.tokens; "" is the whole file
	text     string // what it is for
	settings []setting
}

// A setting describes one key.
type setting struct {
	key     string
	kind    string // the type with its unit and its bounds, as in "a duration, at most 5m"
	def     string // the default as the file would have it, or "" if a file cannot say it
	unset   string // in words, what holds without the key, if there is no def
	needed  bool   // there is no default: the key must be there
	restart bool   // a reload that changes it is refused
	example string // a value as the file would have it, or "" for a mapping with a section of its own
	text    string // what it does
}

// sections lists all of them, in the order of docs/configuration.md.
func sections() []section {
	return []section{
		topSettings(), listenSettings(), clusterSettings(), gatewaySettings(), consoleSettings(),
		loginSettings(), loginHostSettings(), componentSettings(), logSettings(),
		hostSettings(), relaySettings(), issuerSettings(), tokenSettings(), moderationSettings(), lobbySettings(),
	}
}

// readers are what reads the value of each key of a section.
type readers map[string]func(strictyaml.Value)

// fields returns the keys that the section describes, each with its reader, in
// the order of the descriptions. A reader that none describes comes last, and a
// key without a reader is left out: a test looks for both.
func (s section) fields(r readers) []strictyaml.Field {
	var fields []strictyaml.Field
	rest := maps.Clone(r)
	for _, set := range s.settings {
		if read := r[set.key]; read != nil {
			fields = append(fields, strictyaml.Field{Name: set.key, Read: read})
		}
		delete(rest, set.key)
	}
	for _, key := range slices.Sorted(maps.Keys(rest)) {
		fields = append(fields, strictyaml.Field{Name: key, Read: r[key]})
	}
	return fields
}
