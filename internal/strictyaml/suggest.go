package strictyaml

import "usher/internal/text"

// Suggest returns a hint at the word that was probably meant, which ends with a
// space, or nothing.
func Suggest(s string, words []string) string {
	if w := text.Nearest(s, words); w != "" {
		return `did you mean "` + w + `"? `
	}
	return ""
}
