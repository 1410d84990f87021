package draw

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"toychain/block"
	"toychain/rpc"
)

// Ask returns one node's folded tree: the blocks near tips and forks, those at these other
// heights, and all at the same heights as these.
type Ask func(ctx context.Context, heights []block.Height) (rpc.Tree, error)

// Gather returns folded trees that Merge can merge. What one node leaves out may be where
// another one has a fork, so each is asked for the heights that the others showed, and where
// two branches meet in what is left out, for the heights between, until the fork is found:
//
//	n1   ■ ┄┄┄┄┄┄┄┄┄┄┄┄┄ ■ ■ ■      which blocks both share on the left is unknown,
//	n2   ■ ┄┄┄┄┄┄┄┄┄┄┄┄┄ □ □ □      until the fork is among those that both show
//
// The number of rounds grows with the logarithm of what is left out. errs has a node's error
// in its place; its tree is empty.
func Gather(ctx context.Context, asks []Ask) (trees []rpc.Tree, errs []error) {
	trees, errs = make([]rpc.Tree, len(asks)), make([]error, len(asks))
	wanted := make([]map[block.Height]bool, len(asks)) // besides what it shows anyway
	for i := range wanted {
		wanted[i] = make(map[block.Height]bool)
	}
	again := make([]bool, len(asks))
	for i := range again {
		again[i] = true
	}
	const maxRounds = 40 // each halves what is left out, at least
	for range maxRounds {
		var group sync.WaitGroup
		for i := range asks {
			if again[i] && errs[i] == nil {
				group.Go(func() { trees[i], errs[i] = asks[i](ctx, slices.Sorted(maps.Keys(wanted[i]))) })
			}
		}
		group.Wait()
		level(trees, errs)
		if again = missing(trees, errs, wanted, nil); slices.Contains(again, true) {
			continue
		}
		if again = missing(trees, errs, wanted, between(trees)); !slices.Contains(again, true) {
			return trees, errs
		}
	}
	for i := range errs {
		if errs[i] == nil {
			errs[i] = fmt.Errorf("the tree changes faster than it can be read")
		}
	}
	return trees, errs
}

// level removes the blocks that not all trees reach down to.
func level(trees []rpc.Tree, errs []error) {
	var lowest block.Height
	for i := range trees {
		if errs[i] == nil && len(trees[i].Blocks) > 0 {
			lowest = max(lowest, trees[i].From)
		}
	}
	for i := range trees {
		trees[i].Blocks = slices.DeleteFunc(trees[i].Blocks, func(b rpc.TreeBlock) bool { return b.Height < lowest })
		trees[i].From = lowest
	}
}

// missing adds to wanted what each tree lacks of the heights that others show, and of more, and
// reports which nodes must be asked again.
func missing(trees []rpc.Tree, errs []error, wanted []map[block.Height]bool, more []block.Height) []bool {
	shown := make([]map[block.Height]bool, len(trees))
	tops := make([]block.Height, len(trees))
	all := make(map[block.Height]bool)
	for _, h := range more {
		all[h] = true
	}
	for i := range trees {
		shown[i] = make(map[block.Height]bool)
		for _, b := range trees[i].Blocks {
			shown[i][b.Height], all[b.Height] = true, true
			tops[i] = max(tops[i], b.Height)
		}
		if len(trees[i].Blocks) > 0 {
			all[trees[i].Height+1] = true // what others have there is stale
		}
	}
	rows := slices.Sorted(maps.Keys(all))
	for i := range rows[min(1, len(rows)):] {
		if rows[i+1]-rows[i] <= worthwhile { // too little is left out for a fold
			for h := rows[i] + 1; h < rows[i+1]; h++ {
				all[h] = true
			}
		}
	}
	again := make([]bool, len(trees))
	for i := range trees {
		for h := range all {
			if errs[i] == nil && h <= tops[i] && !shown[i][h] {
				wanted[i][h], again[i] = true, true
			}
		}
	}
	return again
}

// between returns the heights below forks, and those where branches may meet that seem to
// begin at one block because what is between is left out.
func between(trees []rpc.Tree) (out []block.Height) {
	type gap struct {
		from, to block.Height // what is left out at least, on every branch
		folded   bool
		branches map[block.Hash]bool
	}
	gaps := make(map[block.Hash]*gap)
	for _, t := range trees {
		for i := range t.Blocks {
			b := &t.Blocks[i]
			under := b.Prev
			if b.Folded > 0 {
				under = b.Under
			}
			g := gaps[under]
			if g == nil {
				g = &gap{to: b.Height - 1, branches: make(map[block.Hash]bool)}
				gaps[under] = g
			}
			g.branches[b.Hash] = true
			g.to = min(g.to, b.Height-1)
			if b.Folded > 0 {
				g.folded, g.from = true, b.Height-block.Height(b.Folded)
			}
		}
	}
	const pieces = 16
	for _, g := range gaps {
		if len(g.branches) < 2 {
			continue
		}
		if !g.folded { // a fork: to is its height
			for h := max(g.to-lastSteps, 0); h <= g.to; h++ {
				out = append(out, h)
			}
			continue
		}
		step := (g.to-g.from)/pieces + 1
		for h := g.from; h <= g.to; h += step {
			out = append(out, h)
		}
		if g.to >= g.from {
			out = append(out, g.to)
		}
	}
	return out
}
