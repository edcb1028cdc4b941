package source

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"usher/auth/keys/keyfile"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// MendOwnSecret is the advice for a secret that only ushers have.
const MendOwnSecret = "make a new one: openssl rand -hex 32"

// OwnSecrets reads the files of secrets that only ushers have: the first is used, each of them is believed.
func (r *Reader) OwnSecrets(v strictyaml.Value, noun string) (secrets [][]byte, files []strictyaml.Item) {
	for _, it := range v.SomeList() {
		content, ok := r.File(it, noun, true)
		if !ok {
			continue
		}
		files = append(files, it)
		secret, err := keyfile.ReadSecret(content, keyfile.Plain, false)
		switch {
		case err != nil:
			what, _, _ := strings.Cut(err.Error(), "; ")
			it.Problem(MendOwnSecret, "the %s %q: %s", noun, text.Clip(it.Text), what)
		case slices.ContainsFunc(secrets, func(s []byte) bool { return string(s) == string(secret) }):
			it.Problem("remove one of them", "the file %q holds the secret of another", text.Clip(it.Text))
		default:
			secrets = append(secrets, secret)
		}
		for _, d := range keyfile.DoubtText(content) {
			it.Warn(d.Mend, "the %s %q: %s", noun, text.Clip(it.Text), d.Text)
		}
	}
	return secrets, files
}

// maxLine is the longest secret of one line, in bytes.
const maxLine = 1024

// Line reads a secret of one line, which is in a file alone. mend is the advice where something else is there.
func (r *Reader) Line(it strictyaml.Item, noun, mend string) (line string, ok bool) {
	content, ok := r.File(it, noun, true)
	if !ok {
		return "", false
	}
	line = WithoutEnd(content)
	if line == "" || strings.ContainsAny(line, "\r\n\x00") || len(line) > maxLine {
		notOneLine(it, noun, content, mend)
		return "", false
	}
	for _, d := range keyfile.DoubtText(content) {
		it.Warn(d.Mend, "the %s %q: %s", noun, text.Clip(it.Text), d.Text)
	}
	return line, true
}

// WithoutEnd leaves out the one line end behind a secret, which echo and editors write.
func WithoutEnd(content []byte) string { return string(keyfile.Line(content)) }

// notOneLine says what of a file is no secret of one line.
func notOneLine(it strictyaml.Item, noun string, content []byte, mend string) {
	bare := strings.TrimSpace(string(content))
	if bare != "" && len(bare) <= maxLine && !strings.ContainsAny(bare, "\r\n\x00") {
		it.Problem("keep one line end", "the %s %q has more than one line end", noun, text.Clip(it.Text))
		return
	}
	it.Problem(mend, "the %s %q is not one line of 1 to 1,024 bytes", noun, text.Clip(it.Text))
}

// RefuseShared refuses such a secret that is for something else as well: who has it for that can do what it is for.
func (r *Reader) RefuseShared(files []strictyaml.Item, noun, owner, can string) {
	for _, it := range files {
		own := r.Content(r.Resolve(it.Text))
		for _, path := range slices.Sorted(maps.Keys(r.contents)) {
			other := r.nouns[path]
			if other == noun || r.Content(path) != own {
				continue
			}
			it.Problem("make a new one for "+owner+": openssl rand -hex 32",
				"the %s %q has the content of the %s %q: who knows that %s",
				noun, text.Clip(it.Text), other, text.Clip(filepath.Base(path)), can)
			break
		}
	}
}
