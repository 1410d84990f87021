package chain

import (
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// activate moves the tip to the candidate. While the candidate turns out to break a rule, or
// to stand on a block that does, it is marked and the next best one is tried. mine is the
// block whose arrival caused the move; the error says why mine is invalid (Core:
// ActivateBestChain).
//
//	1 ── 2 ── 3a ── 4a              the tip
//	     └─── 3b ── 4b* ── 5b       arrives: more work, so it is the candidate. Staging finds
//	                                that 4b breaks a rule: 4b and 5b are marked, the best that
//	                                remains is 4a, and the tip has not moved
//
// The loop ends, because each turn marks at least one block, or moves the tip.
func (t *Tree) activate(now time.Time, mine *node) (Change, error) {
	change := Change{From: t.Tip()}
	var refused error
	for t.candidate != t.tip() {
		staged, bad, err := t.stage(t.candidate)
		if bad != nil {
			t.fail(bad)
			change.Failed = append(change.Failed, Failure{bad.Hash, err})
			switch {
			case bad == mine:
				refused = &ConnectError{err}
			case refused == nil && mine != nil && mine.status.Invalid():
				refused = &ConnectError{fmt.Errorf("%w: %s is invalid: %v", consensus.BadPrevBlk, bad.Hash, err)}
			}
			continue
		}
		if err != nil {
			return Change{}, err
		}
		if err := t.adopt(staged, now, &change); err != nil {
			return Change{}, err
		}
	}
	change.To = t.Tip()
	return change, refused
}

// staged is a move of the tip that is worked out but not made yet.
type staged struct {
	fork     *node
	to       *node
	reverted []Step
	applied  []Step
	coins    overlay
}

// stage works out the move from the tip to another node: back to the fork, then forward
// block by block, all on an overlay of the coin set.
//
//	fork ── a ── b          reverted: b, a       each adds what it spent and removes what it
//	    └── c ── d ── to    applied: c, d, to    created (Delta.Inverse), or the other way
//
// A block that breaks a rule is returned as bad, with the reason. Any other error is the
// disk's. Either way the tree is unchanged: the overlay is dropped.
func (t *Tree) stage(to *node) (s staged, bad *node, err error) {
	s = staged{fork: t.fork(to), to: to, coins: overlay{tree: t}}
	// Back: from the tip down to the fork. What the blocks spent exists again, from their
	// undo data, and what they created is gone.
	for n := t.tip(); n != s.fork; n = n.parent {
		step, err := t.revert(n)
		if err != nil {
			return s, nil, fmt.Errorf("disconnecting block %s at height %d: %w", n.Hash, n.Height, err)
		}
		s.coins.apply(step.Delta)
		s.reverted = append(s.reverted, step)
		s.pause()
	}
	// Forward: each block is validated against the coins as the blocks before it leave them.
	for _, n := range path(s.fork, to) {
		b, err := t.body(n)
		if err != nil {
			return s, nil, err
		}
		delta, broken, err := t.rules.Connect(n.parent.State, b, n.Hash, s.coins.lookUp)
		if broken != nil {
			return s, n, broken
		}
		if err != nil {
			return s, nil, err
		}
		s.coins.apply(delta)
		s.applied = append(s.applied, Step{true, n.Hash, n.Height, b.Block, b.IDs, delta})
		s.pause()
	}
	return s, nil, nil
}

// pause lets the tree's owner do something else for a moment: see Between.
func (s *staged) pause() {
	if t := s.coins.tree; t.between != nil {
		t.between(len(s.reverted)+len(s.applied), int(t.tip().Height+s.to.Height-2*s.fork.Height))
	}
}

// revert returns the step that disconnects n, worked out from its body and its undo data.
func (t *Tree) revert(n *node) (Step, error) {
	b, err := t.body(n)
	if err != nil {
		return Step{}, err
	}
	undo, err := t.undo(n)
	if err != nil {
		return Step{}, err
	}
	delta, err := consensus.DeltaOf(*n.parent.State, b, undo)
	if err != nil {
		return Step{}, err
	}
	return Step{false, n.Hash, n.Height, b.Block, b.IDs, delta.Inverse()}, nil
}

// undo returns the coins that n spent: from a step that is not flushed yet, or from the disk.
// A block names the coins that it spends by outpoint only, so without this record of their
// amounts and scripts a block could not be taken back (Core: CBlockUndo, the rev*.dat files).
func (t *Tree) undo(n *node) ([]consensus.Coin, error) {
	for _, s := range slices.Backward(t.pending.Steps) {
		if s.Connect && s.Hash == n.Hash {
			return s.Delta.Undo(), nil
		}
	}
	return t.disk.Undo(n.Hash)
}

// adopt makes the move: coins, best chain, journal. It is in memory until the next Flush.
func (t *Tree) adopt(s staged, now time.Time, change *Change) error {
	if len(s.reverted) > 0 {
		reorg, err := s.describeReorg(t.tip(), now)
		if err != nil {
			return err
		}
		change.Reorg = reorg
		t.pending.Reorgs = append(t.pending.Reorgs, *reorg)
	}
	t.merge(s.coins.changes)
	t.pending.Steps = append(append(t.pending.Steps, s.reverted...), s.applied...)
	change.Reverted = append(change.Reverted, s.reverted...)
	change.Applied = append(change.Applied, s.applied...)
	for i := range s.applied {
		n := t.nodes[s.applied[i].Hash]
		t.pending.bytes += n.size
		if !n.has(Connected) {
			n.status |= Connected
			t.toCommit(n)
		}
	}
	t.setActive(s.to)
	return nil
}

// describeReorg returns the journal's entry: what becomes of each transaction of the blocks
// that leave.
//
//	in a block that joins too            reconfirmed
//	its coins still exist                returned (to the mempool)
//	a joining block spends its coins     conflicted, by that transaction
//	its coins were created in a block    conflicted, by none
//	that left
func (s *staged) describeReorg(from *node, now time.Time) (*Reorg, error) {
	r := &Reorg{
		Time: now.Truncate(time.Millisecond),
		From: from.point(), To: s.to.point(), Fork: s.fork.point(),
	}
	for _, step := range slices.Backward(s.reverted) {
		r.Left = append(r.Left, Point{step.Hash, step.Height})
	}
	joinedIn := make(map[block.Hash]block.Hash)    // txid to block
	spentBy := make(map[block.Outpoint]block.Hash) // coin to the joining transaction that spends it
	for _, step := range s.applied {
		r.Joined = append(r.Joined, Point{step.Hash, step.Height})
		for i, tx := range step.Block.Txs {
			joinedIn[step.IDs[i]] = step.Hash
			for j := range tx.Inputs {
				spentBy[tx.Inputs[j].Prev] = step.IDs[i]
			}
		}
	}
	returned := make(map[block.Hash]bool)
	for _, step := range slices.Backward(s.reverted) { // the lowest first, so that a transaction comes after its parents
		for i, tx := range step.Block.Txs[1:] {
			id := step.IDs[i+1]
			if in, ok := joinedIn[id]; ok {
				r.Reconfirmed = append(r.Reconfirmed, Reconfirmed{id, in})
				continue
			}
			by, ok, err := s.stillPossible(tx, returned, spentBy)
			if err != nil {
				return nil, err
			}
			if !ok {
				r.Conflicted = append(r.Conflicted, Conflicted{id, by})
				continue
			}
			returned[id] = true
			r.Returned = append(r.Returned, id)
		}
		s.pause()
	}
	return r, nil
}

// stillPossible reports whether a transaction that left can be confirmed after the move: each
// coin that it spends exists, or is created by another transaction that returned. If not, by
// is the transaction that spent the coin, if one did: this is how a double spend looks to the
// node that had believed the first of the two.
func (s *staged) stillPossible(tx *block.Tx, returned map[block.Hash]bool, spentBy map[block.Outpoint]block.Hash) (by block.Hash, ok bool, err error) {
	for i := range tx.Inputs {
		o := tx.Inputs[i].Prev
		if returned[o.TxID] {
			continue
		}
		if by, taken := spentBy[o]; taken {
			return by, false, nil
		}
		coins, err := s.coins.lookUp([]block.Outpoint{o})
		if err != nil {
			return block.Hash{}, false, err
		}
		if _, there := coins[o]; !there {
			return block.Hash{}, false, nil
		}
	}
	return block.Hash{}, true, nil
}
