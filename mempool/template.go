package mempool

import (
	"toychain/block"
	"toychain/consensus"
)

// Template returns the transactions for the next block, parents before children: the best paid
// ones that fit into maxBytes and maxSigOps, which are the block's limits without header and
// coinbase.
//
// A transaction counts together with those of its ancestors that are not chosen yet, because it
// brings them along: a child pays for its parent. Of two that pay the same the earlier one wins
// (Core: BlockAssembler::addPackageTxs). One whose fee the user has made negative stays out.
func (p *Pool) Template(v View, maxBytes, maxSigOps int) []*Entry {
	tip := v.Tip()
	t := &template{
		pool: p, bytes: maxBytes, sigops: maxSigOps,
		height: tip.Height + 1, median: tip.MedianTime(),
		queue: rankAll(p, func(e *entry) Sum { return e.Ancestors }, paysMore),
	}
	defer p.unrank()
	for n := t.queue.pop(); n != nil && n.sum.Fee >= 0; n = t.queue.pop() {
		if group, ok := t.fits(n); ok {
			for _, e := range group {
				t.choose(e)
			}
		}
	}
	return t.out
}

// template is a template under construction.
type template struct {
	pool          *Pool
	bytes, sigops int // the room left in the block
	height        block.Height
	median        uint32
	queue         *ranking // candidates, with the sum over each and its ancestors that are not chosen
	out           []*Entry
}

// paysMore is the order of selection: by the fee rate of each with its ancestors that are not
// chosen, of equals by arrival.
func paysMore(a, b *rank) bool {
	if c := a.sum.cmpRate(b.sum); c != 0 {
		return c > 0
	}
	return a.seq < b.seq
}

// fits returns n with those of its ancestors that are not chosen, parents first, and reports
// whether the block has room for all of them.
func (t *template) fits(n *rank) ([]*entry, bool) {
	if n.sum.Size > t.bytes {
		return nil, false
	}
	var group []*entry
	sigops := 0
	for _, e := range t.pool.above(n.entry) {
		if e.rank.chosen {
			continue
		}
		if !consensus.IsFinal(e.Tx, t.height, t.median) {
			return nil, false
		}
		group = append(group, e)
		sigops += e.SigOps
	}
	return group, sigops <= t.sigops
}

func (t *template) choose(e *entry) {
	e.rank.chosen = true
	t.queue.leave(e.rank)
	t.bytes -= e.Size
	t.sigops -= e.SigOps
	t.out = append(t.out, t.pool.snapshot(e))
	for _, d := range t.pool.walk(e.children, down) {
		t.queue.lower(d.rank, e.alone())
	}
}
