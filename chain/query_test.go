package chain_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// deliverHeaders gives a tree the headers of blocks, the parents first.
func deliverHeaders(t *testing.T, tree *chain.Tree, blocks []*chaingen.Block) {
	t.Helper()
	for i, b := range blocks {
		if err := tree.AddHeader(&b.Header, now.Add(time.Duration(i)*time.Millisecond)); err != nil {
			t.Fatalf("header %s: %v", b.Name, err)
		}
	}
}

// The way down by the skip list ends where the way from parent to parent does, from
// every block to every height, on a tree with branches at every bit of the height.
func TestAncestorsAreTheNaiveWalk(t *testing.T) {
	tree := chaingen.NewDisk().MustOpen(chaingen.Network())
	trunk := chaingen.Genesis(chaingen.Network()).MineEmpty("", 300)
	all := trunk.Chain()
	for _, from := range []int{0, 1, 2, 31, 32, 33, 127, 128, 255, 256} {
		all = append(all, all[from].MineEmpty(fmt.Sprint("side ", from, " "), 20).Chain()[from+1:]...)
	}
	deliverHeaders(t, tree, all[1:])
	for _, tip := range all {
		line := tip.Chain()
		for _, b := range all {
			want := int(b.Height()) < len(line) && line[b.Height()] == b
			if got := tree.IsAncestor(b.Hash, tip.Hash); got != want {
				t.Fatalf("%s at height %d on the branch of %s: %t", b.Name, b.Height(), tip.Name, got)
			}
		}
	}
	if tree.IsAncestor(block.Hash{1}, trunk.Hash) || tree.IsAncestor(trunk.Hash, block.Hash{1}) {
		t.Error("an unknown block is on a branch")
	}
	if err := tree.CheckInvariants(); err != nil {
		t.Error(err)
	}
}

// A locator of n blocks: ten in a row from the best header down, then steps that
// double, and genesis at the end.
func TestLocator(t *testing.T) {
	line := chaingen.Genesis(chaingen.Network()).MineEmpty("", 600).Chain()
	for n, want := range map[int][]int{
		0:   {0},
		1:   {1, 0},
		9:   {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
		10:  {10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
		11:  {11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 0},
		600: {600, 599, 598, 597, 596, 595, 594, 593, 592, 591, 589, 585, 577, 561, 529, 465, 337, 81, 0},
	} {
		tree := chaingen.NewDisk().MustOpen(chaingen.Network())
		deliverHeaders(t, tree, line[1:n+1])
		var got []int
		for _, hash := range tree.Locator() {
			got = append(got, slices.IndexFunc(line, func(b *chaingen.Block) bool { return b.Hash == hash }))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d blocks: %v, want %v", n, got, want)
		}
	}
}

// What is given of headers, to whom.
//
//	          ┌─ 4a ─ 5a ─ 6a      the best chain
//	g ─ … ─ 3 ┤
//	          └─ 4b ─ 5b
func TestHeadersAfter(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2 3 4a 5a 6a")
		s.draw("3", "4b 5b")
		s.all("1 2 3 4a 5a 6a")
		s.add("4b 5b", "")
		hash := func(name string) block.Hash {
			if name == "stranger" {
				return block.Hash{1}
			}
			return s.blocks[name].Hash
		}
		for _, row := range []struct {
			locator []string
			stop    string
			limit   int
			want    string
		}{
			{[]string{"3"}, "stranger", 2000, "4a 5a 6a"},
			{[]string{"6a"}, "stranger", 2000, ""},
			{[]string{"5b", "4b", "3", "2"}, "stranger", 2000, "4a 5a 6a"},
			{[]string{"stranger", "2"}, "stranger", 2000, "3 4a 5a 6a"},
			{[]string{"2", "5a"}, "stranger", 2000, "3 4a 5a 6a"},
			{[]string{"stranger"}, "stranger", 2000, "1 2 3 4a 5a 6a"},
			{nil, "stranger", 2000, "1 2 3 4a 5a 6a"},
			{nil, "stranger", 2, "1 2"},
			{nil, "stranger", 0, ""},
			{[]string{"1"}, "4a", 2000, "2 3 4a"},
			{[]string{"1"}, "4a", 2, "2 3"},
			{[]string{"4a"}, "2", 2000, "5a 6a"},
			{[]string{"1"}, "5b", 2000, "2 3 4a 5a 6a"},
		} {
			var locator []block.Hash
			for _, name := range row.locator {
				locator = append(locator, hash(name))
			}
			var got string
			for i, h := range s.tree.HeadersAfter(locator, hash(row.stop), row.limit) {
				if i > 0 {
					got += " "
				}
				got += s.names[h.Hash()]
			}
			if got != row.want {
				s.t.Errorf("after %v to %s, at most %d: %q, want %q", row.locator, row.stop, row.limit, got, row.want)
			}
		}
	})
}

// Two nodes with random trees talk as nodes do: one sends its locator, the other
// answers with headers, the first asks for what is missing. Every round brings
// something new, and it ends with both having the most work there is.
func TestTwoTreesSync(t *testing.T) {
	for _, seed := range seeds(10) {
		f := newForest(rand.New(rand.NewPCG(seed, 1)), 40)
		full, other := f.disk().MustOpen(f.params), f.disk().MustOpen(f.params)
		for i, b := range f.blocks {
			tree := full
			if f.dice.IntN(3) == 0 && i > 5 {
				tree = other
			}
			if _, err := tree.AddBlock(b.Block, now); b.Valid() && err != nil && !errors.Is(err, consensus.ErrNoParent) {
				t.Fatalf("seed %d, block %s: %v", seed, b.Name, err)
			}
		}
		for rounds := 0; other.Tip().Work.Cmp(full.Tip().Work) < 0; rounds++ {
			before := other.BestHeader().Work
			for _, h := range full.HeadersAfter(other.Locator(), block.Hash{}, 7) {
				if err := other.AddHeader(&h, now); err != nil && !errors.Is(err, chain.ErrKnown) {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			lacks := missing(other, other.BestHeader().Hash, 16, 5)
			for _, p := range lacks {
				b, err := full.Block(p.Hash)
				if err != nil {
					t.Fatalf("seed %d: what is missing is not there: %v", seed, err)
				}
				if _, err := other.AddBlock(b, now); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			if len(lacks) == 0 && other.BestHeader().Work == before || rounds > 100 {
				t.Fatalf("seed %d: stuck at height %d, want %d", seed, other.Tip().Height, full.Tip().Height)
			}
		}
		if err := other.CheckInvariants(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// missing returns the first few that the chain up to a header lacks.
func missing(t *chain.Tree, header block.Hash, window, limit int) (out []chain.Point) {
	for p := range t.Missing(header, window) {
		if len(out) == limit {
			break
		}
		out = append(out, p)
	}
	return out
}

// Which bodies to ask for: those that the best header's chain lacks, the lowest
// first, and none beyond a window above what is complete, whatever has come since.
func TestMissing(t *testing.T) {
	line := chaingen.Genesis(chaingen.Network()).MineEmpty("", 100).Chain()
	tree := chaingen.NewDisk().MustOpen(chaingen.Network())
	deliverHeaders(t, tree, line[1:])
	dice := rand.New(rand.NewPCG(7, 7))
	have := map[int]bool{0: true}
	for _, i := range dice.Perm(100) {
		complete := 0
		for have[complete+1] {
			complete++
		}
		for _, row := range [][2]int{{1, 1}, {16, 5}, {16, 100}, {1000, 10}, {math.MaxInt, math.MaxInt}, {0, 5}, {5, 0}} {
			window, limit := row[0], row[1]
			var want []chain.Point
			for h := complete + 1; h <= 100 && h-complete <= window && len(want) < limit; h++ {
				if !have[h] {
					want = append(want, chain.Point{Hash: line[h].Hash, Height: block.Height(h)})
				}
			}
			if got := missing(tree, tree.BestHeader().Hash, window, limit); !reflect.DeepEqual(got, want) {
				t.Fatalf("%d bodies, window %d, limit %d: %v, want %v", len(have), window, limit, got, want)
			}
		}
		if _, err := tree.AddBlock(line[i+1].Block, now); err != nil {
			t.Fatal(err)
		}
		have[i+1] = true
		if dice.IntN(10) == 0 {
			if err := tree.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := missing(tree, tree.BestHeader().Hash, 16, 16); got != nil || tree.Tip().Hash != line[100].Hash {
		t.Errorf("with everything there, missing %v", got)
	}
}

// Each end of the tree with its status, as getchaintips has it.
//
//	     ┌─ 2a ─ 3a ─ 4a          active
//	     ├─ 2b ─ 3b               valid-fork: was the best chain once
//	g ─ 1 ┼─ 2c                   valid-headers: complete, never tried
//	     ├─ 2d ─ 3d               headers-only: 2d has no body
//	     └─ 2e                    invalid
func TestTips(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2b 3b")
		s.draw("1", "2a 3a 4a")
		s.draw("1", "2c")
		s.draw("1", "2d 3d")
		s.spoil("1", "2e", func(b *block.Block) { b.Txs[0].Outputs = nil })
		s.all("1 2b 3b")
		s.add("2a 3a 4a", "-3b -2b +2a +3a +4a")
		s.add("2c", "")
		s.header("2d 3d")
		s.add("3d", "")
		s.refuse("2e", consensus.BadVoutEmpty, "")
		want := map[string]string{
			"4a": "active, 0 above the fork", "3b": "valid-fork, 2 above the fork", "2c": "valid-headers, 1 above the fork",
			"3d": "headers-only, 2 above the fork", "2e": "invalid, 1 above the fork",
		}
		last := block.Height(math.MaxInt32)
		for _, tip := range s.tree.Tips() {
			name := s.names[tip.Hash]
			if got := fmt.Sprintf("%s, %d above the fork", tip.Status, tip.BranchLen); got != want[name] {
				s.t.Errorf("%s: %s, want %s", name, got, want[name])
			}
			if tip.Height > last {
				s.t.Error("not the highest first")
			}
			last = tip.Height
			delete(want, name)
		}
		if len(want) > 0 {
			s.t.Errorf("no such tips: %v", want)
		}
	})
}

// The tip is one of the tips even when it is the parent of an invalid block.
func TestTipBelowAnInvalidBlock(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2")
		s.all("1 2")
		s.rule(invalidate, "2", "-2")
		tips := s.tree.Tips()
		if len(tips) != 2 || tips[0].Status != "invalid" || tips[1].Status != "active" || tips[1].Hash != s.blocks["1"].Hash {
			s.t.Errorf("tips %+v", tips)
		}
	})
}

// What can be asked of one block: body, undo data, place.
func TestAskingForBlocks(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2 3 4")
		one := s.blocks["1"].Reward()
		s.pay("4", "5", chaingen.Move(one, alice))
		s.draw("4", "5b")
		s.all("1 2 3 4 5")
		s.add("5b", "")
		undo, err := s.tree.Undo(s.blocks["5"].Hash)
		if err != nil || len(undo) != 1 || !reflect.DeepEqual(undo[0], one.Coin) {
			s.t.Errorf("undo of 5: %+v, %v", undo, err)
		}
		if _, err := s.tree.Undo(s.blocks["5b"].Hash); !errors.Is(err, chain.ErrUnknown) {
			s.t.Errorf("undo of 5b, which was never connected: %v", err)
		}
		if undo, err := s.tree.Undo(s.blocks["g"].Hash); err != nil || undo != nil {
			s.t.Errorf("undo of genesis: %v, %v", undo, err)
		}
		for _, name := range []string{"g", "1", "5", "5b"} {
			b, err := s.tree.Block(s.blocks[name].Hash)
			if err != nil || !slices.Equal(b.Bytes(), s.blocks[name].Bytes()) {
				s.t.Errorf("block %s: %v", name, err)
			}
			info, known := s.tree.Info(s.blocks[name].Hash)
			if !known || info.State != s.blocks[name].State || info.Active != (name != "5b") || info.Size != len(b.Bytes()) || info.Txs != len(b.Txs) {
				s.t.Errorf("info of %s: %+v", name, info)
			}
		}
		info, _ := s.tree.Info(s.blocks["4"].Hash)
		if !slices.Equal(info.Children, []block.Hash{s.blocks["5"].Hash, s.blocks["5b"].Hash}) {
			s.t.Errorf("children of 4: %v", info.Children)
		}
		for _, h := range []block.Height{-1, 6, math.MaxInt32} {
			if _, ok := s.tree.At(h); ok {
				s.t.Errorf("there is a block at height %d", h)
			}
		}
	})
}
