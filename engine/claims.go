package engine

import (
	"errors"
	"fmt"
	"iter"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/peer"
	"toychain/pow"
)

// What a peer claims is held against what it shows. Headers cost memory for ever, and
// one that starts far below the tip may cost next to no work, so such a branch is
// looked at before any of it is kept (Core's presync, without its commitments):
//
//	first way     2,000 headers at a time, each judged and forgotten, until they have
//	              more work together than our tip
//	second way    the same once more; as many as were looked at may now be kept
//
// Whoever shows less than it claimed, or something else the second time, is blamed.
// So a liar makes us keep no more headers than it has shown work for, once for each
// name that it takes.

// errHollow: what was claimed, or shown, is not there.
var errHollow = errors.New("claims more than it has")

// proof is how far a peer is in showing that its branch has the work it claims.
type proof struct {
	fork  block.Hash      // what the branch starts from: we have it
	end   consensus.State // after the last header that was looked at
	count int             // how many were looked at
	keep  int             // how many of them may still be kept, on the second way
}

// weigh decides what is to be done with headers of a peer: keep them (true), or look
// at them and wait for more. The error says what rule one breaks, or that the peer
// shows less than it claims.
func (e *Engine) weigh(p *peerState, headers []block.Header) (keep bool, err error) {
	tip := e.tree.Tip()
	at, known := e.tree.Info(headers[0].Prev)
	switch {
	case !known && p.proof != nil && p.proof.keep == 0 && headers[0].Prev == p.proof.end.Hash:
		return e.lookAt(p, headers, &tip)
	case !known, at.State.Height >= tip.Height-maxSideDepth, at.State.Work.Cmp(tip.Work) > 0:
		return true, nil
	}
	if p.work.Cmp(tip.Work) <= 0 {
		return false, fmt.Errorf("%w: from height %d, tip at %d", ErrTooFar, at.State.Height, tip.Height)
	}
	if w := p.proof; w != nil && w.keep > 0 {
		if w.keep -= len(headers); w.keep < 0 {
			return false, fmt.Errorf("%w: other headers the second time", errHollow)
		}
		return true, nil
	}
	p.proof = &proof{fork: at.Hash, end: at.State}
	return e.lookAt(p, headers, &tip)
}

// lookAt goes the first way.
func (e *Engine) lookAt(p *peerState, headers []block.Header, tip *consensus.State) (keep bool, err error) {
	w := p.proof
	for i := range headers {
		h := &headers[i]
		if err := consensus.CheckWork(e.tree.Params(), h); err != nil {
			return false, fmt.Errorf("header %d: %w", i, err)
		}
		if w.end, err = w.end.ApplyHeader(h); err != nil {
			return false, fmt.Errorf("header %d: %w", i, err)
		}
	}
	w.count += len(headers)
	switch {
	case w.end.Work.Cmp(tip.Work) > 0 && w.count == len(headers):
		p.proof = nil
		return true, nil // all of it is at hand
	case w.end.Work.Cmp(tip.Work) > 0:
		w.keep = w.count
		e.askMore(p, w.fork)
		return false, nil
	case len(headers) < peer.MaxHeaders || w.count >= headersShown:
		return false, fmt.Errorf("%w: %d headers from %s on have less work than our tip", errHollow, w.count, w.fork)
	}
	e.askMore(p, w.end.Hash)
	return false, nil
}

// idles counts headers that were kept and lead to no better chain than the best one
// before. Honest peers send few of them on the way to one, or, if that best header is
// one of which nobody has the blocks, as many as are asked for ahead of blocks. Those
// that were shown to have the work are none.
func (e *Engine) idles(p *peerState, last block.Hash, added int, best pow.Work) error {
	end, _ := e.tree.Info(last)
	if end.State.Work.Cmp(best) > 0 || p.proof != nil {
		p.idle = 0
		return nil
	}
	most := idleHeaders
	if end.State.Work.Cmp(e.tree.Tip().Work) > 0 {
		most = headersAhead + peer.MaxHeaders
	}
	if p.idle += added; p.idle > most {
		return fmt.Errorf("%w: %d headers lead to no better chain", errHollow, p.idle)
	}
	return nil
}

// unproven takes a peer's claim away: its next status may claim again.
func (p *peerState) unproven() { p.work, p.proof = pow.Work{}, nil }

// worthAsking reports whether a peer may have headers of a chain that is better than
// ours. A better header of which nobody has the blocks must not keep us from asking:
// then more work than the tip's is enough.
func (e *Engine) worthAsking(p *peerState, best, tip *consensus.State) bool {
	if !p.headers.IsZero() || e.farAhead(p, tip) {
		return false
	}
	return p.work.Cmp(best.Work) > 0 || p.work.Cmp(tip.Work) > 0 && !e.tree.On(p.status.Tip, p.status.Tip)
}

// farAhead reports whether a peer has shown so many headers above the tip that their
// blocks are to come first.
func (e *Engine) farAhead(p *peerState, tip *consensus.State) bool {
	shown, known := e.tree.Info(p.shown)
	return known && shown.State.Height > tip.Height+headersAhead
}

// hollow blames a peer for headers whose blocks it does not have: who shows a chain
// has it.
func (e *Engine) hollow(p *peerState, err error) {
	var missing *peer.MissingError
	if !errors.As(err, &missing) {
		return
	}
	for _, id := range missing.IDs {
		if e.tree.On(id, p.shown) {
			e.penalize(p.id, fmt.Errorf("%w: it showed the header of block %s, not the block", errHollow, id))
			return
		}
	}
}

// missing yields the bodies to ask for, the lowest of each branch first: those of the
// best header's, and of every other that is better than ours and has a peer on it.
func (e *Engine) missing() iter.Seq[chain.Point] {
	return func(yield func(chain.Point) bool) {
		best, tip := e.tree.BestHeader(), e.tree.Tip()
		for m := range e.tree.Missing(best.Hash, blockWindow) {
			if !yield(m) {
				return
			}
		}
		for i, id := range e.order {
			p := e.peers[id]
			end := p.status.Tip
			if !e.tree.On(end, end) {
				end = p.shown // it is still telling of the way there
			}
			if p.work.Cmp(tip.Work) <= 0 || e.tree.On(end, best.Hash) || e.tipSeen(end, e.order[:i]) {
				continue
			}
			for m := range e.tree.Missing(end, blockWindow) {
				if !e.tree.On(m.Hash, best.Hash) && !yield(m) {
					return
				}
			}
		}
	}
}

// tipSeen reports whether one of these peers has the same tip.
func (e *Engine) tipSeen(tip block.Hash, peers []peer.ID) bool {
	for _, id := range peers {
		if e.peers[id].status.Tip == tip {
			return true
		}
	}
	return false
}
