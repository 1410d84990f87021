package swarm

import (
	"errors"
	"slices"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/peer"
	"toychain/sim"
)

// watched is a node, and what is remembered of it to check it.
type watched struct {
	node *sim.Node

	lives     int
	alive     bool                // it was, at the last look
	history   []past              // of its tips, since it was last started; the last is the present one
	journal   []chain.Reorg       // reorganisations that it reported, in all its lives
	held      map[block.Hash]bool // bodies that it has
	seen      int64               // changes of its tree that were looked at
	checked   block.Hash          // the tip whose coins were checked last
	pool      uint64              // changes of its mempool that were looked at
	left      []block.Hash        // blocks that left its chain since the last check
	to        block.Hash          // where the last reorganisation led
	reorgs    int                 // since the last check
	waiting   map[block.Hash]bool // blocks that came before their parents
	owed      []owed
	penalized map[peer.ID]bool
}

// past is a tip that a node had, and how many reorganisations were in its journal by then.
type past struct {
	tip    block.Hash
	reorgs int
}

// restarted begins a new life.
func (w *watched) restarted() {
	tip := w.node.Engine().Tree().Tip()
	_, w.journal = w.node.Stored()
	w.journal = slices.Clone(w.journal)
	w.lives, w.alive = w.lives+1, true
	w.history = []past{{tip.Hash, len(w.journal)}}
	clear(w.held)
	clear(w.waiting)
	w.seen, w.checked, w.pool, w.left, w.reorgs = -1, block.Hash{}, 0, nil, 0
}

// checkAll checks every node of which anything changed.
func (r *run) checkAll() {
	for _, w := range r.nodes {
		if r.bad != nil {
			return
		}
		if e := w.node.Engine(); e == nil {
			if w.alive {
				w.alive = false
				r.checkStored(w)
			}
			continue
		} else if e.Tree().Changes() != w.seen {
			r.checkChain(w)
		} else if e.Pool().Sequence() == w.pool {
			continue
		}
		r.checkPool(w)
		r.checkBounds(w)
		r.checkBlame(w)
	}
}

// checkChain checks S1, S2, S3 and S6.
func (r *run) checkChain(w *watched) {
	tree := w.node.Engine().Tree()
	r.look(w, tree)
	tip := r.tip(w)
	switch {
	case tip == nil:
		r.violated("S1", w.node, "its tip %s was never made", tree.Tip().Hash)
		return
	case tip.broken != "":
		r.violated("S1", w.node, "its tip %s at height %d breaks a rule: %s", tip.hash, tip.height, tip.broken)
		return
	case tip.hash != w.checked:
		of := r.ledger.made
		grown := tip.parent != nil && tip.parent.hash == w.checked
		if grown {
			of = touched(tip) // the others were looked at before
		}
		w.checked = tip.hash
		r.checkCoins(w, tip, of, grown)
	}
	for hash := range w.held {
		f := r.ledger.facts[hash]
		if f == nil || f.broken != "" || f.work.Cmp(tip.work) <= 0 {
			continue
		}
		whole := true
		for at := f; whole && at.parent != nil; at = at.parent {
			whole = w.held[at.hash]
		}
		if whole {
			r.violated("S3", w.node, "its tip is %s at height %d, and it has all blocks up to height %d of a chain with more work", tip.hash, tip.height, f.height)
		}
	}
	for hash, parent := range w.node.Engine().Orphans() {
		if tree.Has(parent) {
			r.violated("L4", w.node, "block %s waits for %s, which is here", hash, parent)
		}
	}
}

// look notes which bodies are here by now.
func (r *run) look(w *watched, tree *chain.Tree) {
	changed, known := tree.ChangedSince(w.seen)
	if !known || w.seen < 0 {
		for _, e := range tree.Entries() {
			w.held[e.Header.Hash()] = e.Status&chain.HasBody != 0
		}
	}
	for _, c := range changed {
		w.held[c.Hash] = c.Status&chain.HasBody != 0
	}
	w.seen = tree.Changes()
}

// touched are the coins that a block creates or spends.
func touched(f *fact) (out []block.Outpoint) {
	for i, tx := range f.Txs {
		for n := range tx.Outputs {
			out = append(out, block.Outpoint{TxID: f.ids[i], Index: uint32(n)})
		}
		for n := range tx.Inputs {
			out = append(out, tx.Inputs[n].Prev)
		}
	}
	return out
}

// checkCoins compares some of a node's coins with those of the replay; if they are all that any
// block ever made, it adds them up.
func (r *run) checkCoins(w *watched, tip *fact, of []block.Outpoint, some bool) {
	coins, err := w.node.Engine().Tree().Coins(of)
	if err != nil {
		r.violated("S1", w.node, "%v", err)
		return
	}
	var all block.Amount
	for _, o := range of {
		found, is := coins[o]
		var have consensus.Coin
		if is {
			have = *found
		}
		want, should := tip.coins[o]
		if is != should || is && !same(have, want) {
			r.violated("S1", w.node, "at tip %s, height %d, coin %s is %s, and by a replay from genesis %s", tip.hash, tip.height, o, describe(have, is), describe(want, should))
			return
		}
		all += have.Value
	}
	if !some && all != tip.issued {
		r.violated("S2", w.node, "its coins are worth %s, and %s were issued and not burnt", all, tip.issued)
	}
	for _, id := range tip.ids {
		if tip.parent != nil && r.ledger.confirmed(id, tip.parent) {
			r.violated("S6", w.node, "transaction %s is twice in its chain", id)
		}
	}
}

// same reports whether two coins are equal.
func same(a, b consensus.Coin) bool {
	return a.Value == b.Value && string(a.Script) == string(b.Script) && a.Height == b.Height && a.Coinbase == b.Coinbase && a.MedianTime == b.MedianTime
}

// checkPool checks the rest of S6, S7, and that no payment was lost in a reorganisation.
func (r *run) checkPool(w *watched) {
	pool, tree, tip := w.node.Engine().Pool(), w.node.Engine().Tree(), r.tip(w)
	if w.pool = pool.Sequence(); tip == nil {
		return
	}
	if err := pool.Check(tree); err != nil {
		r.violated("S7", w.node, "its mempool: %v", err)
	}
	on := overlay{r.ledger, tip, map[block.Outpoint]*consensus.Coin{}}
	for e := range pool.All() {
		if r.ledger.confirmed(e.ID, tip) {
			r.violated("S6", w.node, "transaction %s is in its chain and in its mempool", e.ID)
		}
		if broken := on.apply(e.Tx, e.ID); broken != "" {
			r.violated("S7", w.node, "transaction %s of its mempool cannot be in the next block: %s", e.ID, broken)
		}
	}
	if w.reorgs == 1 {
		for _, hash := range w.left {
			r.checkReturned(w, tip, hash)
		}
	}
	w.left, w.reorgs = nil, 0
	if !w.node.Paused() {
		r.checkTemplate(w, tip)
	}
}

// checkTemplate checks that what a node would mine now breaks no rule.
func (r *run) checkTemplate(w *watched, tip *fact) {
	t, err := w.node.Engine().Template(r.world.Script(w.node), 0, "check", w.node.Clock())
	if errors.Is(err, consensus.TimeTooNew) && r.mustWait(w) {
		return
	}
	if err != nil {
		r.violated("S7", w.node, "it can make no block: %v", err)
		return
	}
	f := &fact{Block: t.Block, parent: tip, height: tip.height + 1, ids: t.Block.TxIDs()}
	if broken := r.ledger.replay(f); broken != "" {
		r.violated("S7", w.node, "the block that it would make at height %d breaks a rule: %s", f.height, broken)
	}
}

// checkReturned checks that the payments of a block that left the chain wait again, if they can be
// confirmed: now, and right after the reorganisation, for what is too early then is dropped.
func (r *run) checkReturned(w *watched, tip *fact, left block.Hash) {
	f, pool := r.ledger.facts[left], w.node.Engine().Pool()
	if f == nil || r.ledger.facts[w.to] == nil {
		return
	}
	for i, tx := range f.Txs[1:] {
		id := f.ids[i+1]
		if pool.Has(id) || r.ledger.confirmed(id, tip) {
			continue
		}
		possible := true
		for _, at := range []*fact{tip, r.ledger.facts[w.to]} {
			on := overlay{r.ledger, at, map[block.Outpoint]*consensus.Coin{}}
			for e := range pool.All() {
				on.apply(e.Tx, e.ID)
			}
			possible = possible && on.apply(tx, id) == ""
		}
		if possible {
			r.violated("S7", w.node, "payment %s left its chain with block %s and does not wait for another", id, left)
		}
	}
}

// checkBounds checks L5: what an adversary can make a node keep.
func (r *run) checkBounds(w *watched) {
	e := w.node.Engine()
	orphans, most := e.OrphanBytes()
	bodies, mostBodies := e.Tree().BodiesKept()
	switch pool := e.Pool(); {
	case orphans > most || len(e.Orphans()) > 100:
		r.violated("L5", w.node, "%d orphans have %d bytes", len(e.Orphans()), orphans)
	case bodies > mostBodies:
		r.violated("L5", w.node, "%d bytes of bodies are in memory", bodies)
	case pool.Orphans() > pool.Policy().MaxOrphans || pool.Bytes() > pool.Policy().MaxBytes:
		r.violated("L5", w.node, "%d orphans, %d bytes in its mempool", pool.Orphans(), pool.Bytes())
	case len(w.held) > len(r.ledger.facts):
		r.violated("L5", w.node, "it keeps %d headers, and only %d have work", len(w.held), len(r.ledger.facts))
	}
}
