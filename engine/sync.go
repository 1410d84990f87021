package engine

import (
	"toychain/consensus"
	"toychain/peer"
)

// How a node catches up. A peer states its tip and its work; if that is more than our
// best header's, we request the headers between, and then bodies, lowest first, in a moving
// window, from every peer whose own branch has them:
//
//	tip                                best header
//	 ├── bodies in flight ──┤ … ────────────┤ … ─────────┤ peer's tip
//	     16 from each peer     headers kept    requested
//
// Gossip never replaces this: a block with an unknown parent, a new connection and a healed
// cut each lead here. headers.go, presync.go, bodies.go, orphans.go and mempoolsync.go have
// one idea each; peers.go has what is known of a peer.

// schedule emits every request that is worth making now. It runs after every input, so no
// input needs to think of what it makes possible. A transaction makes nothing possible, and a
// mempool, when all bodies are here, at most another look at it; so does a peer that states no
// more work than ours.
func (e *Engine) schedule(in Input) {
	var only *peerState
	switch in := in.(type) {
	case TxReceived:
		return
	case PeerStatus:
		only = e.peers[in.Peer]
	case MempoolReceived:
		only = e.peers[in.Peer]
	}
	best, tip := e.tree.BestHeader(), e.tree.Tip()
	if only != nil && only.work.Cmp(tip.Work) <= 0 && best.Hash == tip.Hash {
		e.scheduleMempool(only, &tip)
		return
	}
	for _, p := range e.order {
		if e.mayHaveBetter(p, &best, &tip) {
			e.requestHeaders(p)
		}
	}
	e.scheduleBodies()
	for _, p := range e.order {
		e.scheduleMempool(p, &tip)
	}
}

// scheduleMempool requests a peer's mempool, if that may hold what ours does not.
func (e *Engine) scheduleMempool(p *peerState, tip *consensus.State) {
	if p.work.Cmp(tip.Work) > 0 {
		return // its transactions may need blocks that we do not have yet
	}
	if p.mempool == mempoolRequested || p.txRequests > 0 {
		return // one request at a time, also to a peer that changes its branch all the time
	}
	if e.switched(p, tip) || p.mempool == mempoolWanted && p.status != (peer.Status{}) {
		p.mempool, p.mempoolAsked, e.mempoolAsked = mempoolRequested, e.now, e.now
		e.emit(RequestMempool{p.id})
	}
}
