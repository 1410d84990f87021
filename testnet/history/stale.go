package history

import (
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
	counts := validBlocks(in)
	var standing []draw.NodeTip
	for _, s := range in.Tips {
		if !some || runs(s.Node) {
			standing = append(standing, s)
		}
	}
	in.Tips = standing
	best, held := chainsOf(in)
	at := make(map[block.Height]int)
	out.From, out.To = max(from, 1), min(to, best.Height)
	for _, b := range in.Blocks {
		if !counts[b.Hash] || b.Height < out.From || b.Height > to {
			continue
		}
		out.Blocks++
		switch {
		case !held[b.Hash]:
			out.Stale++
		case best.holds[b.Hash]:
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

// validBlocks returns the blocks that some node has with all their ancestors, and that no node
// found invalid.
func validBlocks(in draw.Tree) map[block.Hash]bool {
	out := make(map[block.Hash]bool)
	for _, b := range in.Blocks {
		out[b.Hash] = b.Txs > 0 && b.Order != 0 && b.Status != draw.StatusInvalid
	}
	return out
}

// bestChain is one node's best chain.
type bestChain struct {
	draw.NodeTip
	holds map[block.Hash]bool
}

// chainsOf returns the best chain with the most work, and the blocks of all best chains.
func chainsOf(in draw.Tree) (best bestChain, held map[block.Hash]bool) {
	held = make(map[block.Hash]bool)
	at := make(map[block.Hash]*rpc.TreeBlock, len(in.Blocks))
	for i := range in.Blocks {
		at[in.Blocks[i].Hash] = &in.Blocks[i]
	}
	for _, s := range in.Tips {
		tip := at[s.Tip]
		if tip == nil {
			continue
		}
		lead := at[best.Tip]
		first := lead == nil || tip.ChainWork.Cmp(lead.ChainWork) > 0
		if !first && held[s.Tip] {
			continue
		}
		h := bestChain{s, make(map[block.Hash]bool)}
		for b := tip; b != nil; b = at[b.Prev] {
			h.holds[b.Hash], held[b.Hash] = true, true
		}
		if first {
			best = h
		}
	}
	return best, held
}
