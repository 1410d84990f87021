package chain_test

import (
	"errors"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

var (
	invalidate = (*chain.Tree).Invalidate
	reconsider = (*chain.Tree).Reconsider
	precious   = (*chain.Tree).Precious
)

// Somebody says that 2a is invalid. The best chain goes to the other branch,
// nothing may follow 3a, and all comes back when the word is taken back.
//
//	     ┌─ 2a ─ 3a ─ 4a
//	g ─ 1 ┤
//	     └─ 2b
func TestInvalidate(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a 3a 4a")
		s.draw("1", "2b")
		s.all("1 2a 3a")
		s.add("2b", "")
		s.rule(invalidate, "2a", "-3a -2a +2b")
		s.refuse("4a", consensus.BadPrevBlk, "")
		s.refuse("2a", consensus.DuplicateInvalid, "")
		s.refuse("3a", consensus.BadPrevBlk, "")
		s.rule(reconsider, "2a", "-2b +2a +3a")
		s.all("4a")
	})
}

// The invalid block is the tip of the only branch: the best chain gets shorter.
func TestInvalidateTheOnlyBranch(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2 3")
		s.all("1 2 3")
		change := s.rule(invalidate, "1", "-3 -2 -1")
		if r := change.Reorg; r.Depth() != 3 || len(r.Joined) != 0 || r.To != r.Fork {
			s.t.Errorf("the journal says %+v", r)
		}
		s.rule(invalidate, "2", "")
		s.rule(reconsider, "1", "+1 +2 +3") // takes back what was said of everything above
	})
}

// To reconsider a block is to reconsider what it stands on and what stands on it,
// but not what stands beside.
//
//	     ┌─ 2a ─ 3a ─ 4a
//	g ─ 1 ┤   └─ 3c ─ 4c ─ 5c
//	     └─ 2b
func TestReconsiderHalf(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a 3a 4a")
		s.draw("2a", "3c 4c 5c")
		s.draw("1", "2b")
		s.all("1 2a 3a 4a")
		s.add("3c 4c 5c", "-4a -3a +3c +4c +5c")
		s.add("2b", "")
		s.rule(invalidate, "3c", "-5c -4c -3c +3a +4a")
		s.rule(invalidate, "4c", "")
		s.rule(invalidate, "2a", "-4a -3a -2a +2b")
		s.rule(reconsider, "3a", "-2b +2a +3a +4a") // 3c was said to be invalid by itself
		s.rule(reconsider, "5c", "-4a -3a +3c +4c +5c")
		s.rule(reconsider, "5c", "") // is not invalid
	})
}

// A good block reconsidered takes back what was said of those above it.
//
//	g ─ 1 ─ 2 ─ 3
func TestReconsiderFromBelow(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2 3")
		s.all("1 2 3")
		s.rule(invalidate, "3", "-3")
		s.rule(reconsider, "1", "+3")
		s.rule(invalidate, "2", "-3 -2")
		s.rule(reconsider, "g", "+2 +3")
	})
}

// A block that really breaks a rule fails again, with its branch.
//
//	     ┌─ 2a
//	g ─ 1 ┤
//	     └─ 2x ─ 3 ─ 4
func TestReconsiderTheTrulyInvalid(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a")
		s.spoil("1", "2x", greedy)
		s.drawBad("2x", "3 4")
		s.all("1 2a")
		s.header("2x 3 4")
		s.add("4 3", "")
		s.refuse("2x", consensus.BadCoinbaseAmount, "")
		for _, name := range []string{"4", "2x"} {
			change := s.rule(reconsider, name, "")
			if f := change.Failed; len(f) != 1 || f[0].Hash != s.blocks["2x"].Hash || !errors.Is(f[0].Err, consensus.BadCoinbaseAmount) {
				s.t.Errorf("failed: %v", f)
			}
		}
	})
}

// A block whose body was refused has no body: reconsidered, it waits for one.
func TestReconsiderWithoutBody(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2")
		s.spoil("2", "3x", func(b *block.Block) { b.Txs[0].Outputs = nil })
		s.all("1 2")
		s.refuse("3x", consensus.BadVoutEmpty, "")
		s.rule(reconsider, "3x", "")
		if _, err := s.tree.Block(s.blocks["3x"].Hash); !errors.Is(err, chain.ErrNoBody) {
			s.t.Errorf("its body: %v", err)
		}
		s.refuse("3x", consensus.BadVoutEmpty, "")
	})
}

// Precious makes one of two equal branches the first seen, again and again, and
// never beats more work.
//
//	     ┌─ 2a ─ 3a
//	g ─ 1 ┤
//	     └─ 2b ─ 3b ─ 4b
func TestPrecious(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a 3a")
		s.draw("1", "2b 3b 4b")
		s.all("1 2a")
		s.rule(precious, "2a", "")
		s.header("2b")
		s.rule(precious, "2b", "") // nobody has its body
		s.add("2b", "")
		s.rule(precious, "2b", "-2a +2b")
		s.rule(precious, "2a", "-2b +2a")
		s.rule(precious, "2b", "-2a +2b")
		s.rule(precious, "1", "")
		s.add("3a", "-2b +2a +3a")
		s.rule(precious, "2b", "")
		s.add("3b", "")
		s.rule(precious, "3b", "-3a -2a +2b +3b")
		s.add("4b", "+4b")
		s.rule(precious, "3a", "")
	})
}

// What cannot be overruled: genesis, and what nobody knows.
func TestOverruleNothing(t *testing.T) {
	g := chaingen.Genesis(chaingen.Network())
	tree := chaingen.NewDisk().MustOpen(g.State.Params)
	if _, err := tree.Invalidate(g.Hash, now); !errors.Is(err, chain.ErrGenesis) {
		t.Errorf("genesis: %v", err)
	}
	for _, f := range []func(*chain.Tree, block.Hash) error{
		func(t *chain.Tree, h block.Hash) error { _, err := t.Invalidate(h, now); return err },
		func(t *chain.Tree, h block.Hash) error { _, err := t.Reconsider(h, now); return err },
		func(t *chain.Tree, h block.Hash) error { _, err := t.Precious(h, now); return err },
		func(t *chain.Tree, h block.Hash) error { _, err := t.Block(h); return err },
		func(t *chain.Tree, h block.Hash) error { _, err := t.Undo(h); return err },
	} {
		if err := f(tree, block.Hash{1}); !errors.Is(err, chain.ErrUnknown) {
			t.Errorf("an unknown block: %v", err)
		}
	}
}

// The second best header is used when the best falls: what to ask for next must
// not hang on a dead branch.
func TestBestHeaderFalls(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a")
		s.draw("1", "2b 3b")
		s.spoil("1", "2x", func(b *block.Block) { b.Txs[0].Outputs = nil })
		s.drawBad("2x", "3x 4x")
		s.header("1 2a 2b 3b 2x 3x 4x")
		best := func(want string) {
			s.t.Helper()
			if got := s.names[s.tree.BestHeader().Hash]; got != want {
				s.t.Fatalf("the best header is %s, want %s", got, want)
			}
		}
		best("4x")
		s.refuse("2x", consensus.BadVoutEmpty, "")
		best("3b")
		s.rule(reconsider, "4x", "")
		best("4x")
		s.rule(invalidate, "2x", "")
		s.rule(invalidate, "3b", "")
		best("2a") // as much work as 2b, and it came first
	})
}
