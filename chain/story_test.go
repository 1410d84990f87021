package chain_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// story is a tree that is given the blocks of a drawing one by one. The same story
// is played in four ways, because when something is written must not change what
// happens: all in memory, flushed after every step, flushed now and then, and
// flushed, closed and opened again now and then.
type story struct {
	t      *testing.T
	disk   *chaingen.Disk
	tree   *chain.Tree
	blocks map[string]*chaingen.Block
	names  map[block.Hash]string
	now    time.Time
	after  func(*story) // what the mode does after each step
	reorgs []chain.Reorg
	coins  []block.Outpoint // the names of all coins that any block ever made
}

func play(t *testing.T, p *consensus.Params, tell func(*story)) {
	dice := rand.New(rand.NewPCG(1, 2)) // the same throws in every run
	modes := []struct {
		name  string
		after func(*story)
	}{
		{"in memory", func(*story) {}},
		{"flushed", (*story).flush},
		{"flushed at times", func(s *story) {
			if dice.IntN(3) == 0 {
				s.flush()
			}
		}},
		{"restarted at times", func(s *story) {
			if dice.IntN(2) == 0 {
				s.restart()
			}
		}},
	}
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			g := chaingen.Genesis(p)
			s := &story{
				t: t, disk: chaingen.NewDisk(), now: now, after: mode.after,
				blocks: map[string]*chaingen.Block{"g": g}, names: map[block.Hash]string{g.Hash: "g"},
			}
			s.tree = s.disk.MustOpen(p)
			tell(s)
			s.flush()
			if !reflect.DeepEqual(s.disk.Journal, s.reorgs) {
				t.Errorf("the journal has %v, the changes told %v", s.disk.Journal, s.reorgs)
			}
		})
	}
}

// draw mines blocks of these names on top of each other, the first on parent. They
// are not yet given to the tree.
func (s *story) draw(parent, names string) {
	for _, name := range strings.Fields(names) {
		s.keep(s.blocks[parent].Mine(name))
		parent = name
	}
}

// pay draws one block with payments.
func (s *story) pay(parent, name string, txs ...*block.Tx) *chaingen.Block {
	return s.keep(s.blocks[parent].Mine(name, txs...))
}

// spoil draws one block with a fault.
func (s *story) spoil(parent, name string, fault func(*block.Block)) *chaingen.Block {
	b := s.blocks[parent].Template(name)
	fault(b)
	return s.keep(s.blocks[parent].Follow(name, chaingen.Seal(b)))
}

// drawBad draws blocks on an invalid parent.
func (s *story) drawBad(parent, names string) {
	for _, name := range strings.Fields(names) {
		s.spoil(parent, name, func(*block.Block) {})
		parent = name
	}
}

func (s *story) keep(b *chaingen.Block) *chaingen.Block {
	if s.blocks[b.Name] != nil {
		s.t.Helper()
		s.t.Fatalf("two blocks are called %s", b.Name)
	}
	s.blocks[b.Name], s.names[b.Hash] = b, b.Name
	for i, id := range b.TxIDs() {
		for j := range b.Txs[i].Outputs {
			s.coins = append(s.coins, block.Outpoint{TxID: id, Index: uint32(j)})
		}
	}
	return b
}

// greedy pays the coinbase one too many.
func greedy(b *block.Block) { b.Txs[0].Outputs[0].Value++ }

// add gives blocks to the tree. want is what happens to the best chain at the last
// one, as in "-3a -2a +2b +3b +4b"; none of the others must move it.
func (s *story) add(names, want string) *chain.Change {
	s.t.Helper()
	var change chain.Change
	list := strings.Fields(names)
	for i, name := range list {
		s.tick()
		var err error
		if change, err = s.tree.AddBlock(s.blocks[name].Block, s.now); err != nil {
			s.t.Fatalf("adding %s: %v", name, err)
		}
		moves := ""
		if i == len(list)-1 {
			moves = want
		}
		s.check(&change, "adding "+name, moves)
	}
	return &change
}

// all gives blocks that each extend the best chain by one.
func (s *story) all(names string) {
	s.t.Helper()
	for _, name := range strings.Fields(names) {
		s.add(name, "+"+name)
	}
}

// refuse gives a block that the tree must refuse for this reason.
func (s *story) refuse(name string, reason error, want string) *chain.Change {
	s.t.Helper()
	s.tick()
	change, err := s.tree.AddBlock(s.blocks[name].Block, s.now)
	if !errors.Is(err, reason) {
		s.t.Fatalf("adding %s: %v, want %v", name, err, reason)
	}
	s.check(&change, "adding "+name, want)
	return &change
}

// header gives the headers of blocks.
func (s *story) header(names string) {
	s.t.Helper()
	for _, name := range strings.Fields(names) {
		s.tick()
		if err := s.tree.AddHeader(&s.blocks[name].Header, s.now); err != nil {
			s.t.Fatalf("header %s: %v", name, err)
		}
		s.check(&chain.Change{}, "header "+name, "")
	}
}

// rule asks one of Invalidate, Reconsider and Precious.
func (s *story) rule(what func(*chain.Tree, block.Hash, time.Time) (chain.Change, error), name, want string) *chain.Change {
	s.t.Helper()
	s.tick()
	change, err := what(s.tree, s.blocks[name].Hash, s.now)
	if err != nil {
		s.t.Fatalf("overruling %s: %v", name, err)
	}
	s.check(&change, "overruling "+name, want)
	return &change
}

func (s *story) tick() { s.now = s.now.Add(time.Millisecond) }

// moves writes what a change does to the best chain.
func (s *story) moves(c *chain.Change) string {
	var out []string
	for _, step := range c.Reverted {
		out = append(out, "-"+s.names[step.Hash])
	}
	for _, step := range c.Applied {
		out = append(out, "+"+s.names[step.Hash])
	}
	return strings.Join(out, " ")
}

// check holds what happened against what was wanted, and everything else against
// the slow and simple truth.
func (s *story) check(c *chain.Change, what, want string) {
	s.t.Helper()
	if got := s.moves(c); got != want {
		s.t.Fatalf("%s: %q, want %q", what, got, want)
	}
	if c.Reorg != nil {
		s.reorgs = append(s.reorgs, *c.Reorg)
	}
	tip := s.blocks[s.tip()]
	if c.Moved() && c.To.Hash != tip.Hash {
		s.t.Fatalf("%s: the change leads to %s, the tip is %s", what, s.names[c.To.Hash], tip.Name)
	}
	if s.tree.Tip() != tip.State || !tip.Valid() {
		s.t.Fatalf("%s: tip %s: state %+v, want %+v (%v)", what, tip.Name, s.tree.Tip(), tip.State, tip.Err)
	}
	for i, b := range tip.Chain() {
		if at, ok := s.tree.At(block.Height(i)); !ok || at != b.Hash {
			s.t.Fatalf("%s: height %d is %s, want %s", what, i, at, b.Hash)
		}
	}
	if err := errors.Join(s.tree.CheckInvariants(), s.tree.CheckCoins(tip.CoinSet(), s.coins)); err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	s.after(s)
}

// tip names the end of the best chain.
func (s *story) tip() string { return s.names[s.tree.Tip().Hash] }

func (s *story) flush() {
	s.t.Helper()
	if err := s.tree.Flush(); err != nil {
		s.t.Fatal(err)
	}
	commits := s.disk.Commits
	if err := s.tree.Flush(); err != nil || s.disk.Commits != commits {
		s.t.Fatalf("flushed twice, written twice: %v", err)
	}
	if n, _ := s.tree.Unflushed(); n != 0 {
		s.t.Fatalf("after a flush %d blocks are not flushed", n)
	}
	if err := s.tree.CheckInvariants(); err != nil {
		s.t.Fatalf("after a flush: %v", err)
	}
}

// restart flushes and opens the tree again: nothing may be different afterwards.
func (s *story) restart() {
	s.t.Helper()
	s.flush()
	tree, err := s.disk.Open(s.tree.Params())
	if err != nil {
		s.t.Fatalf("opening again: %v", err)
	}
	if err := errors.Join(sameTree(s.tree, tree), tree.CheckInvariants()); err != nil {
		s.t.Fatalf("opening again: %v", err)
	}
	commits := s.disk.Commits
	if err := tree.Flush(); err != nil || s.disk.Commits != commits {
		s.t.Fatalf("only opened, and written: %v", err)
	}
	s.tree = tree
}

// sameTree compares all that two trees tell about themselves.
func sameTree(a, b *chain.Tree) error {
	if a.Tip() != b.Tip() {
		return fmt.Errorf("tip %s, was %s", b.Tip().Hash, a.Tip().Hash)
	}
	if a.BestHeader() != b.BestHeader() {
		return fmt.Errorf("best header %s, was %s", b.BestHeader().Hash, a.BestHeader().Hash)
	}
	if !reflect.DeepEqual(a.Tips(), b.Tips()) {
		return fmt.Errorf("tips %v, were %v", b.Tips(), a.Tips())
	}
	if !reflect.DeepEqual(a.Entries(), b.Entries()) {
		return fmt.Errorf("entries %v, were %v", b.Entries(), a.Entries())
	}
	for _, e := range a.Entries() {
		x, _ := a.Info(e.Header.Hash())
		y, _ := b.Info(e.Header.Hash())
		if !reflect.DeepEqual(x, y) {
			return fmt.Errorf("block %+v, was %+v", y, x)
		}
	}
	return nil
}
