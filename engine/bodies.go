package engine

import (
	"errors"
	"fmt"
	"iter"

	"toychain/block"
	"toychain/chain"
	"toychain/peer"
)

// ErrTooFar: a branch that forks far below our tip and has less work, or a block far above
// our tip that we did not request.
var ErrTooFar = errors.New("too far from the tip for its work")

// scheduleBodies spreads the missing bodies over the peers that have them, each to the
// first peer with room. A peer with at most half of its requests in flight gets more, so
// that answers and requests overlap:
//
//	missing    101 … 116    117 … 132    133 … 148        lowest first
//	peers      a            b            c                16 each, from those that have them
//
// The lowest go first, because a block can be connected only after those below it. A slow
// peer holds up at most its 16: when it stalls (see tick), others are asked for them (Core:
// FindNextBlocksToDownload).
func (e *Engine) scheduleBodies() {
	var idle []*peerState // found with the first missing body
	for m := range e.missing() {
		if _, on := e.inFlight[m.Hash]; on {
			continue
		}
		if idle == nil {
			idle = e.idle()
		}
		room := false
		for _, p := range idle {
			if p.inFlight+len(p.asks) == peer.MaxBlocksAsked {
				continue
			}
			room = true
			if e.canServe(p, m.Hash) {
				p.asks = append(p.asks, m.Hash)
				e.inFlight[m.Hash] = p.id
				break
			}
		}
		if !room {
			break
		}
	}
	for _, p := range idle {
		if len(p.asks) > 0 {
			e.requestBodies(p, p.asks)
			p.asks = nil
		}
	}
}

// idle returns the peers that are asked for more: those that have what we do not.
func (e *Engine) idle() (out []*peerState) {
	lacking := func(tip block.Hash) bool { return e.tree.Has(tip) && !e.tree.Connectable(tip) }
	for _, p := range e.order {
		if p.inFlight <= peer.MaxBlocksAsked/2 && (lacking(p.status.Tip) || lacking(p.bestKnown)) {
			out = append(out, p)
		}
	}
	return out
}

func (e *Engine) requestBodies(p *peerState, ids []block.Hash) {
	if p.inFlight == 0 {
		p.lastDelivery = e.now
	}
	p.inFlight += len(ids)
	e.emit(RequestBlocks{p.id, ids})
}

// canServe reports whether a peer has a body, as far as we know.
func (e *Engine) canServe(p *peerState, id block.Hash) bool {
	return !p.notFound[id] && (e.tree.IsAncestor(id, p.status.Tip) || e.tree.IsAncestor(id, p.bestKnown))
}

// bodyArrived notes that a body is here, requested or not, from any peer. A peer that
// delivers what it was asked for gets its patience back (Core: block stalling timeout).
func (e *Engine) bodyArrived(hash block.Hash, from peer.ID) {
	asked, on := e.inFlight[hash]
	if !on {
		return
	}
	delete(e.inFlight, hash)
	if p := e.peers[asked]; p != nil {
		p.inFlight--
		if asked == from {
			p.lastDelivery, p.stall, p.useless = e.now, max(minStall, p.stall*9/10), 0
		}
	}
}

// penalizeMissing penalizes a peer that sent headers and does not have their blocks: a peer
// that shows a chain must have it. Otherwise a miner could publish the headers of a heavier
// chain, keep its blocks to itself, and have every node request them for ever.
func (e *Engine) penalizeMissing(p *peerState, err error) {
	var missing *peer.MissingError
	if !errors.As(err, &missing) {
		return
	}
	for _, id := range missing.IDs {
		if e.tree.IsAncestor(id, p.bestKnown) {
			e.penalize(p.id, fmt.Errorf("%w: sent the header of block %s and does not have the block", errLowWork, id))
			return
		}
	}
}

// missing yields the bodies to request, the lowest of each branch first: those up to the
// best header, and those of every other branch that has more work than our tip and is the
// branch of a peer.
func (e *Engine) missing() iter.Seq[chain.Point] {
	return func(yield func(chain.Point) bool) {
		best, tip := e.tree.BestHeader(), e.tree.Tip()
		if best.Hash != tip.Hash {
			for m := range e.tree.Missing(best.Hash, blockWindow) {
				if !yield(m) {
					return
				}
			}
		}
		for i, p := range e.order {
			if p.work.Cmp(tip.Work) <= 0 {
				continue
			}
			end := p.status.Tip
			if !e.tree.Has(end) {
				end = p.bestKnown // the rest of its headers is still to come
			}
			if e.tree.IsAncestor(end, best.Hash) || e.tipSeen(end, e.order[:i]) {
				continue
			}
			for m := range e.tree.Missing(end, blockWindow) {
				if !e.tree.IsAncestor(m.Hash, best.Hash) && !yield(m) {
					return
				}
			}
		}
	}
}

// tipSeen reports whether one of these peers has the same tip.
func (e *Engine) tipSeen(tip block.Hash, peers []*peerState) bool {
	for _, p := range peers {
		if p.status.Tip == tip {
			return true
		}
	}
	return false
}
