package mempool

import (
	"errors"
	"slices"
	"time"

	"toychain/block"
)

// orphanage keeps transactions that came before their parents. Anybody can make
// orphans for nothing, so there are few, and the oldest leaves for a new one.
type orphanage struct {
	most  int
	byID  map[block.Hash]*orphan
	order []*orphan                    // in the order of arrival
	spend map[block.Outpoint][]*orphan // who spends which output, in the order of arrival
}

type orphan struct {
	tx   *block.Tx
	id   block.Hash
	time time.Time
}

func newOrphanage(most int) orphanage {
	return orphanage{most: most, byID: make(map[block.Hash]*orphan), spend: make(map[block.Outpoint][]*orphan)}
}

// keep takes an orphan in, once.
func (o *orphanage) keep(tx *block.Tx, id block.Hash, now time.Time) {
	if o.byID[id] != nil || o.most <= 0 {
		return
	}
	for len(o.order) >= o.most {
		o.drop(o.order[0].id)
	}
	n := &orphan{tx, id, now}
	o.byID[id] = n
	o.order = append(o.order, n)
	for i := range tx.Inputs {
		prev := tx.Inputs[i].Prev
		o.spend[prev] = append(o.spend[prev], n)
	}
}

// drop forgets an orphan, if it is one.
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
		if o.spend[prev] = slices.DeleteFunc(o.spend[prev], is); len(o.spend[prev]) == 0 {
			delete(o.spend, prev)
		}
	}
}

// expire forgets those that came before limit.
func (o *orphanage) expire(limit time.Time) {
	for len(o.order) > 0 && o.order[0].time.Before(limit) {
		o.drop(o.order[0].id)
	}
}

// confirmed forgets what a block has made pointless: its own transactions and all
// that spend a coin which they spent.
func (o *orphanage) confirmed(tx *block.Tx, id block.Hash) {
	if len(o.order) == 0 {
		return
	}
	o.drop(id)
	for i := range tx.Inputs {
		for _, n := range slices.Clone(o.spend[tx.Inputs[i].Prev]) {
			o.drop(n.id)
		}
	}
}

// source is a transaction whose outputs have become known.
type source struct {
	id      block.Hash
	outputs int
}

// retry judges again those orphans that spend an output of the given
// transactions, then those that spend an output of what was accepted, and so on.
// One that is refused now is forgotten; one that still lacks a parent waits on. The
// error is trouble with the disk.
func (p *Pool) retry(v View, from []source, now time.Time, in *intake) error {
	for queue := slices.Clone(from); len(queue) > 0 && len(p.orphans.order) > 0; queue = queue[1:] {
		for i := range queue[0].outputs {
			o := block.Outpoint{TxID: queue[0].id, Index: uint32(i)}
			for _, n := range slices.Clone(p.orphans.spend[o]) {
				ok, err := p.tryOrphan(v, n, now, in)
				if err != nil {
					return err
				}
				if ok {
					queue = append(queue, source{n.id, len(n.tx.Outputs)})
				}
			}
		}
	}
	return nil
}

// retryAll judges every orphan again, as retry does.
func (p *Pool) retryAll(v View, now time.Time, in *intake) error {
	for _, n := range slices.Clone(p.orphans.order) {
		ok, err := p.tryOrphan(v, n, now, in)
		if ok {
			err = p.retry(v, []source{{n.id, len(n.tx.Outputs)}}, now, in)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tryOrphan judges one orphan again and reports whether it is in the pool now.
func (p *Pool) tryOrphan(v View, n *orphan, now time.Time, in *intake) (bool, error) {
	if p.orphans.byID[n.id] != n {
		return false, nil // it went meanwhile
	}
	c, err := p.judge(v, n.tx, n.id, p.MinFee())
	switch {
	case errors.Is(err, ErrOrphan):
		return false, nil
	case err != nil && !refused(err):
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
