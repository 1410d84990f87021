package engine

import (
	"errors"
	"fmt"

	"toychain/block"
	"toychain/consensus"
	"toychain/peer"
)

// Presync: a peer must show the work of a branch before we keep its headers. A header that
// we keep costs memory for ever, and one that forks far below the tip may have cost next to
// no work, because the difficulty was low there. So the headers of such a branch are
// downloaded twice (Core's PRESYNC and REDOWNLOAD, without its commitments):
//
//	first pass     2,000 headers at a time, each validated and forgotten, until together
//	               they have more work than our tip
//	second pass    the same headers again; as many as were counted may now be kept
//
// A peer that shows less work than it claimed, or less the second time, is penalized. So an attacker makes us keep no more headers than it has done work for, once
// for each peer ID that it takes.

// errLowWork: a peer does not have the work, or the blocks, that it claimed.
var errLowWork = errors.New("claims more than it has")

// presync is the progress of the first or the second pass over one peer's branch.
type presync struct {
	fork  block.Hash      // the block that the branch forks from: we have it
	end   consensus.State // after the last header of the first pass so far
	count int             // headers in the first pass so far
	keep  int             // second pass: how many may still be kept; 0 in the first pass
	over  bool            // all that may be kept have come
}

// checkPresync is the gate in front of the tree: it returns those of a peer's headers that
// may be kept. Headers pass at once if they fork near the tip, or already have more work
// than it; those of a branch in its second pass pass until there are as many as were counted
// in the first; all others are only counted. The error says which rule one of them breaks,
// or that the peer has less work than it claims.
func (e *Engine) checkPresync(p *peerState, headers []block.Header) (keep []block.Header, err error) {
	if w := p.presync; w != nil && w.keep > 0 {
		headers = headers[:min(len(headers), w.keep)] // the branch may have grown since
		w.keep -= len(headers)
		w.over = w.keep == 0
		return headers, nil
	}
	tip := e.tree.Tip()
	at, known := e.tree.Info(headers[0].Prev)
	switch {
	case !known && p.presync != nil && headers[0].Prev == p.presync.end.Hash:
		return e.continuePresync(p, headers, &tip)
	case !known, at.State.Height >= tip.Height-maxSideDepth, at.State.Work.Cmp(tip.Work) > 0:
		return headers, nil
	}
	if p.work.Cmp(tip.Work) <= 0 {
		return nil, fmt.Errorf("%w: from height %d, tip at %d", ErrTooFar, at.State.Height, tip.Height)
	}
	p.presync = &presync{fork: at.Hash, end: at.State}
	return e.continuePresync(p, headers, &tip)
}

// continuePresync validates the headers of one answer of the first pass and forgets them.
func (e *Engine) continuePresync(p *peerState, headers []block.Header, tip *consensus.State) (keep []block.Header, err error) {
	w := p.presync
	for i := range headers {
		h := &headers[i]
		if err := e.tree.CheckWork(h); err != nil {
			return nil, fmt.Errorf("header %d: %w", i, err)
		}
		if w.end, err = w.end.ApplyHeader(h); err != nil {
			return nil, fmt.Errorf("header %d: %w", i, err)
		}
	}
	w.count += len(headers)
	switch {
	case w.end.Work.Cmp(tip.Work) > 0 && w.count == len(headers):
		p.presync = nil
		return headers, nil // one answer shows all the work: no second pass needed
	case w.end.Work.Cmp(tip.Work) > 0:
		w.keep = w.count
		e.requestMoreHeaders(p, w.fork)
		return nil, nil
	case len(headers) < peer.MaxHeaders && w.end.Work.Cmp(p.work) >= 0:
		return nil, fmt.Errorf("%w: our tip has overtaken it", ErrTooFar)
	case len(headers) < peer.MaxHeaders || w.count >= maxPresyncHeaders:
		return nil, fmt.Errorf("%w: %d headers from %s on have less work than our tip", errLowWork, w.count, w.fork)
	}
	e.requestMoreHeaders(p, w.end.Hash)
	return nil, nil
}

// endPresync ends the second pass with the last header that may be kept. The error says that
// the headers are not those of the first pass, for they have less work.
func (e *Engine) endPresync(p *peerState, last block.Hash) error {
	w := p.presync
	if w == nil || !w.over {
		return nil
	}
	p.presync = nil
	if end, _ := e.tree.Info(last); end.State.Work.Cmp(w.end.Work) < 0 {
		return fmt.Errorf("%w: other headers in the second pass than in the first", errLowWork)
	}
	return nil
}
