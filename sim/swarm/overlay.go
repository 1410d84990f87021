package swarm

import (
	"fmt"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// overlay is the coins after a block, with transactions on top of it that are to be in the next.
type overlay struct {
	ledger *ledger
	tip    *fact
	over   map[block.Outpoint]*consensus.Coin // nil: spent
}

func (v overlay) coin(o block.Outpoint) (consensus.Coin, bool) {
	if c, known := v.over[o]; known {
		if c == nil {
			return consensus.Coin{}, false
		}
		return *c, true
	}
	c, there := v.tip.coins[o]
	return c, there
}

// apply spends and creates a transaction's coins. If it breaks a rule, that is returned, and
// nothing happens.
func (v overlay) apply(tx *block.Tx, id block.Hash) (broken string) {
	coins := map[block.Outpoint]consensus.Coin{}
	for i := range tx.Inputs {
		if c, there := v.coin(tx.Inputs[i].Prev); there {
			coins[tx.Inputs[i].Prev] = c
		}
	}
	if _, broken := v.ledger.spend(coins, tx, v.tip.height+1); broken != "" {
		return broken
	}
	for i := range tx.Inputs {
		v.over[tx.Inputs[i].Prev] = nil
	}
	for n := range tx.Outputs {
		v.over[block.Outpoint{TxID: id, Index: uint32(n)}] = &consensus.Coin{Output: tx.Outputs[n], Height: v.tip.height + 1}
	}
	return ""
}

// describe describes a coin, for a violation.
func describe(c consensus.Coin, there bool) string {
	if !there {
		return "not there"
	}
	return fmt.Sprintf("%s of height %d (coinbase %t, time %d)", c.Value, c.Height, c.Coinbase, c.MedianTime)
}

// restart starts a node again, and marks what its disk had lost.
func (r *run) restart(w *watched) {
	if w.node.Up() {
		return
	}
	r.checkAll() // that it is down may be news
	stored, _ := w.node.Stored()
	if err := r.world.Restart(w.node); err != nil {
		r.violated("S5", w.node, "it does not start again: %v", err)
		return
	}
	if w.node.Engine() == nil {
		return // the power failed again
	}
	w.restarted()
	if w.history[0].tip != stored {
		r.marks[CrashBeforeIndex] = true
	}
}

// checkStored checks S5: after a crash the disk has a tip that the node had, or the one that it was
// about to have, and the journal says how it got there. A reorganisation that was reported is there.
func (r *run) checkStored(w *watched) {
	stored, journal := w.node.Stored()
	for i, j := range w.journal {
		if i >= len(journal) || journal[i].To != j.To || journal[i].From != j.From {
			r.violated("S5", w.node, "after a crash its journal has %d reorganisations, and lacks the one to %s at height %d, which it reported", len(journal), j.To.Hash, j.To.Height)
			return
		}
	}
	tip := r.ledger.facts[stored]
	if tip == nil && stored.IsZero() {
		return // it crashed before its first write
	}
	if tip == nil {
		r.violated("S5", w.node, "after a crash its tip is %s, which was never made", stored)
		return
	}
	if more := journal[len(w.journal):]; len(more) > 0 {
		r.marks[CrashInReorg] = true
		if !grows(r.ledger, more[len(more)-1].To, tip) {
			r.violated("S5", w.node, "after a crash its tip is %s at height %d, and its journal ends with %s", stored, tip.height, more[len(more)-1].To.Hash)
		}
		return
	}
	for _, p := range w.history {
		if p.reorgs == len(journal) && r.ledger.facts[p.tip] != nil && (p.tip == stored || r.ledger.facts[p.tip].under(tip)) {
			return
		}
	}
	r.violated("S5", w.node, "after a crash its tip is %s at height %d, and its journal with %d reorganisations does not lead there", stored, tip.height, len(journal))
}

// grows reports whether a chain that ended in from can have grown to a tip.
func grows(l *ledger, from chain.Point, tip *fact) bool {
	f := l.facts[from.Hash]
	return f != nil && f.height <= tip.height && f.under(tip)
}
