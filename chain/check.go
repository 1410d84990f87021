package chain

import (
	"fmt"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// Checked is a block and, once CheckBlock has made them, the results of the checks of its body that
// need no coins. They follow from the block and its ancestors, so they hold whatever becomes of the
// tree. The zero results stand for checks that are still to be made.
type Checked struct {
	*block.Block
	full consensus.Block
	err  error
}

// CheckBlock makes the checks that [Tree.AddBlock] begins with: of the header and of the body, all
// that need no coins. It returns what AddChecked needs not repeat, and the error that AddBlock would
// return before it stores the block; nil if it would store it. It changes nothing.
func (t *Tree) CheckBlock(b *block.Block, now time.Time) (Checked, error) {
	c, hash := Checked{Block: b}, b.Hash()
	n, _, err := t.checkHeader(&b.Header, hash, now)
	switch {
	case n == nil && err != nil, n != nil && n.status.Invalid():
		return c, err
	case n != nil && n.has(HasBody):
		return c, ErrKnown
	}
	c.full, c.err = c.body(t.rules, t.nodes[b.Header.Prev].State, hash)
	return c, c.err
}

// body returns the result of Rules.Body.
func (c *Checked) body(r Rules, parent *consensus.State, hash block.Hash) (consensus.Block, error) {
	if c.full.Block != nil || c.err != nil {
		return c.full, c.err
	}
	return r.Body(parent, c.Block, hash)
}

// checkHeader returns the node of a header that is known, with an error that says so, and of one
// that is not the state after it.
func (t *Tree) checkHeader(h *block.Header, hash block.Hash, now time.Time) (*node, *consensus.State, error) {
	if n := t.nodes[hash]; n != nil {
		if n.status.Invalid() {
			return n, nil, fmt.Errorf("%w: %s was found invalid before", t.ruleOfInvalid(n), hash)
		}
		return n, nil, ErrKnown
	}
	if err := t.rules.Work(h, hash); err != nil {
		return nil, nil, err
	}
	parent := t.nodes[h.Prev]
	if parent == nil {
		return nil, nil, fmt.Errorf("%w: %s", consensus.ErrNoParent, h.Prev)
	}
	if parent.status.Invalid() {
		return nil, nil, fmt.Errorf("%w: %s is invalid", consensus.BadPrevBlk, h.Prev)
	}
	state, err := t.rules.Header(parent.State, h, hash)
	if err != nil {
		return nil, nil, err
	}
	return nil, state, consensus.CheckTime(t.Params(), h, now.Unix())
}
