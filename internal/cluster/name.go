package cluster

import "fmt"

// MaxNode is how long the name of a node or of a cell may be, in bytes.
const MaxNode = 63

// CheckName returns what is wrong with the name of a node or of a cell: it is made of
// lower-case letters, digits, hyphens, dots and underscores, as host names are, and begins and
// ends with a letter or a digit. It is part of the engine's keys.
func CheckName(name string) error {
	if name == "" || len(name) > MaxNode {
		return fmt.Errorf("%q has no or over %d characters", name[:min(len(name), MaxNode)], MaxNode)
	}
	for i := range len(name) {
		inside := i > 0 && i < len(name)-1
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case inside && (c == '-' || c == '.' || c == '_'):
		default:
			return fmt.Errorf("%q is not made of a-z, 0-9 and, inside, - . _", name)
		}
	}
	return nil
}
