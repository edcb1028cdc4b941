package keys

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/strictjson"
	"usher/internal/text"
)

const (
	maxSetKeys   = 64 // of one published set. Real ones have two or three
	maxSkipped   = 16 // that are told of, of one set
	maxSkipBytes = 240
)

// A keyset is immutable: new keys come in a new one.
type keyset struct {
	keys    []*Key
	skipped []skip // at most maxSkipped
	left    int    // how many members more were left out
}

// A skip says why one member of a published set is not used, or not wholly.
type skip struct {
	member string // as an operator finds it: key 2 (kid "a")
	kid    string // or empty
	why    string
	alarm  bool // every reader of the member can sign
}

// String returns one line for an operator.
func (s skip) String() string { return s.member + ": " + s.why }

// published is one member that was read well.
type publishedKey struct {
	member string
	*Key
}

// A setReader collects the members of a published set.
type setReader struct {
	doc      strictjson.Document
	keys     []publishedKey
	revealed map[string]bool // prints of keys whose private half is published
	set      keyset
}

// readKeyset reads what a server publishes: a JWK set (RFC 7517 section 5), or
// a map from key IDs to certificates or public keys in PEM, as Google and
// Firebase have it. What cannot be used is left out with a reason, and never
// takes another key down with it. The text as a whole is refused if it is no
// set, or has no key that can be used.
func readKeyset(text []byte) (*keyset, error) {
	members, err := setMembers(text)
	if err != nil {
		return nil, err
	}
	r := &setReader{revealed: map[string]bool{}}
	for _, m := range members {
		if err := r.read(m); err != nil {
			r.skip(m.name, m.kid, err)
		}
	}
	r.dropRevealed()
	r.merge()
	r.dropContradictions()
	r.finish()
	if len(r.set.keys) > 0 {
		return &r.set, nil
	}
	if len(r.set.skipped) == 0 {
		return nil, errors.New("the set is empty")
	}
	return nil, &uselessSetError{lines: r.set.lines(), set: &r.set, revealed: r.revealed}
}

// A uselessSetError says why a set has no key that can be used, a line for each
// of its members.
type uselessSetError struct {
	lines    []string
	set      *keyset
	revealed map[string]bool // prints of keys whose private half is published
}

func (e *uselessSetError) Error() string {
	s := "no key of the set can be used; " + e.lines[0]
	if more := len(e.lines) - 1; more > 0 {
		s += fmt.Sprintf(" (and %d lines more in usher status)", more)
	}
	return s
}

// lines tells what was left out, one line each, the alarming first.
func (s *keyset) lines() []string {
	lines := make([]string, 0, len(s.skipped)+1)
	for _, alarm := range []bool{true, false} {
		for _, k := range s.skipped {
			if k.alarm == alarm {
				lines = append(lines, k.String())
			}
		}
	}
	if s.left > 0 {
		lines = append(lines, text.AndMore(s.left))
	}
	return lines
}

func (r *setReader) read(m setMember) (err error) {
	if m.pem {
		return r.readPEM(m)
	}
	if err := r.doc.Read(m.value); err != nil {
		return fmt.Errorf("not strict JSON: %w", err)
	}
	key, err := parseJWK(&r.doc, r.doc.Root())
	if err != nil {
		return err
	}
	r.keys = append(r.keys, publishedKey{m.name, key})
	return nil
}

// readPEM takes the one public key of a member. A certificate stands for its
// key: its server says that the key is good by publishing it, so its dates do
// not count, here as in public_key_files.
func (r *setReader) readPEM(m setMember) error {
	switch {
	case m.kid == "" || len(m.kid) > MaxKeyID:
		return fmt.Errorf("its name, the kid, has %d bytes; 1 to %d are allowed", len(m.kid), MaxKeyID)
	case strings.ContainsRune(m.kid, utf8.RuneError):
		return errors.New("its name, the kid, is not UTF-8")
	}
	if err := r.doc.Read(slices.Concat([]byte(`{"pem":`), m.value, []byte("}"))); err != nil {
		return fmt.Errorf("not strict JSON: %w", err)
	}
	text, err := stringMember(&r.doc, r.doc.Root(), "pem")
	if err != nil {
		return errors.New("not a text")
	}
	if strings.Contains(text, "PRIVATE KEY-----") {
		return &publishedSecretError{print: printOfPrivate([]byte(text)), why: "a private key in a published " +
			"set: whoever can read it can sign; its owner must replace it"}
	}
	key, err := parseKeyFile([]byte(text), m.kid)
	if err != nil {
		return err
	}
	r.keys = append(r.keys, publishedKey{m.name, key})
	return nil
}

// skip notes why a member is left out. Texts of the server are cut.
func (r *setReader) skip(member, kid string, why error) {
	secret, alarm := errors.AsType[*publishedSecretError](why)
	if alarm && secret.print != "" {
		r.revealed[secret.print] = true
	}
	r.note(skip{member, text.Name(kid), text.ClipTo(why.Error(), maxSkipBytes), alarm})
}

// note keeps an alarm also where there is no room for it.
func (r *setReader) note(s skip) {
	if len(r.set.skipped) < maxSkipped {
		r.set.skipped = append(r.set.skipped, s)
		return
	}
	r.set.left++
	if i := slices.IndexFunc(r.set.skipped, func(s skip) bool { return !s.alarm }); s.alarm && i >= 0 {
		r.set.skipped[i] = s
	}
}

// dropRevealed leaves out every key whose private half is published beside it.
func (r *setReader) dropRevealed() {
	r.keys = slices.DeleteFunc(r.keys, func(k publishedKey) bool {
		if r.revealed[k.print] {
			r.note(skip{k.member, k.id, "its private half is in the same set; its owner must replace it", true})
		}
		return r.revealed[k.print]
	})
}

// merge makes one key of entries with the same kid and the same numbers, good
// for all that they name: a set may list a key once for each algorithm.
func (r *setReader) merge() {
	var merged []publishedKey
	for _, k := range r.keys {
		i := slices.IndexFunc(merged, func(m publishedKey) bool { return m.id == k.id && m.print == k.print })
		if i < 0 {
			merged = append(merged, k)
			continue
		}
		maps.Copy(merged[i].verify, k.verify)
	}
	r.keys = merged
}

// dropContradictions takes from two different keys with one kid the algorithms
// that both are for: it cannot be told which of them is meant. Without a kid a
// key is told by its signature, and with another algorithm by that.
func (r *setReader) dropContradictions() {
	type use struct {
		kid string
		alg *Algorithm
	}
	named := map[use][]string{}
	for _, k := range r.keys {
		for a := range k.verify {
			named[use{k.id, a}] = append(named[use{k.id, a}], k.member)
		}
	}
	r.keys = slices.DeleteFunc(r.keys, func(k publishedKey) bool {
		others := ""
		for i := range algorithmList {
			a := &algorithmList[i]
			if with := named[use{k.id, a}]; k.id != "" && k.verify[a] != nil && len(with) > 1 {
				delete(k.verify, a)
				others = fmt.Sprintf("%s has the same kid and is for %s, too", otherThan(with, k.member), a.name)
			}
		}
		if others != "" {
			r.note(skip{member: k.member, kid: text.Name(k.id), why: others})
		}
		return len(k.verify) == 0
	})
}

// otherThan names another member; those of a map may have one name.
func otherThan(list []string, one string) string {
	for _, s := range list {
		if s != one {
			return s
		}
	}
	return "another entry"
}

func (r *setReader) finish() {
	for i, k := range r.keys {
		if i >= maxSetKeys {
			r.note(skip{member: k.member, kid: text.Name(k.id), why: fmt.Sprintf("more than %d keys in one set",
				maxSetKeys)})
			continue
		}
		r.set.keys = append(r.set.keys, k.Key)
	}
}

// names returns what the keys are called in logs.
func (s *keyset) names() []string {
	names := make([]string, len(s.keys))
	for i, k := range s.keys {
		names[i] = k.String()
	}
	return names
}

// holds reports whether the set has this very key.
func (s *keyset) holds(key *Key) bool { return slices.Contains(s.keys, key) }
