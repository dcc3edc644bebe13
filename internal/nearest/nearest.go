// Package nearest guesses which name a mistyped one stands for.
package nearest

import (
	"fmt"
	"slices"
	"strings"
)

// Name returns the name that the fewest edits for its length turn s into, if
// they are fewer than half its letters; else "".
func Name(s string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	s = strings.ToLower(s)
	best := slices.MinFunc(names, func(a, b string) int {
		return distance(s, a)*len(b) - distance(s, b)*len(a)
	})
	if 2*distance(s, best) >= len(best) {
		return ""
	}
	return best
}

// Hint completes an error about the unknown name s: which name was probably
// meant, and all there are.
func Hint(s string, names []string) string {
	list := strings.Join(names, ", ")
	if best := Name(s, names); best != "" {
		return fmt.Sprintf("did you mean %q? (there are %s)", best, list)
	}
	return "want one of " + list
}

// distance is Levenshtein's: the number of letters to insert, delete or
// replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
