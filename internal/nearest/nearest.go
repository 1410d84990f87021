// Package nearest finds the word that was meant by one that is not in a list.
package nearest

import "slices"

// Of returns the word of a list, which is not empty, with the smallest edit distance from
// w, the first of several, and the distance.
func Of(w string, list []string) (string, int) {
	best := slices.MinFunc(list, func(a, b string) int { return distance(w, a) - distance(w, b) })
	return best, distance(w, best)
}

// distance returns how many letters must be inserted, deleted, replaced or swapped with
// their neighbour to turn a into b (optimal string alignment).
func distance(a, b string) int {
	// Row i contains the distances from a[:i] to every b[:j]; only three rows are needed.
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
