package draw

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"toychain/block"
	"toychain/rpc"
)

// folder answers as a node does that knows these blocks, with what Outline shows: rows near
// ends and forks, and the heights that are asked for.
func folder(all []rpc.TreeBlock, tip rpc.TreeBlock, calls *atomic.Int32) Ask {
	return func(_ context.Context, heights []block.Height) (rpc.Tree, error) {
		calls.Add(1)
		f := grow(Tree{Blocks: all})
		rows := map[block.Height]bool{0: true}
		for _, h := range heights {
			rows[h] = true
		}
		for _, n := range f.all {
			if len(n.kids) == 1 {
				continue
			}
			for h := n.Height - 2; h <= n.Height || len(n.kids) > 1 && h == n.Height+1; h++ {
				rows[h] = true
			}
		}
		out := rpc.Tree{Tip: tip.Hash, Height: tip.Height}
		for _, n := range f.all {
			if !rows[n.Height] {
				continue
			}
			b := n.TreeBlock
			up := n.parent
			for ; up != nil && !rows[up.Height]; up = up.parent {
				b.Folded++
			}
			if b.Folded > 0 {
				b.Under = up.Hash
			}
			out.Blocks = append(out.Blocks, b)
		}
		return out, nil
	}
}

// TestGather: nodes that know different branches of random trees fold them each in its own
// way; together their answers are drawn as the whole trees are.
//
//	n1   g ── t1 … t300 ──────── a … a       n2 does not know the branch a, and n1 none of b, so
//	          └── x1, x2                     neither of them knows that t300 is a fork, and
//	n2   g ── t1 … t300 … t400 ── b … b      only n1 knows x
func TestGather(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 3))
		text := fmt.Sprintf("g\nt*%d g\n", 30+rng.IntN(400))
		names := []string{"t1", "t30"}
		for i := range 1 + rng.IntN(6) {
			name := fmt.Sprintf("s%d_", i)
			text += fmt.Sprintf("%s*%d %s\n", name, 1+rng.IntN(60), names[rng.IntN(len(names))])
			names = append(names, name+"1")
			names = append(names, fmt.Sprintf("t%d", 1+rng.IntN(30)))
		}
		whole, _ := plantTree(t, text)
		at := map[block.Hash]*rpc.TreeBlock{}
		for i := range whole.Blocks {
			at[whole.Blocks[i].Hash] = &whole.Blocks[i]
		}
		var asks []Ask
		var views, folded []View
		var calls atomic.Int32
		for i := range 2 + rng.IntN(3) { // each node knows some blocks and all below them
			known := map[block.Hash]bool{}
			var tip rpc.TreeBlock
			for range 1 + rng.IntN(3) {
				end := &whole.Blocks[rng.IntN(len(whole.Blocks))]
				if tip.Txs == 0 || end.ChainWork.Cmp(tip.ChainWork) > 0 {
					tip = *end
				}
				for b := end; b != nil; b = at[b.Prev] {
					known[b.Hash] = true
				}
			}
			mine := slices.DeleteFunc(slices.Clone(whole.Blocks), func(b rpc.TreeBlock) bool { return !known[b.Hash] })
			views = append(views, View{fmt.Sprintf("n%d", i+1), rpc.Tree{Tip: tip.Hash, Height: tip.Height, Blocks: mine}})
			asks = append(asks, folder(mine, tip, &calls))
		}
		trees, errs := Gather(t.Context(), asks)
		if err := errors.Join(errs...); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i := range trees {
			folded = append(folded, View{views[i].Node, trees[i]})
		}
		var got, want strings.Builder
		if err := errors.Join(Write(t.Context(), &got, Merge(folded), Style{}), Write(t.Context(), &want, Merge(views), Style{})); err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Fatalf("seed %d: folded trees are drawn as\n%s\nthe whole ones as\n%s", seed, got.String(), want.String())
		}
	}
}

// TestGatherDown: a node that does not answer has an error, and others have none.
func TestGatherDown(t *testing.T) {
	in, _ := plantTree(t, "g\na*9 g\n")
	down := errors.New("down")
	var calls atomic.Int32
	_, errs := Gather(t.Context(), []Ask{folder(in.Blocks, in.Blocks[9], &calls),
		func(context.Context, []block.Height) (rpc.Tree, error) { return rpc.Tree{}, down }})
	if errs[0] != nil || errs[1] != down || calls.Load() != 1 {
		t.Errorf("errors %v after %d calls", errs, calls.Load())
	}
}
