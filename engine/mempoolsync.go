package engine

import (
	"errors"

	"toychain/block"
	"toychain/mempool"
)

// mempoolState is how far we are in asking a peer for its pending transactions. Gossip
// carries a transaction once; what was lost, or was pending before we connected, comes this
// way.
type mempoolState int

const (
	mempoolWanted mempoolState = iota // to be requested once we have caught up
	mempoolRequested
	mempoolDone
)

// refreshMempool has one peer asked for its mempool again when mempoolWait is over: the peer
// that was asked the longest ago. A lossy link may have swallowed a transaction.
func (e *Engine) refreshMempool() {
	if e.now.Sub(e.mempoolAsked) < e.mempoolWait {
		return
	}
	var next *peerState
	for _, p := range e.order {
		if p.mempool == mempoolDone && (next == nil || p.mempoolAsked.Before(next.mempoolAsked)) {
			next = p
		}
	}
	if next != nil {
		next.mempool = mempoolWanted
		e.mempoolWait = min(2*e.mempoolWait, maxMempoolWait)
	}
}

// requestParents asks the sender of an orphan transaction for the parents that it spends,
// unless too many requests to it are in flight. A sender that relays a transaction has its
// parents, confirmed or pending; if they are confirmed in a block that we do not have yet,
// the answer is that they are missing, and the block will settle it.
func (e *Engine) requestParents(in TxReceived, err error) {
	var orphan *mempool.OrphanError
	p := e.peers[in.Peer]
	if p == nil || p.txRequests >= maxTxRequests || !errors.As(err, &orphan) {
		return
	}
	var ids []block.Hash
	for _, id := range orphan.Missing {
		if len(ids) < txsPerRequest && !e.pool.Has(id) {
			ids = append(ids, id)
		}
	}
	e.requestTxs(p, ids)
}

// requestTxs requests transactions, if there are any to request.
func (e *Engine) requestTxs(p *peerState, ids []block.Hash) {
	if len(ids) > 0 {
		p.txRequests++
		e.emit(RequestTxs{p.id, ids})
	}
}

// gotMempool requests those of a peer's pending transactions that we do not have. An answer
// to no request is ignored, or a peer could make us request any number of transactions.
func (e *Engine) gotMempool(in MempoolReceived) {
	p := e.peers[in.Peer]
	if p == nil || p.mempool != mempoolRequested {
		return
	}
	p.mempool = mempoolDone
	var ids []block.Hash
	for _, id := range in.IDs {
		if e.pool.Has(id) {
			continue
		}
		e.mempoolWait = minMempoolWait
		ids = append(ids, id)
		if len(ids) == txsPerRequest {
			e.requestTxs(p, ids)
			ids = nil
		}
	}
	e.requestTxs(p, ids)
}
