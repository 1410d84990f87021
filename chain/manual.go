package chain

import (
	"fmt"
	"time"

	"toychain/block"
)

// Invalidate treats a block as if it broke a rule, with everything on top of it
// (Core: invalidateblock). The error is ErrUnknown, ErrGenesis, or trouble with
// the disk.
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

// Reconsider takes an invalidation back, for the block, its ancestors and
// everything on top of it. A block that really breaks a rule fails again when its
// turn comes (Core: reconsiderblock).
func (t *Tree) Reconsider(hash block.Hash, now time.Time) (Change, error) {
	n := t.nodes[hash]
	if n == nil {
		return Change{}, fmt.Errorf("%w: %s", ErrUnknown, hash)
	}
	top := n // the highest that changes
	for a := n; a != nil && a.status.Invalid(); a = a.parent {
		a.status &^= Failed
		t.dirty[a] = true
		top = a
	}
	t.each([]*node{n}, func(n *node) { n.status &^= Failed })
	t.each([]*node{top}, func(n *node) { // parents come before children
		if n.status &^= FailedParent; n.parent != nil && n.parent.status.Invalid() {
			n.status |= FailedParent
		}
	})
	t.findBest()
	t.findLead()
	return t.activate(now, nil)
}

// Precious treats a block as if it had been seen before all others with the same
// work (Core: preciousblock).
func (t *Tree) Precious(hash block.Hash, now time.Time) (Change, error) {
	n := t.nodes[hash]
	if n == nil {
		return Change{}, fmt.Errorf("%w: %s", ErrUnknown, hash)
	}
	if !n.linked() || n.status.Invalid() || n.Work.Cmp(t.tip().Work) < 0 {
		return Change{From: t.Tip(), To: t.Tip()}, nil
	}
	t.loved--
	n.seq = t.loved
	t.dirty[n] = true
	t.findLead()
	return t.activate(now, nil)
}
