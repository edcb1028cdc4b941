package strictyaml

import (
	"strings"

	"usher/internal/text"
)

// Suggest returns a hint at the word that was probably meant, which ends with a
// space, or nothing.
func Suggest(s string, words []string) string {
	const most = 2
	best, hint := most+1, ""
	for _, w := range words {
		if d := distance(strings.ToLower(text.Clip(s)), strings.ToLower(w)); d < best && d < len(w) {
			best, hint = d, `did you mean "`+w+`"? `
		}
	}
	return hint
}

// distance is the number of letters to insert, delete or replace on the way
// from a to b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
