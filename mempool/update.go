package mempool

import (
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// Updated is what a change of tip did to the pool. A transaction is in at most one
// of the lists.
type Updated struct {
	Confirmed  []block.Hash    // were here, are in a block now
	Waited     []time.Duration // how long those of them were here that no block had held before
	Conflicted []block.Hash    // impossible now: a block spent their coin, or they depend on such
	Returned   []block.Hash    // were in a block, wait again; parents first
	Dropped    []block.Hash    // were here or in a block; too early now (a lock, an immature coinbase), with descendants
	Accepted   []*Entry        // orphans whose parents the change brought
	Replaced   []block.Hash    // pushed out by those, see Added
	Evicted    []block.Hash    // left because the pool was full
}

// Update follows the chain to a new tip, which v is at already. It must be called
// for every change, in order. The error is trouble with the disk.
//
// A block takes out what it confirms and what it makes impossible. After a
// reorganisation the pool is built anew: first the payments of the blocks that
// left, the lowest first, then all that waited, in their old order. Each is asked
// again whether its coins exist and are mature and its locks are open, so that a
// payment comes before what spends it and nothing stays that no block can hold.
// Only the signatures are not looked at again, nor what it pays: a payment that was
// in a block is not lost because the pool would not have invited it.
func (p *Pool) Update(v View, ch chain.Change, now time.Time) (Updated, error) {
	if !ch.Moved() {
		return Updated{}, nil
	}
	tip := v.Tip()
	p.settle(&tip, now)
	p.floor.since, p.floor.drained = now, true

	u := update{pool: p, now: now, tip: tip, sigops: v.Verifier().SigOps, fate: make(map[block.Hash]*[]block.Hash)}
	if len(ch.Reverted) > 0 {
		if err := u.gather(v, &ch); err != nil {
			return Updated{}, err
		}
	}
	var from []source
	for _, step := range ch.Applied {
		u.connect(&step)
		if len(p.orphans.order) > 0 {
			for i, id := range step.IDs {
				from = append(from, source{id, len(step.Block.Txs[i].Outputs)})
			}
		}
	}
	var in intake
	if len(ch.Reverted) > 0 {
		u.rebuild()
		in.evicted = p.trim(now)
	}
	err := p.retry(v, from, now, &in)
	if err == nil && len(ch.Reverted) > 0 { // any coin may have been given back
		err = p.retryAll(v, now, &in)
	}
	u.out.Accepted, u.out.Replaced, u.out.Evicted = p.report(&in), in.replaced, in.evicted
	u.out.Returned = p.present(u.out.Returned)
	return u.out, err
}

// present returns those of the ids that are in the pool.
func (p *Pool) present(ids []block.Hash) (out []block.Hash) {
	for _, id := range ids {
		if p.Has(id) {
			out = append(out, id)
		}
	}
	return out
}

// update is one Update at work.
type update struct {
	pool   *Pool
	now    time.Time
	tip    consensus.State
	sigops func(*block.Tx, []block.Output) int // see consensus.Verifier
	out    Updated

	// After a reorganisation:
	back  []*entry                     // what the blocks that left held, the lowest first
	coins consensus.Coins              // of the new tip, that anything may need
	fate  map[block.Hash]*[]block.Hash // the list that one who did not make it is in
}

// gather looks up, before anything changes, all coins that may be needed.
func (u *update) gather(v View, ch *chain.Change) error {
	joined := make(map[block.Hash]bool)
	for _, step := range ch.Applied {
		for _, id := range step.IDs {
			joined[id] = true
		}
	}
	var of []block.Outpoint
	need := func(tx *block.Tx) {
		for i := range tx.Inputs {
			of = append(of, tx.Inputs[i].Prev)
		}
	}
	for n := len(ch.Reverted) - 1; n >= 0; n-- {
		step := &ch.Reverted[n]
		for i, tx := range step.Block.Txs {
			if id := step.IDs[i]; i > 0 && !joined[id] {
				u.back = append(u.back, &entry{tx: tx, id: id, size: tx.Size(), time: u.now, height: u.tip.Height, again: true})
				need(tx)
			}
		}
	}
	for e := range u.pool.all() {
		need(e.tx)
	}
	var err error
	u.coins, err = v.Coins(of)
	return err
}

// connect takes out what a block confirms and what it makes impossible.
func (u *update) connect(step *chain.Step) {
	p := u.pool
	for i, tx := range step.Block.Txs {
		id := step.IDs[i]
		p.orphans.confirmed(tx, id)
		if e := p.entries[id]; e != nil {
			p.remove(e)
			u.out.Confirmed = append(u.out.Confirmed, id)
			if !e.again {
				u.out.Waited = append(u.out.Waited, u.now.Sub(e.time))
			}
			continue
		}
		for j := range tx.Inputs {
			if e := p.spends[tx.Inputs[j].Prev]; e != nil {
				u.out.Conflicted = append(u.out.Conflicted, p.removeAll(e)...)
			}
		}
	}
}

// rebuild empties the pool and fills it again with what is possible at the new tip.
func (u *update) rebuild() {
	p := u.pool
	var waited []*entry
	for e := range p.all() {
		waited = append(waited, e)
	}
	clear(p.entries)
	clear(p.spends)
	p.first, p.last, p.total = nil, nil, Sum{}
	for _, e := range u.back {
		if u.readmit(e) {
			u.out.Returned = append(u.out.Returned, e.id)
		}
	}
	for _, e := range waited {
		u.readmit(e)
	}
}

// readmit puts e at the end of the pool if the next block could hold it, and
// otherwise writes down why not. (A family too long to be kept account of counts as
// too early: once a block holds its elders, the rest may be sent again.)
func (u *update) readmit(e *entry) bool {
	p := u.pool
	refuse := func(list *[]block.Hash) bool {
		*list = append(*list, e.id)
		u.fate[e.id] = list
		return false
	}
	of := make([]block.Outpoint, len(e.tx.Inputs))
	for i := range of {
		of[i] = e.tx.Inputs[i].Prev
	}
	coins := make(consensus.Coins, len(of))
	p.addUnconfirmed(u.tip, of, coins)
	for _, o := range of {
		if coin, ok := u.coins[o]; ok {
			coins[o] = coin
		}
		if list := u.fate[o.TxID]; list != nil {
			return refuse(list)
		}
		if _, ok := coins[o]; !ok || p.spends[o] != nil {
			return refuse(&u.out.Conflicted)
		}
	}
	spent, fee, err := consensus.CheckTxInputs(u.tip, e.tx, coins)
	if err != nil || p.ancestorsAtMost(of) > maxReturnedChain {
		return refuse(&u.out.Dropped)
	}
	e.fee, e.sigops = fee, u.sigops(e.tx, consensus.Outputs(spent))
	p.insert(e)
	return true
}

// ancestorsAtMost returns how many ancestors in the pool something has that spends
// these, or more if its parents share some.
func (p *Pool) ancestorsAtMost(of []block.Outpoint) (n int) {
	seen := make([]*entry, 0, len(of))
	for _, o := range of {
		if e := p.entries[o.TxID]; e != nil && !slices.Contains(seen, e) {
			seen = append(seen, e)
			n += e.ancestors.Count
		}
	}
	return n
}
