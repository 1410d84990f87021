package testnet

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Topologies are the shapes that Shape knows.
var Topologies = []string{"mesh", "line", "ring", "star"}

// Shape returns who is connected to whom in a shape with a name, or in one that is
// spelled out, like "n1-n2 n2-n3". In a star everybody is connected to the first node.
// For a mesh it is nil: the nodes plan that themselves.
//
//	line   n1 ─ n2 ─ n3 ─ n4        ring   and n4 ─ n1        star   n1 ─ n2, n1 ─ n3, n1 ─ n4
func Shape(names []string, shape ...string) (out [][2]string, err error) {
	if len(shape) == 0 {
		return nil, fmt.Errorf("want %s, or pairs like n1-n2", strings.Join(Topologies, ", "))
	}
	n := len(names)
	switch shape[0] {
	case "mesh", "line", "ring", "star":
		if len(shape) > 1 {
			return nil, fmt.Errorf("%q is too much after %q", shape[1], shape[0])
		}
	default:
		return spelled(names, shape)
	}
	for i := 1; i < n && shape[0] != "mesh"; i++ {
		if from := names[i-1]; shape[0] != "star" {
			out = append(out, [2]string{from, names[i]})
			continue
		}
		out = append(out, [2]string{names[0], names[i]})
	}
	if shape[0] == "ring" && n > 2 {
		out = append(out, [2]string{names[n-1], names[0]})
	}
	return out, nil
}

// spelled reads pairs like "n1-n2".
func spelled(names, words []string) (out [][2]string, err error) {
	for _, w := range words {
		a, b, ok := strings.Cut(w, "-")
		switch {
		case !ok:
			return nil, fmt.Errorf("%q: want %s, or pairs like n1-n2", w, strings.Join(Topologies, ", "))
		case a == b:
			return nil, fmt.Errorf("%q: a node is not connected to itself", w)
		}
		for _, name := range []string{a, b} {
			if !slices.Contains(names, name) {
				return nil, fmt.Errorf("%q: no node %q; there are %s", w, name, nodeList(names, "…"))
			}
		}
		if same := func(p [2]string) bool { return p == [2]string{a, b} || p == [2]string{b, a} }; !slices.ContainsFunc(out, same) {
			out = append(out, [2]string{a, b})
		}
	}
	return out, nil
}

// Connect makes these the network's connections, and no others: the nodes of a pair
// are connected unless a partition parts them. None at all lets the nodes plan
// for themselves, which is a mesh: up to ten nodes everybody is connected to everybody. See Shape.
func (t *Testnet) Connect(ctx context.Context, pairs [][2]string) error {
	var args []string
	for _, p := range pairs {
		args = append(args, p[0]+"-"+p[1])
	}
	return t.change(ctx, "connect", args, func() error {
		t.state.Pairs = slices.Clone(pairs)
		ctx, cancel := context.WithTimeout(ctx, joinTime)
		defer cancel()
		return t.join(ctx)
	})
}

// Pairs returns what Connect set.
func (t *Testnet) Pairs() [][2]string { return slices.Clone(t.state.Pairs) }

// pairs returns who is to be connected within a group; the first of a pair calls the
// second.
func (t *Testnet) pairs(group []string) (out [][2]string) {
	if t.state.Pairs == nil {
		return pairs(group)
	}
	for _, p := range t.state.Pairs {
		if slices.Contains(group, p[0]) && slices.Contains(group, p[1]) {
			out = append(out, p)
		}
	}
	return out
}

// may reports whether two nodes may be connected.
func (t *Testnet) may(a, b string) bool {
	if t.groupOf(a) != t.groupOf(b) {
		return false
	}
	return t.state.Pairs == nil || slices.ContainsFunc(t.state.Pairs, func(p [2]string) bool {
		return p == [2]string{a, b} || p == [2]string{b, a}
	})
}
