package cmdline

import (
	"fmt"
	"slices"
	"strings"

	"usher/internal/text"
)

// Choose returns the named entry, or the only one. What says what is chosen,
// flag how the operator names it.
func Choose[T any](entries map[string]T, name, what, flag string) (string, T, error) {
	names := make([]string, 0, len(entries))
	for n := range entries {
		names = append(names, n)
	}
	slices.Sort(names)
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	if entry, ok := entries[name]; ok {
		return name, entry, nil
	}
	var none T
	if name == "" {
		return "", none, Exit(2, fmt.Sprintf("there are several %ss: name one with %s: %s", what, flag,
			strings.Join(names, ", ")))
	}
	return "", none, Exit(1, fmt.Sprintf("%s %q is not in the configuration; there is %s", what, text.Clip(name),
		strings.Join(names, ", ")))
}
