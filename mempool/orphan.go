package mempool

import (
	"errors"
	"slices"
	"time"

	"toychain/block"
)

// orphanage keeps transactions that arrived before their parents. Orphans cost an attacker
// nothing, so there are few, and the oldest is removed for a new one.
type orphanage struct {
	max      int
	byID     map[block.Hash]*orphan
	order    []*orphan                    // in the order of arrival
	spenders map[block.Outpoint][]*orphan // by the output they spend, in the order of arrival
}

type orphan struct {
	tx   *block.Tx
	id   block.Hash
	time time.Time
}

// keep adds an orphan if it is not there.
func (o *orphanage) keep(tx *block.Tx, id block.Hash, now time.Time) {
	if o.byID[id] != nil || o.max <= 0 {
		return
	}
	for len(o.order) >= o.max {
		o.drop(o.order[0].id)
	}
	n := &orphan{tx, id, now}
	o.byID[id] = n
	o.order = append(o.order, n)
	for i := range tx.Inputs {
		prev := tx.Inputs[i].Prev
		o.spenders[prev] = append(o.spenders[prev], n)
	}
}

// drop removes an orphan, if it is one.
func (o *orphanage) drop(id block.Hash) {
	n := o.byID[id]
	if n == nil {
		return
	}
	is := func(other *orphan) bool { return other == n }
	delete(o.byID, id)
	o.order = slices.DeleteFunc(o.order, is)
	for i := range n.tx.Inputs {
		prev := n.tx.Inputs[i].Prev
		if o.spenders[prev] = slices.DeleteFunc(o.spenders[prev], is); len(o.spenders[prev]) == 0 {
			delete(o.spenders, prev)
		}
	}
}

// expire removes those that arrived before limit.
func (o *orphanage) expire(limit time.Time) {
	for len(o.order) > 0 && o.order[0].time.Before(limit) {
		o.drop(o.order[0].id)
	}
}

// confirmed removes the orphans that a block has made obsolete: its own transactions and all
// that spend the same coin as one of them.
func (o *orphanage) confirmed(tx *block.Tx, id block.Hash) {
	if len(o.order) == 0 {
		return
	}
	o.drop(id)
	for i := range tx.Inputs {
		for _, n := range slices.Clone(o.spenders[tx.Inputs[i].Prev]) {
			o.drop(n.id)
		}
	}
}

// outputsOf returns the outpoints that a transaction creates.
func outputsOf(tx *block.Tx, id block.Hash) []block.Outpoint {
	out := make([]block.Outpoint, len(tx.Outputs))
	for i := range out {
		out[i] = block.Outpoint{TxID: id, Index: uint32(i)}
	}
	return out
}

// retry checks again the orphans that spend one of the outputs in the queue, then those that
// spend an output of what was accepted, and so on. An orphan that is rejected now is removed;
// one that still lacks a parent stays. An error is the disk's.
func (p *Pool) retry(v View, queue []block.Outpoint, now time.Time, in *acceptResult) error {
	for ; len(queue) > 0 && len(p.orphans.order) > 0; queue = queue[1:] {
		for _, n := range slices.Clone(p.orphans.spenders[queue[0]]) {
			ok, err := p.tryOrphan(v, n, now, in)
			if err != nil {
				return err
			}
			if ok {
				queue = append(queue, outputsOf(n.tx, n.id)...)
			}
		}
	}
	return nil
}

// retryAll checks every orphan again, as retry does.
func (p *Pool) retryAll(v View, now time.Time, in *acceptResult) error {
	for _, n := range slices.Clone(p.orphans.order) {
		ok, err := p.tryOrphan(v, n, now, in)
		if ok {
			err = p.retry(v, outputsOf(n.tx, n.id), now, in)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tryOrphan checks one orphan again and reports whether it is in the pool now.
func (p *Pool) tryOrphan(v View, n *orphan, now time.Time, in *acceptResult) (bool, error) {
	if p.orphans.byID[n.id] != n {
		return false, nil // removed meanwhile
	}
	c, err := p.check(v, n.tx, n.id, p.MinFee())
	switch {
	case errors.Is(err, ErrOrphan):
		return false, nil
	case err != nil && Reason(err) == "":
		return false, err
	}
	p.orphans.drop(n.id)
	if err != nil {
		return false, nil
	}
	tip := v.Tip()
	in.admit(p, c, now, tip.Height)
	in.evicted = append(in.evicted, p.trim(now)...)
	return p.Has(n.id), nil
}
