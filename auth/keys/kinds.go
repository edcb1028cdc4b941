package keys

import (
	"slices"

	"usher/auth/keys/keyfile"
)

// A Kind is one way to come by the keys of an issuer, called as its setting in
// the configuration. Its row in the list of kinds is all that the rest of usher
// goes by: a new kind is a file of this package, with its row, and its name in
// the list.
type Kind string

// kindRows is the list, in the order in which people are told of the kinds.
func kindRows() []kindRow {
	return []kindRow{secretFiles(), publicKeyFiles(), jwksURL(), asapURL()}
}

// A kindRow says what the rest of usher needs to know of a kind. It is of files
// or remote.
type kindRow struct {
	kind   Kind
	manual Manual
	files  *fileKind
	remote *remoteKind
}

// A Manual is what the manual of the configuration says of a kind's setting.
type Manual struct {
	Form    string // of the value: "a list of files"
	Default string // as the file would have it
	Example string // likewise
	Text    string // what it does, in Markdown
}

// A fileKind is a kind whose keys stand in files, as many as are named.
type fileKind struct {
	noun   string // what messages call a file
	secret bool
	read   func(File) ([]*Key, []keyfile.Doubt, error)
}

// A remoteKind is a kind whose keys a server publishes under one URL.
type remoteKind struct {
	source   string // what the status and log lines call it
	title    string // what messages call the server's answer, or the server
	accept   string // media types
	perKid   bool   // each key is fetched when a token names it, and not before
	schedule func(*source) scheduler
}

// Kinds returns all kinds, in the order in which people are told of them.
func Kinds() []Kind {
	var kinds []Kind
	for _, r := range kindRows() {
		kinds = append(kinds, r.kind)
	}
	return kinds
}

// row returns the kind's. There is one for each constant.
func (k Kind) row() kindRow {
	rows := kindRows()
	return rows[slices.IndexFunc(rows, func(r kindRow) bool { return r.kind == k })]
}

// Manual returns what the manual of the configuration says of the setting.
func (k Kind) Manual() Manual { return k.row().manual }

// Remote reports whether the setting is the URL of a server, and not a list of
// files.
func (k Kind) Remote() bool { return k.row().remote != nil }

// Secret reports whether the keys are shared secrets, which also sign.
func (k Kind) Secret() bool { return !k.Remote() && k.row().files.secret }

// A File is a key file, and how the configuration has it read.
type File struct {
	Content []byte
	Label   string // what a key without an ID is called: the name of the file

	// How a secret is spelt, whether the configuration says so or it is the
	// default, and whether it may be short.
	Encoding     keyfile.Encoding
	EncodingSaid bool
	AllowWeak    bool
}

// Noun is what messages call a file of the kind. It is empty for a remote kind.
func (k Kind) Noun() string {
	if k.Remote() {
		return ""
	}
	return k.row().files.noun
}

// Read returns the keys of a file, at least one, and what of it is rarely meant.
// The error says what is wrong with the file and, after "; ", how to mend it if
// that is not plain; it shows nothing of a secret. The kind must not be remote.
func (k Kind) Read(f File) ([]*Key, []keyfile.Doubt, error) { return k.row().files.read(f) }
