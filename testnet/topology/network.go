package topology

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// fullMesh is the largest group whose nodes are all connected to each other.
	fullMesh = 10
	// Neighbours is the number of planned connections of a node in a larger group: half of
	// them to the nodes after it in a circle, half to those before it. A node of Bitcoin
	// keeps up eight by itself (Core: MAX_OUTBOUND_FULL_RELAY_CONNECTIONS).
	Neighbours = 8
)

// Network is which nodes there are, and which of them may be connected.
type Network struct {
	Nodes  []string
	Groups [][]string // of the partition; none: every node may talk to every other
	Pairs  []Pair     // the only connections; nil: a mesh, which Planned works out for each group
}

// Parted returns the groups of the partition, or all nodes as one.
func (n *Network) Parted() [][]string {
	if len(n.Groups) > 0 {
		return n.Groups
	}
	return [][]string{n.Nodes}
}

// GroupOf returns the index of a node's group, -1 if it is in none.
func (n *Network) GroupOf(name string) int {
	return slices.IndexFunc(n.Parted(), func(g []string) bool { return slices.Contains(g, name) })
}

// Planned returns the connections that there are to be.
func (n *Network) Planned() (out []Pair) {
	for _, g := range n.Parted() {
		if n.Pairs == nil {
			out = append(out, mesh(g)...)
			continue
		}
		for _, p := range n.Pairs {
			if slices.Contains(g, p[0]) && slices.Contains(g, p[1]) {
				out = append(out, p)
			}
		}
	}
	return out
}

// mesh connects the nodes of one group: all with all, or with their neighbours.
func mesh(names []string) (out []Pair) {
	n := len(names)
	reach := n - 1
	if n > fullMesh {
		reach = Neighbours / 2
	}
	for i := range n {
		for d := 1; d <= reach; d++ {
			j := i + d
			if j >= n && n <= fullMesh {
				break // that pair was there already
			}
			out = append(out, Pair{names[i], names[j%n]})
		}
	}
	return out
}

// May reports whether two nodes are allowed to be connected.
func (n *Network) May(a, b string) bool {
	if n.GroupOf(a) != n.GroupOf(b) {
		return false
	}
	return n.Pairs == nil || slices.ContainsFunc(n.Pairs, func(p Pair) bool { return p.Joins(a, b) })
}

// Add adds a node. In a partition it is in the group of the first node. In a line, ring or star it
// takes the next place; of connections that were spelled out it gets one, to the first node.
func (n *Network) Add(name string) {
	before := n.Nodes
	n.Nodes = append(slices.Clone(before), name)
	if len(n.Groups) > 0 {
		at := n.GroupOf(before[0])
		n.Groups = slices.Clone(n.Groups)
		n.Groups[at] = append(slices.Clone(n.Groups[at]), name)
	}
	if n.Pairs == nil {
		return
	}
	for _, word := range shapes {
		if was, err := Shape(before, word); err == nil && slices.Equal(was, n.Pairs) {
			n.Pairs, _ = Shape(n.Nodes, word)
			return
		}
	}
	n.Pairs = append(slices.Clone(n.Pairs), Pair{name, before[0]})
}

// Bridges says how peers that are no nodes of the network carry blocks across the partition, or may:
// a sentence for each that is connected to several groups, and, if there is none, one if such peers
// of several groups may know each other. connected are pairs of a node and its peer.
func (n *Network) Bridges(connected []Pair) (out []string) {
	var strangers []string
	near, crosses := map[string]string{}, map[string]bool{} // the first node of a peer; whether it is connected to another group too
	for _, p := range connected {
		first, known := near[p[1]]
		switch {
		case slices.Contains(n.Nodes, p[1]) || len(n.Groups) == 0:
		case !known:
			near[p[1]] = p[0]
			strangers = append(strangers, p[1])
		case n.GroupOf(first) != n.GroupOf(p[0]) && !crosses[p[1]]:
			crosses[p[1]] = true
			out = append(out, fmt.Sprintf("%s is not of this testnet, and carries blocks across the cut, from %s to %s", p[1], first, p[0]))
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, s := range strangers {
		if one := strangers[0]; n.GroupOf(near[s]) != n.GroupOf(near[one]) {
			return []string{fmt.Sprintf("%s (a peer of %s) and %s (a peer of %s) are not of this testnet: if they are connected, "+
				"they carry blocks across the cut", one, near[one], s, near[s])}
		}
	}
	return nil
}

// Parts divides nodes into those that reach each other over these connections, directly
// or through others. Each part is in the order of names, and so are the parts themselves
// by their first nodes.
func Parts(nodes []string, connections []Pair) (parts [][]string) {
	for left := slices.Clone(nodes); len(left) > 0; {
		part := left[:1:1]
		left = left[1:]
		for i := 0; i < len(part); i++ {
			left = slices.DeleteFunc(left, func(name string) bool {
				near := slices.ContainsFunc(connections, func(p Pair) bool { return p.Joins(part[i], name) })
				if near {
					part = append(part, name)
				}
				return near
			})
		}
		slices.SortFunc(part, Compare)
		parts = append(parts, part)
	}
	return parts
}

// ParseGroups reads the groups of a partition: n1,n2 n3,n4, or n1 n2 | n3 n4. With a bar blanks join
// the nodes of a group, without one only commas do.
func ParseGroups(words []string) (groups [][]string) {
	line := strings.Join(words, " ")
	parts := strings.Fields(line)
	if strings.Contains(line, "|") {
		parts = strings.Split(line, "|")
	}
	for _, part := range parts {
		groups = append(groups, strings.FieldsFunc(part, func(r rune) bool { return r == ',' || r == ' ' }))
	}
	return groups
}

// CheckGroups rejects a partition in which not every node is in exactly one group, or
// that has fewer than two groups. Its error names every node that is wrong.
func CheckGroups(names []string, groups [][]string) error {
	times := map[string]int{}
	var unknown, twice, missing []string
	for _, name := range slices.Concat(groups...) {
		if times[name]++; !slices.Contains(names, name) {
			unknown = append(unknown, strconv.Quote(name))
		}
	}
	for _, name := range names {
		if times[name] > 1 {
			twice = append(twice, name)
		} else if times[name] == 0 {
			missing = append(missing, name)
		}
	}
	switch {
	case len(unknown) > 0:
		return misnamed("no node %s; there are %s", strings.Join(unknown, ", "), List(names))
	case len(twice) > 0:
		return misnamed("in more than one group: %s", List(twice))
	case slices.ContainsFunc(groups, func(g []string) bool { return len(g) == 0 }):
		return misnamed("a group is empty")
	case len(groups) < 2:
		return misnamed("want at least two groups")
	case len(missing) > 0:
		return misnamed("in no group: %s; every node must be in one", List(missing))
	}
	return nil
}
