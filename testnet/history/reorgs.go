package history

import (
	"cmp"
	"slices"

	"toychain/block"
	"toychain/rpc"
)

// Journal is what one node recorded.
type Journal struct {
	Node   string      `json:"node"`
	Tree   rpc.Tree    `json:"tree"`             // every block that it knows, and when it arrived
	Reorgs []rpc.Reorg `json:"reorgs"`           // the oldest first
	Silent string      `json:"silent,omitempty"` // why it cannot be read; "": it was
}

// NetReorg is one reorganisation, with all nodes that had it.
type NetReorg struct {
	rpc.Reorg             // TimeMS is the first node's
	Nodes     []NodeReorg `json:"nodes"` // the first one first

	turns map[string]int // by node: its index among the node's reorganisations
}

// NodeReorg is when a node had a reorganisation.
type NodeReorg struct {
	Node   string `json:"node"`
	TimeMS int64  `json:"time_ms"`
}

// MergeReorgs returns the reorganisations of several nodes in the order of time. Nodes that
// went from the same tip to the same tip had the same one: its effect on the payments follows
// from the blocks. If one node has it twice, these are two. Within a millisecond the order is
// that of a node that had both.
func MergeReorgs(journals []Journal) []NetReorg {
	type key struct {
		from, to block.Hash
		time     int // the first, second, … at one node
	}
	out := []NetReorg{}
	at := map[key]int{}
	for _, j := range journals {
		times := map[key]int{}
		for turn, r := range j.Reorgs {
			k := key{from: r.From.Hash, to: r.To.Hash}
			times[k]++
			k.time = times[k]
			i, known := at[k]
			if !known {
				i = len(out)
				at[k] = i
				out = append(out, NetReorg{Reorg: r, turns: map[string]int{}})
			}
			out[i].Nodes, out[i].turns[j.Node] = append(out[i].Nodes, NodeReorg{j.Node, r.TimeMS}), turn
		}
	}
	for i := range out {
		slices.SortStableFunc(out[i].Nodes, func(a, b NodeReorg) int { return cmp.Compare(a.TimeMS, b.TimeMS) })
		out[i].TimeMS = out[i].Nodes[0].TimeMS
	}
	slices.SortStableFunc(out, func(a, b NetReorg) int { return cmp.Or(cmp.Compare(a.TimeMS, b.TimeMS), a.compareTurns(b)) })
	return out
}

// compareTurns compares two reorganisations by their order at a node that had both.
func (r NetReorg) compareTurns(o NetReorg) int {
	for _, n := range r.Nodes {
		if turn, both := o.turns[n.Node]; both {
			return cmp.Compare(r.turns[n.Node], turn)
		}
	}
	return 0
}
