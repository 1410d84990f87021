package history

import (
	"slices"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/draw"
)

// StaleRate is the stale rate of a whole network, see rpc.StaleRate: of all blocks that any
// node has. The best chain is the one with the most work of all nodes.
type StaleRate struct {
	rpc.StaleRate
	Contested int      `json:"contested"` // of Blocks: not stale yet, since they are on another node's best chain
	Silent    []string `json:"silent"`    // nodes without a journal
}

// StaleOf counts the blocks of all journals between two heights, both included. Best chains
// are those of running nodes: the others may have a branch that all have left. If none runs,
// all count.
func StaleOf(journals []Journal, runs func(node string) bool, from, to block.Height) StaleRate {
	out := StaleRate{Silent: []string{}}
	var views []draw.View
	some := false
	for _, j := range journals {
		if j.Silent != "" {
			out.Silent = append(out.Silent, j.Node)
			continue
		}
		views = append(views, draw.View{Node: j.Node, Tree: j.Tree})
		some = some || runs(j.Node)
	}
	in := draw.Merge(views)
	in.Tips = slices.DeleteFunc(in.Tips, func(s draw.NodeTip) bool { return some && !runs(s.Node) })
	stale := draw.Stale(in)
	top, best := bestChain(in)
	at := make(map[block.Height]int)
	out.From, out.To = max(from, 1), min(to, top)
	for _, b := range in.Blocks {
		// Only blocks that some node has with all their ancestors, and that no node found invalid.
		if b.Txs == 0 || b.Order == 0 || b.Status == draw.StatusInvalid || b.Height < out.From || b.Height > to {
			continue
		}
		out.Blocks++
		switch {
		case slices.Contains(stale, b.Hash):
			out.Stale++
		case best[b.Hash]:
			out.Heights++
		default:
			out.Contested++
		}
		if at[b.Height]++; at[b.Height] == 2 {
			out.Forked++
		}
	}
	out.Rate, out.ForkRate = rpc.Part(out.Stale, out.Blocks), rpc.Part(out.Forked, out.Heights)
	return out
}

// bestChain returns the height and the blocks of the best chain with the most work.
func bestChain(in draw.Tree) (block.Height, map[block.Hash]bool) {
	at := make(map[block.Hash]rpc.TreeBlock, len(in.Blocks))
	for _, b := range in.Blocks {
		at[b.Hash] = b
	}
	var tip rpc.TreeBlock
	for _, s := range in.Tips {
		if b := at[s.Tip]; b.ChainWork.Cmp(tip.ChainWork) > 0 {
			tip = b
		}
	}
	out := make(map[block.Hash]bool)
	for b, ok := at[tip.Hash]; ok; b, ok = at[b.Prev] {
		out[b.Hash] = true
	}
	return tip.Height, out
}
