package mempool

import (
	"bytes"
	"slices"

	"toychain/block"
)

// maxDelta bounds what Prioritise adds to one fee: sums over thousands of transactions, times
// 1000 for a rate, still fit.
const maxDelta = block.MaxMoney / 1000

// Delta is what the user adds to the fee of a transaction, in this pool only.
type Delta struct {
	ID       block.Hash
	Fee      block.Amount // negative: it counts for less than it pays; never 0
	Pending  bool         // the transaction is in the pool
	Modified block.Amount // if it is: the fee that counts
}

// Prioritise adds to the fee of a transaction wherever this pool compares fees: whether it is
// accepted, replaced or evicted, and whether the next block holds it. No peer learns of it. It
// is kept while the transaction is not here yet, or no longer, until a block confirms it or a
// transaction that spends the same coin. Further calls add up, up to maxDelta (Core:
// PrioritiseTransaction).
func (p *Pool) Prioritise(id block.Hash, delta block.Amount) {
	delta = max(-2*maxDelta, min(delta, 2*maxDelta)) // so that the next sum fits
	delta = max(-maxDelta, min(p.deltas[id]+delta, maxDelta))
	p.deltas[id] = delta
	if delta == 0 {
		delete(p.deltas, id)
	}
	e := p.entries[id]
	if e == nil {
		return
	}
	more := Sum{Fee: delta - e.Delta}
	for _, a := range p.walk([]*entry{e}, up) {
		a.Descendants = a.Descendants.plus(more)
	}
	for _, d := range p.walk([]*entry{e}, down) {
		d.Ancestors = d.Ancestors.plus(more)
	}
	e.Delta = delta
}

// Deltas returns what Prioritise has added, by ID (Core: GetPrioritisedTransactions).
func (p *Pool) Deltas() (out []Delta) {
	for id, fee := range p.deltas {
		d := Delta{ID: id, Fee: fee}
		if e := p.entries[id]; e != nil {
			d.Pending, d.Modified = true, e.Modified()
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Delta) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return out
}
