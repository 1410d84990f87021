package mempool

import (
	"container/list"
	"iter"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// View is what the pool needs from the chain; chain.Tree is one. Every call with a View
// must come while its tip is the one that the last Update was called for.
type View interface {
	// Tip returns the state at the end of the best chain.
	Tip() consensus.State
	// Coins returns those of the outpoints that are unspent there. An error is the disk's.
	Coins(of []block.Outpoint) (consensus.Coins, error)
	// Verifier returns how signatures are checked.
	Verifier() consensus.Verifier
}

// Pool holds the transactions that wait for a block. It has no clock, no disk and no
// randomness: the same calls give the same results. It is not safe for concurrent use: one
// goroutine owns it.
type Pool struct {
	policy Policy

	entries    map[block.Hash]*entry
	spender    map[block.Outpoint]*entry   // the transaction that spends a coin
	byScript   byScript                    // nil until it is asked for, see Touching
	deltas     map[block.Hash]block.Amount // see Prioritise; never 0
	order      list.List                   // of *entry, by arrival; parents come before children
	seq        int64                       // of the last arrival
	changes    uint64                      // number of transactions that entered or left
	marks      int64                       // number of walks over the graph, see walk
	total      Sum
	oldest     time.Time  // no transaction arrived before it
	rollingFee rollingFee // the fee rate that a full pool requires
	orphans    orphanage
}

// Sequence returns a number that grows with each transaction that enters or leaves, from 1 on.
func (p *Pool) Sequence() uint64 { return p.changes + 1 }

// New returns an empty pool.
func New(p Policy) *Pool {
	return &Pool{
		policy:  p,
		entries: make(map[block.Hash]*entry),
		spender: make(map[block.Outpoint]*entry),
		deltas:  make(map[block.Hash]block.Amount),
		orphans: orphanage{max: p.MaxOrphans, byID: make(map[block.Hash]*orphan), spenders: make(map[block.Outpoint][]*orphan)},
	}
}

// Policy returns the policy passed to New.
func (p *Pool) Policy() Policy { return p.policy }

// all yields the entries in the order of arrival.
func (p *Pool) all() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for at := p.order.Front(); at != nil && yield(at.Value.(*entry)); at = at.Next() {
		}
	}
}

// All yields the entries in the order of arrival, without Depends, SpentBy and Replaceable.
// They belong to the pool: who keeps one copies it.
func (p *Pool) All() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for e := range p.all() {
			if !yield(&e.Entry) {
				return
			}
		}
	}
}

// Get returns the transaction with this ID.
func (p *Pool) Get(id block.Hash) (*Entry, bool) {
	if e := p.entries[id]; e != nil {
		return p.snapshot(e), true
	}
	return nil, false
}

// Has reports whether the transaction with this ID is in the pool. Orphans are not.
func (p *Pool) Has(id block.Hash) bool { return p.entries[id] != nil }

// Len returns the number of transactions, without orphans.
func (p *Pool) Len() int { return p.total.Count }

// Bytes returns the total size of the transactions.
func (p *Pool) Bytes() int { return p.total.Size }

// Fees returns the total fee that the transactions pay.
func (p *Pool) Fees() block.Amount { return p.total.Fee }

// IDs returns the IDs in the order of arrival, parents before children.
func (p *Pool) IDs() []block.Hash {
	out := make([]block.Hash, 0, p.total.Count)
	for e := range p.all() {
		out = append(out, e.ID)
	}
	return out
}

// Entries returns all transactions in the order of arrival, parents before children.
func (p *Pool) Entries() []*Entry {
	out := make([]*Entry, 0, p.total.Count)
	for e := range p.all() {
		out = append(out, p.snapshot(e))
	}
	return out
}

// SpentBy returns the transaction of the pool that spends this output, if there is one.
func (p *Pool) SpentBy(o block.Outpoint) (block.Hash, bool) {
	if e := p.spender[o]; e != nil {
		return e.ID, true
	}
	return block.Hash{}, false
}

// Coins returns those of the outpoints that are unspent at the tip with the pool on top of
// it: coins of the tip that no transaction here spends, and unspent outputs of transactions
// here. The latter have height tip+1, as if the next block created them. An error is the
// disk's.
func (p *Pool) Coins(v View, of []block.Outpoint) (consensus.Coins, error) {
	coins, err := p.gather(v, of)
	for _, o := range of {
		if p.spender[o] != nil {
			delete(coins, o)
		}
	}
	return coins, err
}

// gather looks the outpoints up at the tip and in the pool, whether the pool spends them or not.
func (p *Pool) gather(v View, of []block.Outpoint) (consensus.Coins, error) {
	ask := make([]block.Outpoint, 0, len(of))
	for _, o := range of {
		if p.entries[o.TxID] == nil {
			ask = append(ask, o)
		}
	}
	coins := make(consensus.Coins, len(of))
	if len(ask) > 0 {
		found, err := v.Coins(ask)
		if err != nil {
			return nil, err
		}
		coins = found
	}
	if len(ask) < len(of) {
		p.addUnconfirmed(v.Tip(), of, coins)
	}
	return coins, nil
}

// addUnconfirmed adds those of the outpoints that transactions of the pool create.
func (p *Pool) addUnconfirmed(tip consensus.State, of []block.Outpoint, coins consensus.Coins) {
	since := tip.MedianTime()
	for _, o := range of {
		e := p.entries[o.TxID]
		if e == nil || uint64(o.Index) >= uint64(len(e.Tx.Outputs)) || block.Unspendable(e.Tx.Outputs[o.Index].Script) {
			continue
		}
		coins[o] = &consensus.Coin{Output: e.Tx.Outputs[o.Index], Height: tip.Height + 1, MedianTime: since}
	}
}

// Remove removes a transaction and all its descendants, and returns the removed IDs.
func (p *Pool) Remove(id block.Hash) []block.Hash {
	if e := p.entries[id]; e != nil {
		return p.removeAll(e)
	}
	return nil
}

// Expire removes the transactions that have waited longer than Policy.Expiry, with their
// descendants, and returns their IDs. It also removes orphans older than Policy.OrphanTTL.
func (p *Pool) Expire(now time.Time) []block.Hash {
	p.orphans.expire(now.Add(-p.policy.OrphanTTL))
	limit := now.Add(-p.policy.Expiry)
	if p.Len() == 0 || !p.oldest.Before(limit) {
		return nil
	}
	var old []*entry
	p.oldest = now
	for e := range p.all() {
		if e.Time.Before(limit) {
			old = append(old, e)
		} else if e.Time.Before(p.oldest) {
			p.oldest = e.Time
		}
	}
	return p.removeAll(old...)
}

// ExpiresAt returns when Expire may have something to do; false if there is nothing to expire.
func (p *Pool) ExpiresAt() (at time.Time, any bool) {
	if p.Len() > 0 {
		at, any = p.oldest.Add(p.policy.Expiry), true
	}
	if p.Orphans() > 0 {
		if o := p.orphans.order[0].time.Add(p.policy.OrphanTTL); !any || o.Before(at) {
			at, any = o, true
		}
	}
	return at, any
}

// Orphans returns the number of transactions that wait for their parents.
func (p *Pool) Orphans() int { return len(p.orphans.order) }
