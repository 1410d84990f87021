package mempool

import (
	"toychain/block"
	"toychain/consensus"
)

// Template returns the transactions that the next block should hold, parents before
// children: what pays best first, as far as maxBytes and maxSigOps reach, which are
// the block's limits without its header and coinbase.
//
// A transaction is weighed together with those of its ancestors that are not chosen
// yet, because it brings them along: a child can pay for its parent. Of two that pay
// the same the one that came first wins (Core: BlockAssembler::addPackageTxs).
func (p *Pool) Template(v View, maxBytes, maxSigOps int) []*Entry {
	tip := v.Tip()
	t := &template{
		pool: p, bytes: maxBytes, sigops: maxSigOps,
		height: tip.Height + 1, median: tip.MedianTime(),
		queue: rankAll(p, func(e *entry) Sum { return e.ancestors }, paysMore),
	}
	defer p.unrank()
	for n := t.queue.pop(); n != nil; n = t.queue.pop() {
		if group, ok := t.fits(n); ok {
			for _, e := range group {
				t.choose(e)
			}
		}
	}
	return t.out
}

// template is a choice in the making.
type template struct {
	pool          *Pool
	bytes, sigops int // what is left of the block
	height        block.Height
	median        uint32
	queue         *ranking // what may be chosen, with the sum over it and its ancestors that are not chosen
	out           []*Entry
}

// paysMore is the order in which a block wants transactions: by the fee rate of each
// with its ancestors that are not chosen, of equals by arrival.
func paysMore(a, b *rank) bool {
	if c := a.sum.cmpRate(b.sum); c != 0 {
		return c > 0
	}
	return a.seq < b.seq
}

// fits returns n with those of its ancestors that are not chosen, parents first,
// and whether the block has room for them all.
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
		if !consensus.IsFinal(e.tx, t.height, t.median) {
			return nil, false
		}
		group = append(group, e)
		sigops += e.sigops
	}
	return group, sigops <= t.sigops
}

func (t *template) choose(e *entry) {
	e.rank.chosen = true
	t.queue.leave(e.rank)
	t.bytes -= e.size
	t.sigops -= e.sigops
	t.out = append(t.out, t.pool.snapshot(e))
	for _, d := range t.pool.walk(e.children, down) {
		t.queue.lower(d.rank, e.alone())
	}
}
