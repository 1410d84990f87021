package topology

import (
	"fmt"
	"slices"
	"strings"
)

// Pair is a connection between two nodes. The first one dials the second.
type Pair [2]string

// Joins reports whether the connection is the one between a and b, in either direction.
func (p Pair) Joins(a, b string) bool { return p == Pair{a, b} || p == Pair{b, a} }

// String writes it like n1-n2.
func (p Pair) String() string { return p[0] + "-" + p[1] }

// shapes are the words for whole shapes.
var shapes = []string{"mesh", "line", "ring", "star"}

// Shape returns the connections of a shape with a name, or of one that is spelled out,
// like "n1-n2 n2-n3" or "n1-n2,n2-n3". In a star every node is connected to the first one. For a mesh it
// is nil, see Network.Pairs.
//
//	line   n1 ─ n2 ─ n3 ─ n4        ring   and n4 ─ n1        star   n1 ─ n2, n1 ─ n3, n1 ─ n4
func Shape(names []string, words ...string) (out []Pair, err error) {
	words = strings.FieldsFunc(strings.Join(words, " "), func(r rune) bool { return r == ' ' || r == ',' })
	if len(words) == 0 {
		return nil, fmt.Errorf("want %s, or pairs like n1-n2", strings.Join(shapes, ", "))
	}
	if !slices.Contains(shapes, words[0]) {
		return spelled(names, words)
	}
	if len(words) > 1 {
		return nil, fmt.Errorf("%q is too much after %q", words[1], words[0])
	}
	n := len(names)
	for i := 1; i < n; i++ {
		switch words[0] {
		case "line", "ring":
			out = append(out, Pair{names[i-1], names[i]})
		case "star":
			out = append(out, Pair{names[0], names[i]})
		}
	}
	if words[0] == "ring" && n > 2 {
		out = append(out, Pair{names[n-1], names[0]})
	}
	return out, nil
}

// spelled reads pairs like "n1-n2".
func spelled(names, words []string) (out []Pair, err error) {
	for _, w := range words {
		a, b, ok := strings.Cut(w, "-")
		if !ok {
			return nil, fmt.Errorf("%q: want %s, or pairs like n1-n2", w, strings.Join(shapes, ", "))
		}
		if err := (Link{A: a, B: b}).Check(names); err != nil {
			return nil, fmt.Errorf("%q: %w", w, err)
		}
		if !slices.ContainsFunc(out, func(p Pair) bool { return p.Joins(a, b) }) {
			out = append(out, Pair{a, b})
		}
	}
	return out, nil
}
