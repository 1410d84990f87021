package mempool

import (
	"cmp"
	"container/list"
	"math/bits"
	"slices"
	"time"

	"toychain/block"
)

// Sum adds up several transactions.
type Sum struct {
	Count int
	Size  int          // total bytes
	Fee   block.Amount // total fee; of entries the modified one, which may be negative
}

func (s Sum) plus(t Sum) Sum  { return Sum{s.Count + t.Count, s.Size + t.Size, s.Fee + t.Fee} }
func (s Sum) minus(t Sum) Sum { return Sum{s.Count - t.Count, s.Size - t.Size, s.Fee - t.Fee} }

// cmpRate compares fee rates without rounding, by multiplying each fee with the other's size.
func (s Sum) cmpRate(t Sum) int {
	switch {
	case s.Fee < 0 && t.Fee < 0:
		return Sum{Size: t.Size, Fee: -t.Fee}.cmpRate(Sum{Size: s.Size, Fee: -s.Fee})
	case s.Fee < 0 || t.Fee < 0:
		return cmp.Compare(s.Fee, t.Fee)
	}
	h1, l1 := bits.Mul64(uint64(s.Fee), uint64(t.Size))
	h2, l2 := bits.Mul64(uint64(t.Fee), uint64(s.Size))
	return cmp.Or(cmp.Compare(h1, h2), cmp.Compare(l1, l2))
}

// rate returns the fee per 1000 bytes, rounded down.
func (s Sum) rate() block.Amount { return s.Fee * 1000 / block.Amount(s.Size) }

// Entry is a snapshot of a transaction in the pool: later changes of the pool do not affect
// it. Tx is shared and must not be changed.
type Entry struct {
	Tx     *block.Tx
	ID     block.Hash
	Fee    block.Amount // that it pays
	Delta  block.Amount // that the node's user adds where fees are compared, see Pool.Prioritise
	Size   int          // in bytes
	SigOps int          // as a block counts them
	Time   time.Time    // of arrival
	Height block.Height // of the tip at that time

	Ancestors   Sum // over itself and what it depends on in the pool, directly or not
	Descendants Sum // over itself and what depends on it

	Depends     []block.Hash // parents in the pool, in the order of the inputs
	SpentBy     []block.Hash // children in the pool, in the order of arrival
	Replaceable bool         // it or an ancestor signals replaceability (BIP125)
}

// Modified returns the fee that counts here: what it pays and what the user adds.
func (e *Entry) Modified() block.Amount { return e.Fee + e.Delta }

// entry is a transaction in the pool. Only the pool's owner sees it.
type entry struct {
	Entry                // without Depends, SpentBy and Replaceable, see snapshot
	confirmedBefore bool // a block held it before a reorganisation

	seq      int64         // position in the order of arrival; parents come before children
	place    *list.Element // in that order
	parents  []*entry      // each once, in the order of the inputs
	children []*entry      // in the order of arrival
	mark     int64         // the last walk that visited it
	rank     *rank         // in the current ranking
}

// alone returns what e adds to the sums of its relatives.
func (e *entry) alone() Sum { return Sum{1, e.Size, e.Modified()} }

// paid returns what e adds to the pool's total.
func (e *entry) paid() Sum { return Sum{1, e.Size, e.Fee} }

// signals reports whether e itself signals replaceability (BIP125; Core: SignalsOptInRBF).
func (e *entry) signals() bool {
	return slices.ContainsFunc(e.Tx.Inputs, func(in block.Input) bool { return in.Sequence <= MaxReplaceable })
}

func idsOf(list []*entry) []block.Hash {
	if len(list) == 0 {
		return nil
	}
	out := make([]block.Hash, len(list))
	for i, e := range list {
		out[i] = e.ID
	}
	return out
}

// snapshot returns the exported copy of e.
func (p *Pool) snapshot(e *entry) *Entry {
	out := e.Entry
	out.Depends, out.SpentBy, out.Replaceable = idsOf(e.parents), idsOf(e.children), p.replaceable(e)
	return &out
}

func (p *Pool) replaceable(e *entry) bool {
	return e.signals() || slices.ContainsFunc(p.walk(e.parents, up), (*entry).signals)
}

// The two directions of the graph.
func up(e *entry) []*entry   { return e.parents }
func down(e *entry) []*entry { return e.children }

// above returns the given entries and all their ancestors, each once, in the
// order of arrival: parents before children.
func (p *Pool) above(from ...*entry) []*entry { return p.sorted(from, up) }

// below returns the given entries and all their descendants, in the same order.
func (p *Pool) below(from ...*entry) []*entry { return p.sorted(from, down) }

func (p *Pool) sorted(from []*entry, next func(*entry) []*entry) []*entry {
	out := p.walk(from, next)
	slices.SortFunc(out, func(a, b *entry) int { return cmp.Compare(a.seq, b.seq) })
	return out
}

// walk returns the given entries and all that are reachable from them, each once, in any order.
func (p *Pool) walk(from []*entry, next func(*entry) []*entry) []*entry {
	if len(from) == 0 {
		return nil
	}
	p.marks++
	var out []*entry
	visit := func(list []*entry) {
		for _, e := range list {
			if e.mark != p.marks {
				e.mark = p.marks
				out = append(out, e)
			}
		}
	}
	visit(from)
	for i := 0; i < len(out); i++ {
		visit(next(out[i]))
	}
	return out
}

// insert appends e to the pool. Its parents must be in the pool, its coins unspent there.
func (p *Pool) insert(e *entry) {
	if p.Len() == 0 || e.Time.Before(p.oldest) {
		p.oldest = e.Time
	}
	p.seq++
	e.seq, e.place = p.seq, p.order.PushBack(e)
	p.entries[e.ID] = e
	if p.byScript != nil {
		p.byScript.add(e)
	}
	e.Delta = p.deltas[e.ID]
	p.changes++
	e.parents, e.children = nil, nil
	for i := range e.Tx.Inputs {
		o := e.Tx.Inputs[i].Prev
		p.spender[o] = e
		if parent := p.entries[o.TxID]; parent != nil && !slices.Contains(e.parents, parent) {
			e.parents = append(e.parents, parent)
			parent.children = append(parent.children, e)
		}
	}
	e.Ancestors, e.Descendants = e.alone(), e.alone()
	for _, a := range p.walk(e.parents, up) {
		e.Ancestors = e.Ancestors.plus(a.alone())
		a.Descendants = a.Descendants.plus(e.alone())
	}
	p.total = p.total.plus(e.paid())
}

// remove removes e, which must have no parents in the pool (it was confirmed) or no children
// (they were removed before).
func (p *Pool) remove(e *entry) {
	for _, a := range p.walk(e.parents, up) {
		a.Descendants = a.Descendants.minus(e.alone())
	}
	for _, d := range p.walk(e.children, down) {
		d.Ancestors = d.Ancestors.minus(e.alone())
	}
	is := func(other *entry) bool { return other == e }
	for _, parent := range e.parents {
		parent.children = slices.DeleteFunc(parent.children, is)
	}
	for _, child := range e.children {
		child.parents = slices.DeleteFunc(child.parents, is)
	}
	for i := range e.Tx.Inputs {
		delete(p.spender, e.Tx.Inputs[i].Prev)
	}
	delete(p.entries, e.ID)
	if p.byScript != nil {
		p.byScript.remove(e)
	}
	p.order.Remove(e.place)
	p.changes++
	p.total = p.total.minus(e.paid())
}

// removeAll removes the given entries and all their descendants, and returns their IDs in the
// order of arrival.
func (p *Pool) removeAll(list ...*entry) []block.Hash {
	list = p.below(list...)
	for _, e := range slices.Backward(list) {
		p.remove(e)
	}
	return idsOf(list)
}
