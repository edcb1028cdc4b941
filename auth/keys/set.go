package keys

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"usher/auth/keys/keyfile"
)

// MaxTried bounds the signatures that one token may cost.
const MaxTried = 8

// sourceFiles is what the status calls all kinds of files.
const sourceFiles = "files"

// A Set is the keys of one issuer: those from its files, and those that its
// sources have at the moment. It is safe for concurrent use.
type Set struct {
	files   []*Key
	sources []*source
}

// Remote reports whether the set has sources, so that a key may yet come.
func (s *Set) Remote() bool { return len(s.sources) > 0 }

// Candidates appends to keys those that may have signed a token by this
// algorithm that names kid, or none if it is empty: [MaxTried] at most. Those
// that have the kid come first, so that keys without one cannot take their
// places.
func (s *Set) Candidates(keys []*Key, a *Algorithm, kid string) []*Key {
	for _, named := range []bool{true, false} {
		if named && kid == "" {
			continue
		}
		keys = appendFitting(keys, s.files, a, kid, named)
		for _, src := range s.sources {
			if set := src.current(); set != nil {
				keys = appendFitting(keys, set.keys, a, kid, named)
			}
		}
	}
	return keys
}

func appendFitting(keys, from []*Key, a *Algorithm, kid string, named bool) []*Key {
	for _, k := range from {
		if len(keys) < MaxTried && (kid != "" && k.id == kid) == named && k.fits(a, kid) {
			keys = append(keys, k)
		}
	}
	return keys
}

// CountFitting returns how many keys there are that [Set.Candidates] chooses from.
func (s *Set) CountFitting(a *Algorithm, kid string) (n int) {
	for k := range s.All() {
		if k.fits(a, kid) {
			n++
		}
	}
	return n
}

// AlgorithmsOf returns what the keys with exactly this kid are for, in order.
func (s *Set) AlgorithmsOf(kid string) (names []string) {
	for k := range s.All() {
		if k.Named(kid) {
			names = append(names, k.algorithms()...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// All yields the keys that are there now.
func (s *Set) All() iter.Seq[*Key] {
	return func(yield func(*Key) bool) {
		for _, k := range s.files {
			if !yield(k) {
				return
			}
		}
		for _, src := range s.sources {
			if set := src.current(); set != nil {
				for _, k := range set.keys {
					if !yield(k) {
						return
					}
				}
			}
		}
	}
}

// Request asks every source for a kid that no key has; an empty one stands for a
// key without. It never waits: the key, if there is one, comes later.
func (s *Set) Request(kid string) Lookup {
	var all Lookup
	for n, src := range s.sources {
		l := src.request(kid)
		all.Pending, all.Trouble = all.Pending || l.Pending, all.Trouble || l.Trouble
		if n > 0 {
			all.Detail += "; "
		}
		all.Detail += l.Detail
	}
	return all
}

// Holds reports whether key can still verify for the issuer. Keys are made
// once, so the pointer is the key.
func (s *Set) Holds(key *Key) bool {
	if slices.Contains(s.files, key) {
		return true
	}
	for _, src := range s.sources {
		if set := src.current(); set != nil && set.holds(key) {
			return true
		}
	}
	return false
}

// HoldsPrint is [Set.Holds] for a key of which only the print was kept: a reload
// makes new keys of the same files. A source that was not reached since the
// start may have it, and so may a key server that is asked for one key at a
// time: what is not known to be gone is held.
func (s *Set) HoldsPrint(print string) bool {
	same := func(k *Key) bool { return k.print == print }
	if slices.ContainsFunc(s.files, same) {
		return true
	}
	for _, src := range s.sources {
		set := src.current()
		if set == nil || src.row.perKid || slices.ContainsFunc(set.keys, same) {
			return true
		}
	}
	return false
}

// Status tells of the files, if there are any, and of each source.
func (s *Set) Status(issuer string) (list []Status) {
	if len(s.files) > 0 {
		list = append(list, Status{Issuer: issuer, Source: sourceFiles}.with(&keyset{keys: s.files}))
	}
	for _, src := range s.sources {
		list = append(list, src.status())
	}
	return list
}

// Describe tells what each source has, for the explanation of a token whose key
// is not found. It is empty for a set without sources, and begins with "; ".
func (s *Set) Describe() string {
	var b strings.Builder
	for _, src := range s.sources {
		st := src.status()
		fmt.Fprintf(&b, "; %s %s has ", st.Source, st.URL)
		switch {
		case st.Problem != "":
			b.WriteString("no keys: " + st.Problem)
		case st.Keys == 0:
			b.WriteString("no keys yet")
		default:
			fmt.Fprintf(&b, "%d: %s", st.Keys, strings.Join(st.Names, ", "))
		}
		if len(st.Skipped) > 0 {
			b.WriteString(" (left out: " + strings.Join(st.Skipped, "; ") + ")")
		}
	}
	return b.String()
}

// Misread says how one of the set's secrets would fit a signature that no key
// made, if it were read in another way than the configured one, and how to mend
// that. It is empty if none would. It costs a signature for each guess, so it is
// for explanations alone.
func (s *Set) Misread(a *Algorithm, input *Input, signature []byte) string {
	for _, k := range s.files {
		if !k.Symmetric() {
			continue
		}
		for _, r := range keyfile.Readings(k.secret) {
			if newSecretKey(r.Secret, k.label, true).Verifies(a, input, signature) {
				return fmt.Sprintf("the secret %s fits when it is read %s: %s", k, r.How, r.Mend)
			}
		}
	}
	return ""
}
