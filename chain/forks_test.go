package chain_test

import (
	"fmt"
	"strings"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// g ─ 1 ─ 2 ─ 3
func TestExtension(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2 3")
		s.all("1 2 3")
		s.refuse("2", chain.ErrKnown, "")
	})
}

//	┌─ 2a ─ 3a
//
// g ─ 1 ┤
//
//	└─ 2b
func TestSideBranch(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a 3a")
		s.draw("1", "2b")
		s.all("1 2a 3a")
		s.add("2b", "")
		s.refuse("2b", chain.ErrKnown, "")
	})
}

//	┌─ 2a
//
// g ─ 1 ┤
//
//	└─ 2b ─ 3b
func TestReorgOfOne(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a")
		s.draw("1", "2b 3b")
		s.all("1 2a")
		s.add("2b 3b", "-2a +2b +3b")
	})
}

//	┌─ 2a ─ 3a       ─ 4a ─ 5a
//
// g ─ 1 ┤
//
//	└─ 2b ─ 3b ─ 4b
func TestReorgOfTwoAndBack(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a 3a 4a 5a")
		s.draw("1", "2b 3b 4b")
		s.all("1 2a 3a")
		s.add("2b 3b 4b", "-3a -2a +2b +3b +4b")
		s.add("4a 5a", "-4b -3b -2b +2a +3a +4a +5a")
	})
}

// Thirty blocks give way to thirty-one.
func TestReorgOfThirty(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		as, bs, revert, apply := names("a", 30), names("b", 31), "", ""
		s.draw("g", as)
		s.draw("g", bs)
		s.all(as)
		for i := range 30 {
			revert += fmt.Sprintf("-%da ", 30-i)
		}
		for i := range 31 {
			apply += fmt.Sprintf("+%db ", i+1)
		}
		change := s.add(bs, strings.TrimSpace(revert+apply))
		if r := change.Reorg; r.Depth() != 30 || r.Fork.Height != 0 || r.From.Height != 30 || r.To.Height != 31 || len(r.Joined) != 31 {
			s.t.Errorf("the journal says %+v", r)
		}
	})
}

// names returns "1a 2a 3a …" up to n.
func names(branch string, n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%d%s", i+1, branch))
	}
	return strings.Join(out, " ")
}

//	┌─ 3a                  ┌─ 5c ─ 6c
//
// g ─ 1 ─ 2 ┤            ┌─ 4c ────┘
//
//	└─ 3b ───────┤
//	             └─ 4b ─ 5b
func TestForkOfAFork(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2 3a")
		s.draw("2", "3b 4b 5b")
		s.draw("3b", "4c 5c 6c")
		s.all("1 2 3a")
		s.add("3b 4b", "-3a +3b +4b")
		s.add("4c 5c", "-4b +4c +5c")
		s.add("5b", "")
		s.add("6c", "+6c")
	})
}

// A network whose target changes every four blocks, wanted ten seconds apart.
// Branch b comes fast, so its fourth block must meet a quarter of the target and
// stands for 8 tries instead of 2: four blocks are worth 14 tries, and six slow
// ones are worth 12.
//
//	  ┌─ 1a ── 2a ── 3a ── 4a ── 5a ── 6a        2+2+2+2+2+2 = 12
//	g ┤
//	  └─ 1b 2b 3b 4b                             2+2+2+8     = 14
func TestMostWorkNotMostBlocks(t *testing.T) {
	play(t, chaingen.Windowed(4), func(s *story) {
		s.drawEvery(100, "g", "1a 2a 3a 4a 5a 6a 7a 8a")
		s.drawEvery(1, "g", "1b 2b 3b 4b")
		s.all("1a 2a 3a 4a 5a 6a")
		s.add("1b 2b 3b 4b", "-6a -5a -4a -3a -2a -1a +1b +2b +3b +4b")
		if got := s.tree.Tip().Work.Float(); got != 2+14 { // genesis has 2
			s.t.Errorf("the tip has %v tries of work", got)
		}
		s.add("7a", "") // 14 to 14: the first seen stays
		s.add("8a", "-4b -3b -2b -1b +1a +2a +3a +4a +5a +6a +7a +8a")
	})
}

// drawEvery draws blocks this many seconds apart.
func (s *story) drawEvery(seconds uint32, parent, names string) {
	for _, name := range strings.Fields(names) {
		above := s.blocks[parent]
		b := s.spoil(parent, name, func(b *block.Block) { b.Header.Time = above.Header.Time + seconds })
		if b.Err != nil {
			s.t.Fatal(b.Err)
		}
		parent = name
	}
}

// Of equal branches the one that was complete first stays, however often the other
// knocks. Headers do not count: b was announced first.
//
//	     ┌─ 2a ─ 3a
//	g ─ 1 ┤
//	     └─ 2b ─ 3b
func TestEqualWorkKeepsFirstSeen(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a 3a")
		s.draw("1", "2b 3b")
		s.all("1")
		s.header("2b 3b")
		s.all("2a 3a")
		s.add("2b 3b", "")
		s.refuse("3b", chain.ErrKnown, "")
	})
}

// Bodies may come in any order once the headers are known. The branch counts from
// the moment when it is complete.
//
//	     ┌─ 2a ─ 3a
//	g ─ 1 ┤
//	     └─ 2b ─ 3b ─ 4b
func TestBodiesOutOfOrder(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a 3a")
		s.draw("1", "2b 3b 4b")
		s.refuse("2a", consensus.ErrNoParent, "")
		s.all("1 2a")
		s.header("2b 3b 4b")
		s.add("4b 3b", "")
		s.all("3a")
		s.add("2b", "-3a -2a +2b +3b +4b")
	})
}

// Of two branches that become complete by the same block, the one announced first
// was seen first.
//
//	     ┌─ 2a
//	g ─ 1 ┤
//	     └─ 2b
func TestOneBlockCompletesTwo(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a")
		s.draw("1", "2b")
		s.header("1 2b 2a")
		s.add("2a 2b 1", "+1 +2b")
	})
}

// A heavier branch has a fault in its middle, and nobody can know before its turn.
// What stands below the fault is good and counts; what stands above is lost.
//
//	       ┌─ 3a
//	g ─ 1 ─ 2 ┤
//	       └─ 3b ─ 4b ─ 5x ─ 6 ─ 7
func TestHeavierButInvalid(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2 3a")
		s.draw("2", "3b 4b")
		s.spoil("4b", "5x", greedy)
		s.drawBad("5x", "6 7 8")
		s.all("1 2 3a")
		s.header("3b 4b 5x 6 7")
		s.add("7 6 5x 4b", "")
		change := s.add("3b", "-3a +3b +4b")
		if f := change.Failed; len(f) != 1 || f[0].Hash != s.blocks["5x"].Hash || consensus.RuleOf(f[0].Err) != "bad-cb-amount" {
			s.t.Errorf("failed: %v", f)
		}
		s.refuse("5x", consensus.DuplicateInvalid, "")
		s.refuse("6", consensus.BadPrevBlk, "")
		s.refuse("8", consensus.BadPrevBlk, "")
	})
}

// The same with nothing gained: the good part of the branch is no better than the
// tip. The block whose arrival brought it to light is refused, and so is all that
// comes after it.
//
//	     ┌─ 2a ─ 3a ─ 4a
//	g ─ 1 ┤
//	     └─ 2b ─ 3x ─ 4 ─ 5 ─ 6
func TestInvalidMiddle(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a 3a 4a")
		s.draw("1", "2b")
		s.spoil("2b", "3x", greedy)
		s.drawBad("3x", "4 5 6")
		s.all("1 2a 3a")
		s.add("2b 3x", "") // not better than the tip: nobody looks closer
		change := s.refuse("4", consensus.BadPrevBlk, "")
		if f := change.Failed; len(f) != 1 || f[0].Hash != s.blocks["3x"].Hash {
			s.t.Errorf("failed: %v", f)
		}
		s.refuse("5", consensus.BadPrevBlk, "")
		s.refuse("6", consensus.ErrNoParent, "")
		s.all("4a")
	})
}

// Two heavy branches, both bad: the third best is found.
//
//	     ┌─ 2x ─ 3 ─ 4 ─ 5
//	g ─ 1 ┼─ 2y ─ 3' ─ 4'
//	     └─ 2a
func TestFallsFromBadToBad(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a")
		s.spoil("1", "2x", greedy)
		s.drawBad("2x", "3 4 5")
		s.spoil("1", "2y", greedy)
		s.drawBad("2y", "3' 4'")
		s.header("1 2x 3 4 5 2y 3' 4' 2a")
		s.add("5 4 3 2x 4' 3' 2y 2a", "")
		change := s.add("1", "+1 +2a")
		if len(change.Failed) != 2 {
			s.t.Errorf("failed: %v", change.Failed)
		}
	})
}

// What a block breaks by its place alone is found when it arrives, on whatever
// branch: nobody has to wait for its turn.
func TestPlaceIsJudgedOnArrival(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2 3")
		s.all("1 2 3")
		s.spoil("1", "height", func(b *block.Block) { b.Txs[0].Inputs[0].Script[0]++ })
		s.spoil("1", "lock", func(b *block.Block) { b.Txs[0].LockTime, b.Txs[0].Inputs[0].Sequence = 2, 0 })
		s.refuse("height", consensus.BadCoinbaseHeight, "")
		s.refuse("lock", consensus.BadNonFinal, "")
	})
}

// A stranger can repeat the last transaction of a block without changing the
// root. The header must not suffer, wherever the block stands, and the true body is
// welcome later.
//
//	     ┌─ 2a
//	g ─ 1 ┤
//	     └─ 2b ─ 3b
func TestDuplicatedTail(t *testing.T) {
	play(t, chaingen.Network(), func(s *story) {
		s.draw("g", "1 2a")
		s.draw("1", "2b")
		b := s.blocks["2b"]
		pays := []*block.Tx{chaingen.Move(s.blocks["1"].Reward(), alice)}
		pays = append(pays, alice.Pay([]consensus.UTXO{chaingen.Output(pays[0], 0)}, bob.To(50*coin)))
		for i := range 3 {
			b = s.keep(b.Mine(fmt.Sprintf("%dc", i+3)))
		}
		three := s.pay("5c", "6c", pays...)
		s.all("1 2a")
		s.header("2b 3c 4c 5c 6c")

		twice := *three.Block
		twice.Txs = append(append([]*block.Tx{}, twice.Txs...), twice.Txs[2])
		if twice.Hash() != three.Hash {
			t.Fatal("the mutated block has another hash")
		}
		s.blocks["6c"] = &chaingen.Block{Block: &twice}
		for range 2 {
			s.refuse("6c", consensus.BadDuplicate, "")
		}
		s.blocks["6c"] = three
		s.add("2b", "")
		s.add("3c", "-2a +2b +3c")
		s.add("6c", "")
		s.add("5c 4c", "+4c +5c +6c")
	})
}

// Two coinbases with one id (BIP30): the second is refused as long as the first has
// a coin left, and welcome when it is spent.
//
//	              ┌─ 4a                  the reward of 1 again: refused
//	g ─ 1 ─ 2 ─ 3 ┤
//	              └─ 4b ─ 5b ─ 6b        it is spent in 4b: 5b may repeat it
func TestBIP30(t *testing.T) {
	p := chaingen.Network()
	p.BIP34 = 1000
	play(t, p, func(s *story) {
		s.draw("g", "1 2 3")
		s.all("1 2 3")
		first := s.blocks["1"].Txs[0]
		again := func(b *block.Block) { b.Txs[0] = first.Clone() }
		s.spoil("3", "4a", again)
		s.refuse("4a", consensus.BadBIP30, "")
		s.pay("3", "4b", chaingen.Move(s.blocks["1"].Reward(), bob))
		s.spoil("4b", "5b", again)
		s.draw("5b", "6b")
		s.all("4b 5b 6b")
		s.rule(invalidate, "5b", "-6b -5b")
		s.rule(reconsider, "5b", "+5b +6b")
	})
}
