package mempool

import (
	"iter"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// View is what the pool asks of the chain: chain.Tree is one. All calls that take
// a View must be given the tip that the last Update was told of.
type View interface {
	// Tip returns the state at the end of the best chain.
	Tip() consensus.State
	// Coins returns those of the outpoints that are unspent there. An error is
	// trouble with the disk.
	Coins(of []block.Outpoint) (consensus.Coins, error)
	// Verifier returns how signatures are checked.
	Verifier() consensus.Verifier
}

// Pool holds the transactions that wait for a block. It is a value machine: no
// clock, no disk, no randomness; the same calls give the same answers. It is not
// safe for concurrent use: one goroutine owns it.
type Pool struct {
	policy Policy

	entries     map[block.Hash]*entry
	spends      map[block.Outpoint]*entry // who spends which coin
	first, last *entry                    // in the order of arrival; parents come before children
	seq         int64                     // the last place given out in that order
	changes     uint64                    // how often one came or left
	marks       int64                     // the last walk over the graph, see closure
	total       Sum
	floor       floor // what a full pool demands
	orphans     orphanage
}

// Sequence returns a number that grows with each payment that comes or leaves, from 1 on.
func (p *Pool) Sequence() uint64 { return p.changes + 1 }

// New returns an empty pool.
func New(p Policy) *Pool {
	return &Pool{
		policy:  p,
		entries: make(map[block.Hash]*entry),
		spends:  make(map[block.Outpoint]*entry),
		orphans: newOrphanage(p.MaxOrphans),
	}
}

// Policy returns what New was given.
func (p *Pool) Policy() Policy { return p.policy }

// all yields the entries in the order of arrival.
func (p *Pool) all() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for e := p.first; e != nil && yield(e); e = e.next {
		}
	}
}

// Get returns the transaction with this id.
func (p *Pool) Get(id block.Hash) (*Entry, bool) {
	if e := p.entries[id]; e != nil {
		return p.snapshot(e), true
	}
	return nil, false
}

// Has reports whether the transaction with this id is in the pool. Orphans are not.
func (p *Pool) Has(id block.Hash) bool { return p.entries[id] != nil }

// Len returns how many transactions there are, orphans not counted.
func (p *Pool) Len() int { return p.total.Count }

// Bytes returns how many bytes they have.
func (p *Pool) Bytes() int { return p.total.Size }

// Fees returns what they pay.
func (p *Pool) Fees() block.Amount { return p.total.Fee }

// IDs returns the ids in the order of arrival, parents before children.
func (p *Pool) IDs() []block.Hash {
	out := make([]block.Hash, 0, p.total.Count)
	for e := range p.all() {
		out = append(out, e.id)
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

// SpentBy returns which transaction of the pool spends this output, if one does.
func (p *Pool) SpentBy(o block.Outpoint) (block.Hash, bool) {
	if e := p.spends[o]; e != nil {
		return e.id, true
	}
	return block.Hash{}, false
}

// Coins returns those of the outpoints that are unspent after the pool too: coins
// of the tip that nothing here spends, and outputs of transactions here. The
// latter count as made by the next block, so they have height tip+1 and no
// confirmation. An error is trouble with the disk.
func (p *Pool) Coins(v View, of []block.Outpoint) (consensus.Coins, error) {
	coins, err := p.gather(v, of)
	for _, o := range of {
		if p.spends[o] != nil {
			delete(coins, o)
		}
	}
	return coins, err
}

// gather looks the outpoints up at the tip and in the pool, spent here or not.
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

// addUnconfirmed adds those of the outpoints that the pool's transactions make.
func (p *Pool) addUnconfirmed(tip consensus.State, of []block.Outpoint, coins consensus.Coins) {
	since := tip.MedianTime()
	for _, o := range of {
		e := p.entries[o.TxID]
		if e == nil || uint64(o.Index) >= uint64(len(e.tx.Outputs)) || block.Unspendable(e.tx.Outputs[o.Index].Script) {
			continue
		}
		coins[o] = consensus.Coin{Output: e.tx.Outputs[o.Index], Height: tip.Height + 1, MedianTime: since}
	}
}

// Remove takes a transaction and all its descendants out, and returns what left.
func (p *Pool) Remove(id block.Hash) []block.Hash {
	if e := p.entries[id]; e != nil {
		return p.removeAll(e)
	}
	return nil
}

// Expire takes out what has waited longer than Policy.Expiry, with descendants, and
// returns it; orphans that have waited longer than Policy.OrphanTTL go too.
func (p *Pool) Expire(now time.Time) []block.Hash {
	p.orphans.expire(now.Add(-p.policy.OrphanTTL))
	var old []*entry
	for e := range p.all() {
		if e.time.Before(now.Add(-p.policy.Expiry)) {
			old = append(old, e)
		}
	}
	return p.removeAll(old...)
}

// Orphans returns how many transactions wait for their parents.
func (p *Pool) Orphans() int { return len(p.orphans.order) }
