package engine

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/peer"
	"toychain/pow"
)

// Headers come before bodies (Core: headers-first sync). A header is 80 bytes, proves its own
// work, and names its parent, so a whole branch can be judged by its work before one of its
// transactions is downloaded. The dialogue with a peer that claims more work than we have:
//
//	we     getheaders: our locator          ten hashes from our tip, then ever larger steps
//	peer   2,000 headers after the fork     full: there are more, so ask again from the last
//	peer   700 headers                      not full: that was all, and its claim is settled
//
// Three things keep a liar from wasting our memory: presync.go for branches that fork far
// below the tip, countUseless for those near it, and headersAhead for those above it.

// requestHeaders asks a peer for the headers that follow ours on its best chain.
func (e *Engine) requestHeaders(p *peerState) {
	p.headersAsked = e.now
	e.emit(RequestHeaders{p.id, e.tree.Locator()})
}

// gotHeaders adds the headers that a peer or our user sent, as far as they are valid and,
// for a peer, worth keeping. The error is our own disk's.
func (e *Engine) gotHeaders(in HeadersReceived) error {
	p := e.peers[in.Peer]
	keep, added := in.Headers, 0
	var err error
	if p != nil {
		p.headersAsked = time.Time{}
		if len(in.Headers) > 0 {
			keep, err = e.checkPresync(p, in.Headers)
		}
	}
	if best := e.tree.BestHeader().Work; len(keep) > 0 {
		added, err = e.addHeaders(keep)
		if p != nil && err == nil && added > 0 {
			last := keep[len(keep)-1].Hash()
			err = cmp.Or(e.countUseless(p, last, added, best), e.endPresync(p, last))
		}
	}
	switch {
	case Classify(err) == Internal:
		return err
	case Classify(err) == Invalid:
		e.penalize(in.Peer, err)
	}
	e.emit(Result{err})
	counted := len(keep) == 0 && len(in.Headers) > 0 // for the first pass of presync
	if counted {
		keep = in.Headers
	}
	if p != nil && Classify(err) != Invalid && (!counted || err != nil) {
		e.afterHeaders(p, keep, added, err)
	}
	return nil
}

// afterHeaders updates what we know of a peer that sent headers: which header is its best
// known one, whether to ask for more, and whether it has the work that it claims.
func (e *Engine) afterHeaders(p *peerState, headers []block.Header, added int, err error) {
	if len(headers) > 0 {
		p.bestKnown = headers[len(headers)-1].Hash()
	}
	tip := e.tree.Tip()
	if len(headers) > 0 {
		p.empty = 0 // they may be known by now because their blocks came by gossip
	} else if p.work.Cmp(tip.Work) > 0 {
		p.empty++
	}
	switch {
	case err == nil && len(headers) == peer.MaxHeaders && e.farAhead(p, &tip):
		// the next ones once their blocks are here
	case err == nil && len(headers) == peer.MaxHeaders:
		e.requestMoreHeaders(p, p.bestKnown)
	case added == 0:
		p.dropClaim() // it claims more than it has shown
	}
	if p.empty > maxEmptyClaims {
		e.penalize(p.id, fmt.Errorf("%w: claimed more work %d times and sent no header", errLowWork, p.empty))
	}
}

// requestMoreHeaders asks a peer for the headers after last, where a full answer ended.
func (e *Engine) requestMoreHeaders(p *peerState, last block.Hash) {
	p.headersAsked = e.now
	e.emit(RequestHeaders{p.id, append([]block.Hash{last}, e.tree.Locator()...)})
}

// addHeaders adds headers in order, up to the first that is invalid, and returns how many
// are new.
func (e *Engine) addHeaders(headers []block.Header) (added int, err error) {
	for i := range headers {
		if i > 0 && headers[i].Prev != headers[i-1].Hash() {
			return added, fmt.Errorf("header %d: %w: it does not follow the one before", i, consensus.ErrNoParent)
		}
		err := e.tree.AddHeader(&headers[i], e.now)
		if err == nil {
			added++
		} else if !errors.Is(err, chain.ErrKnown) {
			return added, fmt.Errorf("header %d: %w", i, err)
		}
	}
	return added, nil
}

// countUseless counts stored headers from p that did not improve on best, the work of the
// best header before they came, and returns an error when they are too many: each costs us
// memory for ever. Honest peers send few of them on the way to a better chain; or, if no
// peer delivers the blocks of that best header, as many as we request ahead of blocks.
// Headers that passed presync have paid with work and are not counted.
func (e *Engine) countUseless(p *peerState, last block.Hash, added int, best pow.Work) error {
	end, _ := e.tree.Info(last)
	if end.State.Work.Cmp(best) > 0 || p.presync != nil {
		p.useless = 0
		return nil
	}
	most := maxUselessHeaders
	if end.State.Work.Cmp(e.tree.Tip().Work) > 0 {
		most = headersAhead + peer.MaxHeaders
	}
	if p.useless += added; p.useless > most {
		return fmt.Errorf("%w: %d headers lead to no better chain", errLowWork, p.useless)
	}
	return nil
}

// dropClaim stops believing a peer's stated work. Its next status may state it again.
func (p *peerState) dropClaim() { p.work, p.presync = pow.Work{}, nil }

// mayHaveBetter reports whether a peer may have headers of a better chain than ours, so
// that it is worth asking. Usually that is more work than our best header; but if no peer
// delivers the blocks of that header, it must not keep us from asking, so more work than
// our tip is enough when we do not know the peer's tip.
func (e *Engine) mayHaveBetter(p *peerState, best, tip *consensus.State) bool {
	if p.work.Cmp(tip.Work) <= 0 || !p.headersAsked.IsZero() || e.farAhead(p, tip) {
		return false
	}
	return p.work.Cmp(best.Work) > 0 || !e.tree.Has(p.status.Tip)
}

// farAhead reports whether we have so many of a peer's headers above our tip that their
// blocks must come first.
func (e *Engine) farAhead(p *peerState, tip *consensus.State) bool {
	shown, known := e.tree.Height(p.bestKnown)
	return known && shown > tip.Height+headersAhead
}
