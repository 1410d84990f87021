package mempool

import (
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// Updated is the effect of a change of tip on the pool. A transaction is in at most one of the
// lists.
type Updated struct {
	Confirmed  []block.Hash    // were in the pool, are in a block now
	Waited     []time.Duration // how long those of them waited that had not been in a block before
	Conflicted []block.Hash    // impossible now: a block spent their coin, or they depend on such a transaction
	Returned   []block.Hash    // were in a block, are in the pool again; parents first
	Dropped    []block.Hash    // were in the pool or in a block; too early now (a lock, an immature coinbase), with descendants
	Accepted   []*Entry        // orphans whose parents the change brought
	Replaced   []block.Hash    // replaced by those, see Added
	Evicted    []block.Hash    // removed because the pool was full
}

// Update follows the chain to a new tip, at which v is already. It must be called for every
// change, in order. An error is the disk's.
//
// A connected block removes the transactions that it confirms and those that it makes
// impossible. After a reorganisation the pool is rebuilt: first the transactions of the
// disconnected blocks, the lowest block first, then those of the pool, in their old order. Each
// is checked again: do its coins exist, are they mature, are its locks open? So a transaction
// precedes the ones that spend it, and no transaction stays that the next block could not hold.
// Signatures and fees are not checked again: a transaction that was in a block is not lost
// because the policy would not have accepted it.
func (p *Pool) Update(v View, ch chain.Change, now time.Time) (Updated, error) {
	if !ch.Moved() {
		return Updated{}, nil
	}
	tip := v.Tip()
	p.decay(&tip, now)
	p.rollingFee.updated, p.rollingFee.drained = now, true

	u := update{pool: p, now: now, tip: tip, sigops: v.Verifier().SigOps}
	if len(ch.Reverted) > 0 {
		u.lost = make(map[block.Hash]fate)
		if err := u.gather(v, &ch); err != nil {
			return Updated{}, err
		}
	}
	var from []block.Outpoint
	for _, step := range ch.Applied {
		u.connect(&step)
		if len(p.orphans.order) > 0 {
			for i, id := range step.IDs {
				from = append(from, outputsOf(step.Block.Txs[i], id)...)
			}
		}
	}
	var in acceptResult
	if len(ch.Reverted) > 0 {
		u.rebuild()
		in.evicted = p.trim(now)
	}
	err := p.retry(v, from, now, &in)
	if err == nil && len(ch.Reverted) > 0 { // any coin may be unspent again
		err = p.retryAll(v, now, &in)
	}
	u.out.Accepted, u.out.Replaced, u.out.Evicted = p.report(&in), in.replaced, in.evicted
	u.out.Returned = slices.DeleteFunc(u.out.Returned, func(id block.Hash) bool { return !p.Has(id) })
	return u.out, err
}

// update is an Update in progress.
type update struct {
	pool   *Pool
	now    time.Time
	tip    consensus.State
	sigops func(*block.Tx, []block.Output) int // see consensus.Verifier
	out    Updated

	// After a reorganisation:
	returning []*entry            // transactions of the disconnected blocks, the lowest block first
	coins     consensus.Coins     // coins of the new tip that any of them may need
	lost      map[block.Hash]fate // of each transaction that was not readmitted
}

// fate is why a transaction was not readmitted.
type fate int

const (
	conflicted fate = iota // its coins are spent or gone
	dropped                // it comes too early
)

// gather looks up all coins that may be needed, before anything changes.
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
				u.returning = append(u.returning, &entry{confirmedBefore: true,
					Entry: Entry{Tx: tx, ID: id, Size: tx.Size(), Time: u.now, Height: u.tip.Height}})
				need(tx)
			}
		}
	}
	for e := range u.pool.all() {
		need(e.Tx)
	}
	var err error
	u.coins, err = v.Coins(of)
	return err
}

// connect removes what a block confirms and what it makes impossible.
func (u *update) connect(step *chain.Step) {
	p := u.pool
	for i, tx := range step.Block.Txs {
		id := step.IDs[i]
		p.orphans.confirmed(tx, id)
		delete(p.deltas, id)
		if e := p.entries[id]; e != nil {
			p.remove(e)
			u.out.Confirmed = append(u.out.Confirmed, id)
			if !e.confirmedBefore {
				u.out.Waited = append(u.out.Waited, u.now.Sub(e.Time))
			}
			continue
		}
		for j := range tx.Inputs {
			if e := p.spender[tx.Inputs[j].Prev]; e != nil {
				delete(p.deltas, e.ID)
				u.out.Conflicted = append(u.out.Conflicted, p.removeAll(e)...)
			}
		}
	}
}

// rebuild empties the pool and refills it with what the next block could hold.
func (u *update) rebuild() {
	p := u.pool
	var waited []*entry
	for e := range p.all() {
		waited = append(waited, e)
	}
	clear(p.entries)
	clear(p.spender)
	p.byScript = nil
	p.order.Init()
	p.total = Sum{}
	for _, e := range u.returning {
		if u.readmit(e) {
			u.out.Returned = append(u.out.Returned, e.ID)
		}
	}
	for _, e := range waited {
		u.readmit(e)
	}
}

// readmit appends e to the pool if the next block could hold it, and otherwise records why not.
// (A transaction with too many ancestors counts as too early: once a block holds them, it may be
// sent again.)
func (u *update) readmit(e *entry) bool {
	p := u.pool
	refuse := func(f fate) bool {
		if u.lost[e.ID] = f; f == dropped {
			u.out.Dropped = append(u.out.Dropped, e.ID)
		} else {
			u.out.Conflicted = append(u.out.Conflicted, e.ID)
		}
		return false
	}
	of := make([]block.Outpoint, len(e.Tx.Inputs))
	for i := range of {
		of[i] = e.Tx.Inputs[i].Prev
	}
	coins := make(consensus.Coins, len(of))
	p.addUnconfirmed(u.tip, of, coins)
	for _, o := range of {
		if coin, ok := u.coins[o]; ok {
			coins[o] = coin
		}
		if f, lost := u.lost[o.TxID]; lost {
			return refuse(f)
		}
		if _, ok := coins[o]; !ok || p.spender[o] != nil {
			return refuse(conflicted)
		}
	}
	spent, fee, err := consensus.CheckTxInputs(u.tip, e.Tx, coins)
	if err != nil || p.ancestorsAtMost(of) > maxReturnedChain {
		return refuse(dropped)
	}
	e.Fee, e.SigOps = fee, u.sigops(e.Tx, consensus.Outputs(spent))
	p.insert(e)
	return true
}

// ancestorsAtMost returns the number of ancestors in the pool of a transaction that spends
// these outpoints, or more if its parents share some.
func (p *Pool) ancestorsAtMost(of []block.Outpoint) (n int) {
	seen := make([]*entry, 0, len(of))
	for _, o := range of {
		if e := p.entries[o.TxID]; e != nil && !slices.Contains(seen, e) {
			seen = append(seen, e)
			n += e.Ancestors.Count
		}
	}
	return n
}
