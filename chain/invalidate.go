package chain

import (
	"fmt"
	"maps"
	"time"

	"toychain/block"
)

// The three overrides of the fork choice. They change what this node believes and nothing
// else: peers are not told and keep their tip. A user who invalidates a block of the best
// chain leaves the network's consensus, until Reconsider or until another branch gets more
// work than that one.

// Invalidate treats a block and its descendants as if the block broke a rule, until
// [Tree.Reconsider] (Core: invalidateblock). The error is ErrUnknown, ErrGenesis, or the
// disk's.
func (t *Tree) Invalidate(hash block.Hash, now time.Time) (Change, error) {
	n := t.nodes[hash]
	if n == nil {
		return Change{}, fmt.Errorf("%w: %s", ErrUnknown, hash)
	}
	if n.parent == nil {
		return Change{}, ErrGenesis
	}
	t.fail(n)
	return t.activate(now, nil)
}

// Reconsider undoes Invalidate for a block, its ancestors and its descendants. A block that
// really breaks a rule fails again when its turn comes (Core: reconsiderblock).
//
//	a ── b* ── c ── d          * Invalidate was called. Reconsider(d) clears b's mark, and
//	      └─── e               then e is valid again, too: FailedParent is worked out anew
//	                           from the highest block that changed
func (t *Tree) Reconsider(hash block.Hash, now time.Time) (Change, error) {
	n := t.nodes[hash]
	if n == nil {
		return Change{}, fmt.Errorf("%w: %s", ErrUnknown, hash)
	}
	top := n // the lowest height at which a mark is cleared
	for a := n; a != nil && a.status.Invalid(); a = a.parent {
		a.status &^= Failed
		t.toCommit(a)
		t.touch(a)
		top = a
	}
	t.each([]*node{n}, func(n *node) { n.status &^= Failed })
	t.each([]*node{top}, func(n *node) { // parents come before children
		n.status &^= FailedParent
		if n.parent != nil && n.parent.status.Invalid() {
			n.status |= FailedParent
		}
	})
	t.findBestHeader(maps.Values(t.nodes))
	t.findCandidate(maps.Values(t.nodes))
	t.recount(maps.Values(t.nodes))
	return t.activate(now, nil)
}

// Precious treats a block as if it had been received before all others with the same work:
// among equals it wins from now on (Core: preciousblock).
func (t *Tree) Precious(hash block.Hash, now time.Time) (Change, error) {
	n := t.nodes[hash]
	if n == nil {
		return Change{}, fmt.Errorf("%w: %s", ErrUnknown, hash)
	}
	if !n.connectable() || n.status.Invalid() || n.Work.Cmp(t.tip().Work) < 0 {
		return Change{From: t.Tip(), To: t.Tip()}, nil
	}
	t.precious--
	n.seq = t.precious
	t.toCommit(n)
	t.touch(n)
	t.findCandidate(maps.Values(t.nodes))
	return t.activate(now, nil)
}
