package engine

import (
	"errors"

	"toychain/block"
	"toychain/mempool"
)

// gotTx judges a transaction for the pool and answers.
func (e *Engine) gotTx(in TxReceived) error {
	since := e.now
	if !in.Since.IsZero() && in.Since.Before(since) {
		since = in.Since
	}
	added, err := e.pool.Add(e.tree, in.Tx, since)
	switch ClassifyTx(err) {
	case Internal:
		return err
	case Invalid:
		e.penalize(in.Peer, err)
	case NotNow:
		e.askParents(in, err)
	}
	e.emit(Result{err})
	own := 0
	if in.Peer != "" {
		own = 1 // the message itself: gossip passes it on
	}
	e.accepted(added.Accepted, own)
	e.removed(added.Replaced, replacedReason)
	e.removed(added.Evicted, evictedReason)
	return nil
}

const (
	replacedReason = "replaced by a payment with a higher fee"
	evictedReason  = "the pool is full"
	expiredReason  = "it waited too long"
)

// accepted tells of payments that came into the pool, and publishes all but the
// first few.
func (e *Engine) accepted(entries []*mempool.Entry, gossiped int) {
	for i, entry := range entries {
		e.notify(Event{Kind: TxAdded, Tx: entry.ID})
		if i >= gossiped {
			e.emit(PublishTx{entry.Tx})
		}
	}
}

// removed tells of payments that left the pool without being confirmed.
func (e *Engine) removed(ids []block.Hash, reason string) {
	for _, id := range ids {
		e.notify(Event{Kind: TxRemoved, Tx: id, Reason: reason})
	}
}

// askParents asks whoever brought an orphan for what it spends, unless it owes us much
// already.
func (e *Engine) askParents(in TxReceived, err error) {
	var orphan *mempool.OrphanError
	p := e.peers[in.Peer]
	if p == nil || p.txAsks >= txAsks || !errors.As(err, &orphan) {
		return
	}
	var ids []block.Hash
	for _, id := range orphan.Missing {
		if len(ids) < txsPerAsk && !e.pool.Has(id) {
			ids = append(ids, id)
		}
	}
	e.askTxs(p, ids)
}

// askTxs asks for transactions, if there are any to ask for.
func (e *Engine) askTxs(p *peerState, ids []block.Hash) {
	if len(ids) > 0 {
		p.txAsks++
		e.emit(RequestTxs{p.id, ids})
	}
}

// gotPool asks for those of a peer's pending transactions that we do not have. What
// answers no question of ours is left alone: who sends many would be asked for all.
func (e *Engine) gotPool(in MempoolReceived) {
	p := e.peers[in.Peer]
	if p == nil || p.pool != poolAsked {
		return
	}
	p.pool = poolDone
	var ids []block.Hash
	for _, id := range in.IDs {
		if e.pool.Has(id) {
			continue
		}
		if ids = append(ids, id); len(ids) == txsPerAsk {
			e.askTxs(p, ids)
			ids = nil
		}
	}
	e.askTxs(p, ids)
}
