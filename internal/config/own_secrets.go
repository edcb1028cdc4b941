package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"usher/auth/keys/keyfile"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

const mendOwnSecret = "make a new one: openssl rand -hex 32"

// ownSecrets reads the files of secrets that only ushers have: the first is used, each of them is believed.
func (r *reader) ownSecrets(v strictyaml.Value, noun string) (secrets [][]byte, files []strictyaml.Item) {
	for _, it := range v.SomeList() {
		content, ok := r.file(it, noun, true)
		if !ok {
			continue
		}
		files = append(files, it)
		secret, err := keyfile.ReadSecret(content, keyfile.Plain, false)
		switch {
		case err != nil:
			what, _, _ := strings.Cut(err.Error(), "; ")
			it.Problem(mendOwnSecret, "the %s %q: %s", noun, text.Clip(it.Text), what)
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

// refuseShared refuses such a secret that is for something else as well: who has it for that can do what it is for.
func (r *reader) refuseShared(files []strictyaml.Item, noun, owner, can string) {
	for _, it := range files {
		own := strings.TrimSuffix(string(r.contents[r.resolve(it.Text)]), "\n")
		for _, path := range slices.Sorted(maps.Keys(r.contents)) {
			other := r.nouns[path]
			if other == noun || strings.TrimSuffix(string(r.contents[path]), "\n") != own {
				continue
			}
			it.Problem("make a new one for "+owner+": openssl rand -hex 32",
				"the %s %q has the content of the %s %q: who knows that %s",
				noun, text.Clip(it.Text), other, text.Clip(filepath.Base(path)), can)
			break
		}
	}
}
