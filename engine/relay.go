package engine

import (
	"toychain/block"
	"toychain/mempool"
)

// gotTx offers a transaction to the mempool and emits the result. One transaction may bring in
// several: orphans that were waiting for it are accepted with it, and those are published by
// us, because gossip ignored them when they came too early and will not carry them again. in.Since keeps the age of
// one that was pending before a restart.
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
		e.requestParents(in, err)
	}
	e.emit(Result{err})
	own := 0
	if in.Peer != "" {
		own = 1 // the message itself, which gossip forwards if the verdict is Accept
	}
	e.accepted(added.Accepted, own)
	e.removed(added.Replaced, replacedReason)
	e.removed(added.Evicted, evictedReason)
	return nil
}

const (
	replacedReason = "replaced by a transaction with a higher fee"
	evictedReason  = "the pool is full"
	expiredReason  = "it waited too long"
)

// accepted emits an event for each transaction that entered the mempool, and publishes all
// but the first few.
func (e *Engine) accepted(entries []*mempool.Entry, gossiped int) {
	for i, entry := range entries {
		e.notify(Event{Kind: TxAdded, Tx: entry.ID})
		if i >= gossiped {
			e.emit(PublishTx{entry.Tx})
		}
	}
}

// removed emits an event for each transaction that left the mempool unconfirmed.
func (e *Engine) removed(ids []block.Hash, reason string) {
	for _, id := range ids {
		e.notify(Event{Kind: TxRemoved, Tx: id, Reason: reason})
	}
}
