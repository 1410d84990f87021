package chain_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/internal/chaingen"
)

// everything returns all that the tree knows of every block.
func everything(tree *chain.Tree) map[block.Hash]chain.Info {
	out := make(map[block.Hash]chain.Info)
	for _, e := range tree.Entries() {
		info, _ := tree.Info(e.Header.Hash())
		out[info.Hash] = info
	}
	return out
}

// same compares what readers see of two blocks: children follow from parents.
func same(a, b chain.Info) bool {
	a.Children, b.Children = nil, nil
	return reflect.DeepEqual(a, b)
}

// TestChangedSince: a reader that applies the changes knows the whole tree at every moment,
// whatever happens: blocks in any order, invalid ones, reorganisations, marks by hand.
func TestChangedSince(t *testing.T) {
	for seed := range uint64(20) {
		r := newTrial(seed, 40)
		reader, at := everything(r.tree), r.tree.Changes()
		for i, b := range r.orders() {
			_ = r.deliver(b)
			switch {
			case i%9 == 5:
				_, _ = r.tree.Invalidate(b.Hash, r.now)
			case i%9 == 8:
				_, _ = r.tree.Reconsider(r.blocks[r.dice.IntN(len(r.blocks))].Hash, r.now)
			case i%7 == 3:
				_, _ = r.tree.Precious(b.Hash, r.now)
			}
			if i%3 > 0 {
				continue // a reader does not look after every change
			}
			news, ok := r.tree.ChangedSince(at)
			if !ok {
				t.Fatalf("seed %d, step %d: %d changes are too many", seed, i, r.tree.Changes()-at)
			}
			for _, n := range news {
				reader[n.Hash] = n
			}
			at = r.tree.Changes()
			for hash, want := range everything(r.tree) {
				if !same(reader[hash], want) {
					t.Fatalf("seed %d, step %d: the reader has %+v, the tree %+v", seed, i, reader[hash], want)
				}
			}
			checkOutline(t, r.tree)
		}
		at = r.tree.Changes()
		if _, ok := r.tree.ChangedSince(at + 1); ok {
			t.Error("there are changes since the future")
		}
		if news, ok := r.tree.ChangedSince(at); !ok || len(news) > 0 {
			t.Errorf("nothing happened since, but %d blocks changed", len(news))
		}
	}
}

// checkOutline compares an outline with the whole tree: each row is whole, ends and forks and the
// two blocks before are in it, and Under is the next block below.
func checkOutline(t *testing.T, tree *chain.Tree) {
	t.Helper()
	all := everything(tree)
	out, lowest := tree.Outline(0, []block.Height{7})
	shown := make(map[block.Hash]bool)
	rows := map[block.Height]bool{}
	for _, o := range out {
		shown[o.Hash], rows[o.State.Height] = true, true
	}
	if lowest != 0 || !rows[0] || rows[7] != slices.ContainsFunc(tree.Entries(), func(e chain.Entry) bool { return e.Height == 7 }) {
		t.Fatalf("from height %d: genesis or the wanted height is missing", lowest)
	}
	for hash, info := range all {
		if rows[info.State.Height] != shown[hash] {
			t.Fatalf("height %d: a row is not whole", info.State.Height)
		}
		if len(info.Children) == 1 {
			continue
		}
		for range 3 {
			if !shown[info.Hash] {
				t.Fatalf("%s at height %d, near an end or a fork, is missing", info.Hash, info.State.Height)
			}
			info = all[info.State.Header.Prev]
			if info.Hash.IsZero() {
				break
			}
		}
	}
	for _, o := range out {
		under := all[o.State.Header.Prev]
		for !under.Hash.IsZero() && !shown[under.Hash] {
			under = all[under.State.Header.Prev]
		}
		if o.Under.Hash != under.Hash {
			t.Fatalf("below %s is %s, want %s", o.Hash, o.Under.Hash, under.Hash)
		}
	}
}

// TestOutlineFrom: nothing below a height, and an unknown past is said to be unknown.
func TestOutlineFrom(t *testing.T) {
	tree := chaingen.NewDisk().MustOpen(chaingen.Network())
	tip := chaingen.Genesis(tree.Params()).MineEmpty("a", 1500)
	at := tree.Changes()
	for _, b := range tip.Chain()[1:] {
		if _, err := tree.AddBlock(b.Block, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := tree.ChangedSince(at); ok {
		t.Error("more than a thousand blocks ago is still remembered")
	}
	out, lowest := tree.Outline(100, nil)
	var got []string
	for _, o := range out {
		got = append(got, fmt.Sprint(o.State.Height))
	}
	if want := []string{"100", "1498", "1499", "1500"}; !slices.Equal(got, want) || lowest != 100 {
		t.Errorf("heights %v from %d, want %v", got, lowest, want)
	}
	if out, lowest := tree.Outline(9999, nil); len(out) > 0 || lowest != 9999 {
		t.Errorf("above the tip are %d blocks from %d", len(out), lowest)
	}
}

// BenchmarkReaders measures what those pay who look at a whole tree, of which a hundred blocks are stale.
func BenchmarkReaders(b *testing.B) {
	for _, length := range []int{1_000, 10_000, 50_000} {
		tree := chaingen.NewDisk().MustOpen(chaingen.Network())
		at := chaingen.Genesis(tree.Params())
		for i := range length {
			at = at.MineEmpty("a", 1)
			blocks := []*chaingen.Block{at}
			if i%(length/100) == 0 {
				blocks = append(blocks, at.Parent.MineEmpty("b", 1)) // a hundred stale blocks in all
			}
			for _, x := range blocks {
				if _, err := tree.AddBlock(x.Block, now); err != nil {
					b.Fatal(err)
				}
			}
		}
		for name, read := range map[string]func(){"outline": func() { tree.Outline(0, nil) }, "tips": func() { tree.Tips() },
			"stale rate": func() { tree.ForkStats(1, math.MaxInt32) }, "a window's stale rate": func() { tree.ForkStats(block.Height(length-100), math.MaxInt32) }} {
			b.Run(fmt.Sprintf("%s/%d", name, length), func(b *testing.B) {
				for b.Loop() {
					read()
				}
			})
		}
	}
}
