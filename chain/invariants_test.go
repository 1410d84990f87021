package chain

import (
	"fmt"

	"toychain/block"
	"toychain/consensus"
)

// CheckInvariants says what is wrong with the tree's memory, if anything is: what
// must hold between any two calls, each line worked out the slow and simple way.
// The tests of this folder stand outside the package and call it after each step.
func (t *Tree) CheckInvariants() error {
	for hash, n := range t.nodes {
		if err := t.checkNode(hash, n); err != nil {
			return fmt.Errorf("block %s at height %d: %w", hash, n.Height, err)
		}
	}
	for h, n := range t.active {
		switch {
		case int(n.Height) != h:
			return fmt.Errorf("best chain: height %d at place %d", n.Height, h)
		case h > 0 && n.parent != t.active[h-1]:
			return fmt.Errorf("best chain: broken below height %d", h)
		case !n.has(Connected) || !n.connectable() || n.status.Invalid():
			return fmt.Errorf("best chain: status %b at height %d", n.status, h)
		}
	}
	if t.candidate != t.tip() {
		return fmt.Errorf("the best chain ends in %s, it should in %s", t.tip().Hash, t.candidate.Hash)
	}
	for _, n := range t.nodes {
		if n.status.Invalid() {
			continue
		}
		if n.Work.Cmp(t.bestHeader.Work) > 0 {
			return fmt.Errorf("header %s has more work than the best header", n.Hash)
		}
		if n != t.tip() && n.connectable() && n.better(t.tip()) {
			return fmt.Errorf("block %s is better than the tip", n.Hash)
		}
	}
	return t.checkMemory()
}

func (t *Tree) checkNode(hash block.Hash, n *node) error {
	if hash != n.Header.Hash() || hash != n.Hash {
		return fmt.Errorf("filed under another hash")
	}
	if n.parent == nil {
		if n != t.active[0] || n.Height != 0 {
			return fmt.Errorf("has no parent")
		}
		return nil
	}
	if want := n.parent.Next(&n.Header, hash); *n.State != want {
		return fmt.Errorf("its state does not follow its parent's")
	}
	below := n // the naive walk, for the skip list
	for below.Height > skipHeight(n.Height) {
		below = below.parent
	}
	bad := n.parent.status.Invalid()
	switch {
	case t.nodes[n.Header.Prev] != n.parent || !contains(n.parent.children, n):
		return fmt.Errorf("not among its parent's children")
	case n.skip != below:
		return fmt.Errorf("skips to height %d, want %d", n.skip.Height, below.Height)
	case n.has(FailedParent) != bad:
		return fmt.Errorf("status %b, its parent's %b", n.status, n.parent.status)
	case n.connectable() != (n.has(HasBody) && n.parent.connectable()):
		return fmt.Errorf("linked %t, body %t, parent linked %t", n.connectable(), n.has(HasBody), n.parent.connectable())
	case n.has(Connected) && !n.connectable():
		return fmt.Errorf("was connected without its ancestors")
	case n.has(HasBody) != (n.txs > 0) || n.has(HasBody) != (n.size > 0):
		return fmt.Errorf("body %t with %d transactions, %d bytes", n.has(HasBody), n.txs, n.size)
	}
	return nil
}

func contains(list []*node, n *node) bool {
	times := 0
	for _, m := range list {
		if m == n {
			times++
		}
	}
	return times == 1
}

// checkMemory looks at what is kept besides the nodes.
func (t *Tree) checkMemory() error {
	seqs := make(map[int64]bool)
	for _, n := range t.nodes {
		if n.connectable() && seqs[n.seq] {
			return fmt.Errorf("two blocks have sequence number %d", n.seq)
		}
		seqs[n.seq] = true
	}
	room := t.room
	for _, n := range t.nodes {
		if n.body == nil {
			continue
		}
		if n.connectable() || !n.has(HasBody) {
			return fmt.Errorf("block %s is kept in memory for no reason", n.Hash)
		}
		room += memoryOf(*n.body, n.size)
	}
	if room != maxBodies || t.room < 0 {
		return fmt.Errorf("room for %d bytes is left, with what is kept %d, want %d", t.room, room, maxBodies)
	}
	for _, n := range t.pending.headers {
		if n.has(HasBody) && n.parent != nil {
			return fmt.Errorf("block %s is here and was not stored", n.Hash)
		}
	}
	return t.checkCounts()
}

// checkCounts holds what ForkStats counts as blocks come against a count of all.
func (t *Tree) checkCounts() error {
	at := make(map[block.Height]int32)
	for _, n := range t.nodes {
		if n.connectable() && !n.status.Invalid() {
			at[n.Height]++
		}
	}
	for h, n := range t.counts {
		if n != at[block.Height(h)] {
			return fmt.Errorf("%d blocks are counted at height %d, want %d", n, h, at[block.Height(h)])
		}
		delete(at, block.Height(h))
	}
	if len(at) > 0 {
		return fmt.Errorf("heights without a count: %v", at)
	}
	return nil
}

// CheckCoins holds the tree's coins against want, the whole set: each one that is
// wanted is there, and of those in all no other is.
func (t *Tree) CheckCoins(want consensus.Coins, all []block.Outpoint) error {
	got, err := t.Coins(all)
	if err != nil {
		return err
	}
	for o, c := range got {
		if w, ok := want[o]; !ok || w.Value != c.Value || w.Height != c.Height || w.Coinbase != c.Coinbase || w.MedianTime != c.MedianTime || string(w.Script) != string(c.Script) {
			return fmt.Errorf("coin %s is %+v, want %+v", o, c, w)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d coins, want %d", len(got), len(want))
	}
	return nil
}

// MemoryUse returns how many coins are kept in memory, and how many bytes of
// bodies that wait for their ancestors.
func (t *Tree) MemoryUse() (coins, bytes int) {
	return len(t.pending.Coins) + len(t.cache), maxBodies - t.room
}
