package keys

import "usher/auth/keys/keyfile"

// SecretFiles is the kind of shared secrets: a file for each.
const SecretFiles Kind = "secret_files"

func secretFiles() kindRow {
	return kindRow{
		kind: SecretFiles,
		manual: Manual{
			Form: "a list of files", Default: "[]", Example: "[/etc/usher/my-app.secret]",
			Text: "One shared secret a file; the one newline at its end does not count. All of " +
				"them are good, at most eight: to rotate, name the new file beside the old, and remove " +
				"the old one when the last token made with it has expired " +
				"([operating.md](operating.md#rotating-a-secret)). Secrets that are shorter than the " +
				"hash or on public lists are refused.",
		},
		files: &fileKind{noun: "secret file", secret: true, read: readSecretFile},
	}
}

func readSecretFile(f File) ([]*Key, []keyfile.Doubt, error) {
	key, err := ParseSecret(f.Content, f.Encoding, f.Label, f.AllowWeak)
	if err != nil {
		return nil, nil, err
	}
	return []*Key{key}, keyfile.Doubts(f.Content, f.Encoding, f.EncodingSaid), nil
}

// ParseSecret makes an HMAC key from a secret file's content. One trailing
// newline is dropped, as editors and echo leave one; everything else counts.
// A secret that is short, publicly known, or looks like another kind of key
// is refused; weak lets a short one pass. No error shows any of the secret.
func ParseSecret(content []byte, encoding keyfile.Encoding, label string, weak bool) (*Key, error) {
	secret, err := keyfile.ReadSecret(content, encoding, weak)
	if err != nil {
		return nil, err
	}
	return newSecretKey(secret, label, weak), nil
}
