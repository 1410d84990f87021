package history

import (
	"cmp"
	"slices"

	"toychain/rpc"
)

// Journal is what one node wrote down of its life.
type Journal struct {
	Node   string
	Tree   rpc.Tree    // every block that it knows, and when it came
	Reorgs []rpc.Reorg // the oldest first
	Silent string      // why it does not tell; "" if it does
}

// NetReorg is one move from a tip to another, and who made it when.
type NetReorg struct {
	rpc.Reorg          // TimeMS is the first node's
	Nodes     []MoveBy `json:"nodes"` // the first one first

	turns map[string]int // of each node's moves this is its so-many-th
}

// MoveBy says when a node made a move.
type MoveBy struct {
	Node   string `json:"node"`
	TimeMS int64  `json:"time_ms"`
}

// MergeReorgs puts the reorganisations of several nodes in the order of time. Nodes
// that went from the same tip to the same tip made the same move: the blocks decide
// what becomes of the payments. If one node makes it twice, these are two. Within a
// millisecond the order is that in which a node made them.
func MergeReorgs(journals []Journal) []NetReorg {
	out := []NetReorg{}
	for _, j := range journals {
		used := make(map[int]bool)
		for turn, r := range j.Reorgs {
			by := MoveBy{j.Node, r.TimeMS}
			i := slices.IndexFunc(out, func(o NetReorg) bool { return o.From == r.From && o.To == r.To })
			for i >= 0 && used[i] {
				next := slices.IndexFunc(out[i+1:], func(o NetReorg) bool { return o.From == r.From && o.To == r.To })
				if next < 0 {
					i = -1
					break
				}
				i += 1 + next
			}
			if i < 0 {
				i = len(out)
				out = append(out, NetReorg{Reorg: r, turns: map[string]int{}})
			}
			used[i] = true
			out[i].Nodes, out[i].turns[j.Node] = append(out[i].Nodes, by), turn
		}
	}
	for i := range out {
		slices.SortStableFunc(out[i].Nodes, func(a, b MoveBy) int { return cmp.Compare(a.TimeMS, b.TimeMS) })
		out[i].TimeMS = out[i].Nodes[0].TimeMS
	}
	slices.SortStableFunc(out, func(a, b NetReorg) int { return cmp.Or(cmp.Compare(a.TimeMS, b.TimeMS), a.inTurn(b)) })
	return out
}

// inTurn compares two moves by which of them a node made first that made both.
func (r NetReorg) inTurn(o NetReorg) int {
	for _, n := range r.Nodes {
		if turn, both := o.turns[n.Node]; both {
			return cmp.Compare(r.turns[n.Node], turn)
		}
	}
	return 0
}
