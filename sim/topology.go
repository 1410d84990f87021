package sim

import (
	"fmt"
	"slices"
	"strings"
)

// Topology is which nodes are connected.
type Topology string

// The topologies.
const (
	Random Topology = "random" // each node seeks Degree others
	Mesh   Topology = "mesh"   // all with all
	Line   Topology = "line"   // each with the next one
	Ring   Topology = "ring"   // likewise, and the last with the first
	Star   Topology = "star"   // all with the first
)

// Topologies are all of them, for help texts.
var Topologies = []Topology{Random, Mesh, Line, Ring, Star}

// ParseTopology reads the name of a topology.
func ParseTopology(s string) (Topology, error) {
	if slices.Contains(Topologies, Topology(s)) {
		return Topology(s), nil
	}
	names := make([]string, len(Topologies))
	for i, t := range Topologies {
		names[i] = string(t)
	}
	return "", fmt.Errorf("topology %q: want %s", s, strings.Join(names, ", "))
}

// pairs returns which nodes are to be connected, the lower number first.
func (w *World) pairs() (out [][2]int) {
	n := len(w.nodes)
	switch w.cfg.Topology {
	case Mesh:
		for a := range n {
			for b := a + 1; b < n; b++ {
				out = append(out, [2]int{a, b})
			}
		}
	case Line, Ring:
		for a := range n - 1 {
			out = append(out, [2]int{a, a + 1})
		}
		if w.cfg.Topology == Ring && n > 2 {
			out = append(out, [2]int{0, n - 1})
		}
	case Star:
		for b := 1; b < n; b++ {
			out = append(out, [2]int{0, b})
		}
	default:
		return w.randomPairs()
	}
	return out
}

// randomPairs has each node seek some neighbours among those that it is not connected to.
func (w *World) randomPairs() (out [][2]int) {
	linked := map[[2]int]bool{}
	n := len(w.nodes)
	for a := range n {
		for sought, tries := 0, 0; sought < min(w.cfg.Degree, n-1) && tries < 20*w.cfg.Degree; tries++ {
			b := w.rng.IntN(n)
			pair := [2]int{min(a, b), max(a, b)}
			if a == b || linked[pair] {
				continue
			}
			linked[pair] = true
			out = append(out, pair)
			sought++
		}
	}
	return out
}
