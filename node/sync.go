package node

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/p2p"
	"toychain/pow"
)

// How a node catches up. A peer tells its tip and its work; if that is more than
// our best header's we ask for the headers between, and then for bodies, lowest
// first, in a moving window, from every peer whose own branch has them.
// Gossip never replaces this: a block with an unknown parent, a new connection
// and a healed cut each lead here.

// ErrTooDeep: a branch that starts far below our tip and has less work.
var ErrTooDeep = errors.New("branch starts too far below the tip for its work")

// peer is what the engine knows of a connected peer.
type peer struct {
	id       p2p.PeerID
	status   p2p.Status
	shown    block.Hash // the last header that it sent: it has what leads there, too
	stood    block.Hash // its tip when we last knew both that and the one before
	work     pow.Work   // what it claims; zero when it could not show it
	headers  time.Time  // when headers were asked for; zero: nothing asked
	inflight int        // bodies asked for and not yet here
	since    time.Time  // when it last brought one of them, or was asked the first
	stall    time.Duration
	lacks    map[block.Hash]bool // bodies that it was asked for and did not have
	pool     poolState
}

// poolState is how far we are in asking a peer for its pending transactions.
type poolState int

const (
	poolWanted poolState = iota // to be asked once we have caught up
	poolAsked
	poolDone
)

func (e *Engine) join(in PeerJoined) {
	if e.peers[in.Peer] != nil {
		return
	}
	e.peers[in.Peer] = &peer{id: in.Peer, stall: minStall, lacks: make(map[block.Hash]bool)}
	e.order = append(e.order, in.Peer)
	e.happened(Event{Kind: PeerUp, Peer: in.Peer})
}

func (e *Engine) leave(id p2p.PeerID) {
	if e.peers[id] == nil {
		return
	}
	e.release(id)
	delete(e.peers, id)
	e.order = slices.DeleteFunc(e.order, func(o p2p.PeerID) bool { return o == id })
	e.happened(Event{Kind: PeerDown, Peer: id})
}

// release lets others be asked for what was asked of this peer.
func (e *Engine) release(id p2p.PeerID) {
	for hash, from := range e.asked {
		if from == id {
			delete(e.asked, hash)
		}
	}
	if p := e.peers[id]; p != nil {
		p.inflight = 0
	}
}

// told notes a peer's tip.
func (e *Engine) told(in PeerTold) {
	if p := e.peers[in.Peer]; p != nil {
		p.status, p.work = in.Status, pow.WorkFromBytes(in.Status.Work)
		clear(p.lacks)
	}
}

// switched reports, once, that a peer left the branch it stood on. Then it may
// hold payments that went back to its pool, and gossip, having carried them once,
// will not repeat them.
func (e *Engine) switched(p *peer) bool {
	if _, known := e.tree.Info(p.status.Tip); !known || p.stood == p.status.Tip {
		return false
	}
	before := p.stood
	p.stood = p.status.Tip
	return !before.IsZero() && !e.tree.On(before, p.stood)
}

// schedule asks for whatever is worth asking now. It runs after every input, so
// no input needs to think of what it makes possible.
func (e *Engine) schedule() {
	best := e.tree.BestHeader()
	for _, id := range e.order {
		p := e.peers[id]
		if p.headers.IsZero() && p.work.Cmp(best.Work) > 0 {
			e.askHeaders(p)
		}
	}
	e.scheduleBodies()
	if e.CatchingUp() {
		return
	}
	for _, id := range e.order {
		p := e.peers[id]
		if e.switched(p) || p.pool == poolWanted && p.status != (p2p.Status{}) {
			p.pool = poolAsked
			e.emit(AskPool{id})
		}
	}
}

func (e *Engine) askHeaders(p *peer) {
	p.headers = e.now
	e.emit(AskHeaders{p.id, e.tree.Locator()})
}

// scheduleBodies spreads the missing bodies over the peers that have them. A pipe
// that is half empty is filled again, so that answers and requests overlap.
func (e *Engine) scheduleBodies() {
	idle := func(id p2p.PeerID) bool { return e.peers[id].inflight <= blocksInFlight/2 }
	if !slices.ContainsFunc(e.order, idle) {
		return
	}
	missing := e.tree.Missing(blockWindow, blockWindow)
	if len(missing) == 0 {
		return
	}
	wanted := missing[:0]
	for _, m := range missing {
		if _, on := e.asked[m.Hash]; !on {
			wanted = append(wanted, m)
		}
	}
	for _, id := range e.order {
		p := e.peers[id]
		if len(wanted) == 0 || !idle(id) {
			continue
		}
		var ids []block.Hash
		rest := wanted[:0]
		for _, m := range wanted {
			if p.inflight+len(ids) < blocksInFlight && e.canServe(p, m.Hash) {
				ids = append(ids, m.Hash)
				e.asked[m.Hash] = id
			} else {
				rest = append(rest, m)
			}
		}
		wanted = rest
		if len(ids) == 0 {
			continue
		}
		if p.inflight == 0 {
			p.since = e.now
		}
		p.inflight += len(ids)
		e.emit(AskBlocks{id, ids})
	}
}

// canServe reports whether a peer should have a body, as far as we know.
func (e *Engine) canServe(p *peer, id block.Hash) bool {
	return !p.lacks[id] && (e.tree.On(id, p.status.Tip) || e.tree.On(id, p.shown))
}

// arrived notes that a body is here, from whomever.
func (e *Engine) arrived(hash block.Hash, from p2p.PeerID) {
	asked, on := e.asked[hash]
	if !on {
		return
	}
	delete(e.asked, hash)
	if p := e.peers[asked]; p != nil {
		p.inflight--
		if asked == from {
			p.since, p.stall = e.now, max(minStall, p.stall*9/10)
		}
	}
}

// gotHeaders takes in what a peer, or the user, sent.
func (e *Engine) gotHeaders(in GotHeaders) error {
	p := e.peers[in.Peer]
	if p != nil {
		p.headers = time.Time{}
	}
	added, err := e.addHeaders(in.Headers, p)
	switch Classify(err) {
	case Trouble:
		return err
	case Broken:
		e.blame(in.Peer, err)
	}
	e.emit(Answer{err})
	if p != nil && len(in.Headers) > 0 {
		p.shown = in.Headers[len(in.Headers)-1].Hash()
	}
	switch {
	case p == nil:
	case err == nil && len(in.Headers) == headersPerAnswer:
		e.askMore(p, in.Headers[len(in.Headers)-1].Hash())
	case added == 0:
		p.work = pow.Work{} // it claimed more than it can show; its next status may claim again
	}
	return nil
}

// askMore continues where a full answer ended.
func (e *Engine) askMore(p *peer, last block.Hash) {
	p.headers = e.now
	e.emit(AskHeaders{p.id, append([]block.Hash{last}, e.tree.Locator()...)})
}

// addHeaders adds headers in order up to the first that cannot be, and returns how
// many are new. A branch that starts far below the tip is taken only from somebody
// who claims more work than we have: memory is the only thing that headers of
// little work can cost us.
func (e *Engine) addHeaders(headers []block.Header, p *peer) (added int, err error) {
	if len(headers) == 0 {
		return 0, nil
	}
	tip := e.tree.Tip()
	if at, ok := e.tree.Info(headers[0].Prev); ok && at.State.Height < tip.Height-maxSideDepth {
		if p != nil && p.work.Cmp(tip.Work) <= 0 {
			return 0, fmt.Errorf("%w: from height %d, tip at %d", ErrTooDeep, at.State.Height, tip.Height)
		}
	}
	for i := range headers {
		if i > 0 && headers[i].Prev != headers[i-1].Hash() {
			return added, fmt.Errorf("header %d: %w: it does not follow the one before", i, chain.ErrNoParent)
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

// orphanBlock keeps a block whose parent is unknown and asks its bringer for what
// lies between. Gossip will not bring the block again.
func (e *Engine) orphanBlock(in GotBlock, hash block.Hash) {
	if chain.CheckWork(e.tree.Params(), &in.Block.Header) != nil {
		return
	}
	if p := e.peers[in.Peer]; p != nil && p.headers.IsZero() {
		e.askHeaders(p)
	}
	for _, o := range e.orphans {
		if o.hash == hash {
			return
		}
	}
	if len(e.orphans) == maxOrphanBlocks {
		e.orphans = e.orphans[1:]
	}
	e.orphans = append(e.orphans, orphan{hash, in})
}

// orphan is a block whose parent is unknown, and how it came.
type orphan struct {
	hash block.Hash
	GotBlock
}

// takeOrphans adds the orphans whose parents are known now.
func (e *Engine) takeOrphans() error {
	for i := 0; i < len(e.orphans); i++ {
		o := e.orphans[i]
		if _, known := e.tree.Info(o.Block.Header.Prev); !known {
			continue
		}
		e.orphans = slices.Delete(e.orphans, i, i+1)
		if err := e.addBlock(o.GotBlock, o.hash); Classify(err) == Trouble {
			return err
		}
		i = -1 // its children may have been waiting too
	}
	return nil
}

// askEnded frees what a request did not bring.
func (e *Engine) askEnded(in AskEnded) {
	p := e.peers[in.Peer]
	if p == nil {
		return
	}
	switch ask := in.Ask.(type) {
	case AskHeaders:
		if in.Err != nil {
			p.headers = time.Time{}
			p.work = pow.Work{} // until it tells its status again
		}
	case AskBlocks:
		for _, id := range ask.IDs {
			if from, on := e.asked[id]; on && from == in.Peer {
				delete(e.asked, id)
				p.inflight--
				p.lacks[id] = true
			}
		}
	case AskPool:
		p.pool = poolDone
	}
}

// tick looks for peers that were asked and stay silent, and for payments that
// nobody wants to mine.
func (e *Engine) tick() {
	e.removed(e.pool.Expire(e.now), expiredReason)
	for _, id := range e.order {
		p := e.peers[id]
		waits := p.inflight > 0 && e.now.Sub(p.since) > p.stall
		if !p.headers.IsZero() && e.now.Sub(p.headers) > maxStall {
			waits = true
		}
		if !waits {
			continue
		}
		if p.stall >= maxStall || !p.headers.IsZero() && e.now.Sub(p.headers) > maxStall {
			e.emit(Drop{id, fmt.Errorf("did not answer for %s", maxStall)})
			p.headers = time.Time{}
			p.work = pow.Work{}
		}
		for hash, from := range e.asked {
			if from == id {
				p.lacks[hash] = true // ask somebody else first
			}
		}
		e.release(id)
		p.since = e.now
		p.stall = min(2*p.stall, maxStall)
	}
}
