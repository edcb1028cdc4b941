package text

import "strings"

// Nearest returns the word that was probably meant by s: one that is at most two letters away, and is not shorter than
// that. It is empty if there is none.
func Nearest(s string, words []string) string {
	const most = 2
	best, nearest := most+1, ""
	for _, w := range words {
		if d := distance(strings.ToLower(Clip(s)), strings.ToLower(w)); d < best && d < len(w) {
			best, nearest = d, w
		}
	}
	return nearest
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
