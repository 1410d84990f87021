package engine

import (
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/peer"
	"toychain/pow"
)

// peerState is what the engine knows of a connected peer.
type peerState struct {
	id     peer.ID
	status peer.Status // the last that it stated
	work   pow.Work    // what it states; zero while it has not shown it

	bestKnown    block.Hash // the last header that it sent: it has every block up to there
	lastCommon   block.Hash // the last tip of it that we knew: see switched
	headersAsked time.Time  // when headers were requested; zero: no request in flight
	presync      *presync   // of a branch that forks far below the tip; nil: none begun
	useless      int        // headers of it that did not improve the best header
	side         sideBudget // of its side blocks that we did not request
	empty        int        // answers in a row without a header, though it claimed more work

	inFlight     int                 // bodies requested and not yet here
	asks         []block.Hash        // bodies to request in this Step
	lastDelivery time.Time           // of a requested body, or when the first was requested
	stall        time.Duration       // how long it may take for the next
	notFound     map[block.Hash]bool // bodies that it was asked for and did not have

	mempool      mempoolState
	mempoolAsked time.Time // when its mempool was requested last; zero: never
	txRequests   int       // requests for transactions in flight
}

// join begins with an empty peerState: what a peer is asked for depends on its first status.
func (e *Engine) join(in PeerJoined) {
	if e.peers[in.Peer] != nil {
		return
	}
	p := &peerState{id: in.Peer, stall: minStall}
	e.peers[in.Peer] = p
	e.order = append(e.order, p)
	e.mempoolWait = minMempoolWait
	e.notify(Event{Kind: PeerUp, Peer: in.Peer})
}

func (e *Engine) leave(id peer.ID) {
	if e.peers[id] == nil {
		return
	}
	e.release(id)
	delete(e.peers, id)
	e.order = slices.DeleteFunc(e.order, func(p *peerState) bool { return p.id == id })
	e.notify(Event{Kind: PeerDown, Peer: id})
}

// release makes the bodies that are in flight from a peer available to others. They may arrive
// from it all the same: then the one that comes first counts, and the other is ErrKnown.
func (e *Engine) release(id peer.ID) {
	for hash, from := range e.inFlight {
		if from == id {
			delete(e.inFlight, hash)
		}
	}
	if p := e.peers[id]; p != nil {
		p.inFlight = 0
	}
}

// gotStatus notes what a peer states. It may have blocks by now that it did not have. Nothing
// of it is believed for more than a request: headers show the work, or the claim is dropped.
func (e *Engine) gotStatus(in PeerStatus) {
	if p := e.peers[in.Peer]; p != nil {
		p.status, p.work = in.Status, pow.WorkFromBytes(in.Status.Work)
		p.forgive()
	}
}

// forgive has a peer be asked again for what it did not have.
func (p *peerState) forgive() {
	p.notFound = nil
}

// lacks notes that a peer does not have a body, or is too slow to send it: others are asked first.
func (p *peerState) lacks(id block.Hash) {
	if p.notFound == nil {
		p.notFound = make(map[block.Hash]bool)
	}
	p.notFound[id] = true
}

// switched reports, once, that a peer moved to another branch. Its mempool may then hold
// transactions of the branch that it left, and gossip, which has carried them once, does
// not repeat them.
func (e *Engine) switched(p *peerState, tip *consensus.State) bool {
	before := p.lastCommon
	switch {
	case before == p.status.Tip:
		return false
	case p.status.Tip == tip.Hash && before == tip.Header.Prev: // as mostly: one block further, like us
		p.lastCommon = tip.Hash
		return false
	case !e.tree.Has(p.status.Tip):
		return false
	}
	p.lastCommon = p.status.Tip
	return !before.IsZero() && !e.tree.IsAncestor(before, p.lastCommon)
}

// LastCommon returns the height of a peer's tip, or of the last tip that we knew of it if
// we do not know its present one; false if there is none (Core: synced_blocks).
func (e *Engine) LastCommon(id peer.ID) (block.Height, bool) {
	p := e.peers[id]
	if p == nil {
		return 0, false
	}
	for _, hash := range []block.Hash{p.status.Tip, p.lastCommon} {
		if height, known := e.tree.Height(hash); known {
			return height, true
		}
	}
	return 0, false
}

// requestDone frees what a request did not deliver, to be requested elsewhere. Which headers,
// blocks or transactions came before it is known from their own inputs.
func (e *Engine) requestDone(in RequestDone) {
	p := e.peers[in.Peer]
	if p == nil {
		return
	}
	switch ask := in.Request.(type) {
	case RequestHeaders:
		if in.Err != nil {
			p.headersAsked = time.Time{}
			p.dropClaim()
		}
	case RequestBlocks:
		e.penalizeMissing(p, in.Err)
		for _, id := range ask.IDs {
			if from, on := e.inFlight[id]; on && from == in.Peer {
				delete(e.inFlight, id)
				p.inFlight--
				p.lacks(id)
			}
		}
	case RequestMempool:
		p.mempool = mempoolDone
	case RequestTxs:
		p.txRequests = max(p.txRequests-1, 0)
	}
}

// restoreClaims believes every peer's stated work again: the reason for refusing its blocks
// is gone.
func (e *Engine) restoreClaims() {
	for _, p := range e.peers {
		p.work = pow.WorkFromBytes(p.status.Work)
		p.forgive()
	}
}

// clockSet restarts every timeout and believes every peer's stated work again: a block that
// was too far in the future before may be in time now.
func (e *Engine) clockSet() {
	e.restoreClaims()
	e.mempoolAsked, e.mempoolWait = e.now, minMempoolWait
	if !e.untold.IsZero() {
		e.untold = e.now
	}
	for _, p := range e.peers {
		p.lastDelivery, p.mempoolAsked = e.now, e.now
		if !p.headersAsked.IsZero() {
			p.headersAsked = e.now
		}
	}
}

// Due returns when the engine wants its next Tick; zero if nothing waits for the passing of
// time. It may be in the past.
func (e *Engine) Due() time.Time {
	var due time.Time
	want := func(at time.Time) {
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	if e.tree.Unsynced() {
		want(e.now.Add(syncWithin))
	}
	if at, any := e.pool.ExpiresAt(); any {
		want(at)
	}
	if !e.untold.IsZero() {
		want(e.untold.Add(announceWithin))
	}
	refresh := false
	for _, p := range e.order {
		refresh = refresh || p.mempool == mempoolDone
		if p.inFlight > 0 {
			want(p.lastDelivery.Add(p.stall))
		}
		if !p.headersAsked.IsZero() {
			want(p.headersAsked.Add(maxStall))
		}
	}
	if refresh {
		want(e.mempoolAsked.Add(e.mempoolWait))
	}
	return due
}

// tick handles what happens by the passing of time: peers that do not answer, and
// transactions that have waited too long for a block. A peer that stalls is asked last from
// now on, with twice the time; one that has not answered for maxStall is disconnected.
func (e *Engine) tick() {
	e.removed(e.pool.Expire(e.now), expiredReason)
	e.refreshMempool()
	for _, p := range e.order {
		waits := p.inFlight > 0 && e.now.Sub(p.lastDelivery) > p.stall
		if !p.headersAsked.IsZero() && e.now.Sub(p.headersAsked) > maxStall {
			waits = true
		}
		if !waits {
			continue
		}
		if p.stall >= maxStall || !p.headersAsked.IsZero() && e.now.Sub(p.headersAsked) > maxStall {
			e.emit(Disconnect{p.id, fmt.Errorf("did not answer for %s", maxStall)})
			p.headersAsked = time.Time{}
			p.dropClaim()
		}
		for hash, from := range e.inFlight {
			if from == p.id {
				p.lacks(hash)
			}
		}
		e.release(p.id)
		p.lastDelivery = e.now
		p.stall = min(2*p.stall, maxStall)
	}
}
