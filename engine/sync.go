package engine

import (
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
// input needs to think of what it makes possible. What a peer states concerns that peer
// alone: the others need no second look.
func (e *Engine) schedule(in Input) {
	best, tip := e.tree.BestHeader(), e.tree.Tip()
	peers := e.order
	if s, is := in.(PeerStatus); is {
		peers = nil
		if p := e.peers[s.Peer]; p != nil {
			peers = []*peerState{p}
		}
	}
	for _, p := range peers {
		if e.mayHaveBetter(p, &best, &tip) {
			e.requestHeaders(p)
		}
	}
	e.scheduleBodies()
	for _, p := range peers {
		if p.work.Cmp(tip.Work) > 0 {
			continue // its transactions may need blocks that we do not have yet
		}
		if p.mempool == mempoolRequested || p.txRequests > 0 {
			continue // one request at a time, also to a peer that changes its branch all the time
		}
		if e.switched(p) || p.mempool == mempoolWanted && p.status != (peer.Status{}) {
			p.mempool, p.mempoolAsked, e.mempoolAsked = mempoolRequested, e.now, e.now
			e.emit(RequestMempool{p.id})
		}
	}
}
