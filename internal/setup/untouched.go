package setup

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// madeList is where the Debian package's postinst keeps what it wrote: a line "SHA256  NAME" for each file of usher's
// folder, as sha256sum prints it. A purge goes by the same list.
const madeList = ownFolder + ".made-by-package"

// untouched reports whether a file of usher's is byte for byte what the Debian package wrote. A link is none of its
// files.
func (m *maker) untouched(name string, file File) (bool, error) {
	if file.Path != name {
		return false, nil
	}
	list, _, err := m.files.Read(madeList)
	line := fmt.Sprintf("%x  %s", sha256.Sum256([]byte(file.Text)), strings.TrimPrefix(name, ownFolder))
	return err == nil && slices.Contains(strings.Split(list.Text, "\n"), line), err
}

// config reads usher's configuration. One that is as the package wrote it was for a plain Prosody, and nobody's: it
// counts as none, and placeholder is what it has.
func (m *maker) config() (text string, there bool, placeholder string, err error) {
	file, there, err := m.files.Read(ConfigFile)
	if err != nil || !there {
		return "", false, "", err
	}
	untouched, err := m.untouched(ConfigFile, file)
	if err != nil || !untouched {
		return file.Text, true, "", err
	}
	return "", false, file.Text, nil
}
