package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/peer"
	"toychain/pow"
)

// How a node catches up. A peer tells its tip and its work; if that is more than
// our best header's we ask for the headers between, and then for bodies, lowest
// first, in a moving window, from every peer whose own branch has them.
// Gossip never replaces this: a block with an unknown parent, a new connection
// and a healed cut each lead here.

// ErrTooFar: a branch that starts far below our tip and has less work, or a block far
// above it that was not asked for.
var ErrTooFar = errors.New("too far from the tip for its work")

// peer is what the engine knows of a connected peer.
type peerState struct {
	id       peer.ID
	status   peer.Status
	shown    block.Hash // the last header that it sent: it has what leads there, too
	stood    block.Hash // its tip when we last knew both that and the one before
	work     pow.Work   // what it claims; zero when it could not show it
	headers  time.Time  // when headers were asked for; zero: nothing asked
	inflight int        // bodies asked for and not yet here
	since    time.Time  // when it last brought one of them, or was asked the first
	stall    time.Duration
	lacks    map[block.Hash]bool // bodies that it was asked for and did not have
	proof    *proof              // of a branch that starts far below the tip; nil: none begun
	idle     int                 // headers of it that lead to nothing better
	empty    int                 // claims in a row without a header
	pool     poolState
	poolAt   time.Time // when it was last asked for its pool; zero: never
	txAsks   int       // requests for transactions under way
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
	e.peers[in.Peer] = &peerState{id: in.Peer, stall: minStall, lacks: make(map[block.Hash]bool)}
	e.order = append(e.order, in.Peer)
	e.notify(Event{Kind: PeerUp, Peer: in.Peer})
}

func (e *Engine) leave(id peer.ID) {
	if e.peers[id] == nil {
		return
	}
	e.release(id)
	delete(e.peers, id)
	e.order = slices.DeleteFunc(e.order, func(o peer.ID) bool { return o == id })
	e.notify(Event{Kind: PeerDown, Peer: id})
}

// release lets others be asked for what was asked of this peer.
func (e *Engine) release(id peer.ID) {
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
func (e *Engine) gotStatus(in PeerStatus) {
	if p := e.peers[in.Peer]; p != nil {
		p.status, p.work = in.Status, pow.WorkFromBytes(in.Status.Work)
		clear(p.lacks)
	}
}

// switched reports, once, that a peer left the branch it stood on. Then it may
// hold payments that went back to its pool, and gossip, having carried them once,
// will not repeat them.
func (e *Engine) switched(p *peerState) bool {
	if _, known := e.tree.Info(p.status.Tip); !known || p.stood == p.status.Tip {
		return false
	}
	before := p.stood
	p.stood = p.status.Tip
	return !before.IsZero() && !e.tree.On(before, p.stood)
}

// Shared returns how high the highest block is that we know a peer to have, too, or to
// have had before its tip became one that we do not know; false if there is none.
func (e *Engine) Shared(id peer.ID) (block.Height, bool) {
	p := e.peers[id]
	if p == nil {
		return 0, false
	}
	for _, hash := range []block.Hash{p.status.Tip, p.stood} {
		if info, known := e.tree.Info(hash); known {
			return info.State.Height, true
		}
	}
	return 0, false
}

// schedule asks for whatever is worth asking now. It runs after every input, so
// no input needs to think of what it makes possible.
func (e *Engine) schedule() {
	best, tip := e.tree.BestHeader(), e.tree.Tip()
	for _, id := range e.order {
		if p := e.peers[id]; e.worthAsking(p, &best, &tip) {
			e.askHeaders(p)
		}
	}
	e.scheduleBodies()
	for _, id := range e.order {
		p := e.peers[id]
		if p.work.Cmp(tip.Work) > 0 {
			continue // its payments may need blocks that we lack
		}
		if p.pool == poolAsked || p.txAsks > 0 {
			continue // whoever changes its branch all the time is asked one thing after the other
		}
		if e.switched(p) || p.pool == poolWanted && p.status != (peer.Status{}) {
			p.pool, p.poolAt, e.poolAt = poolAsked, e.now, e.now
			e.emit(RequestMempool{id})
		}
	}
}

// wantPool has one peer asked again for its pool now and then, whoever was asked the
// longest ago: gossip carries a payment once, and a line may have lost it.
func (e *Engine) wantPool() {
	if e.now.Sub(e.poolAt) < poolEvery {
		return
	}
	var next *peerState
	for _, id := range e.order {
		if p := e.peers[id]; p.pool == poolDone && (next == nil || p.poolAt.Before(next.poolAt)) {
			next = p
		}
	}
	if next != nil {
		next.pool = poolWanted
	}
}

func (e *Engine) askHeaders(p *peerState) {
	p.headers = e.now
	e.emit(RequestHeaders{p.id, e.tree.Locator()})
}

// scheduleBodies spreads the missing bodies over the peers that have them: each to
// the first that has room. A pipe that is half empty is filled again, so that
// answers and requests overlap.
func (e *Engine) scheduleBodies() {
	var idle []peer.ID
	for _, id := range e.order {
		if e.peers[id].inflight <= peer.MaxBlocksAsked/2 {
			idle = append(idle, id)
		}
	}
	if len(idle) == 0 {
		return
	}
	asks := make(map[peer.ID][]block.Hash)
	for m := range e.missing() {
		if _, on := e.asked[m.Hash]; on {
			continue
		}
		room := false
		for _, id := range idle {
			p := e.peers[id]
			if p.inflight+len(asks[id]) == peer.MaxBlocksAsked {
				continue
			}
			room = true
			if e.canServe(p, m.Hash) {
				asks[id] = append(asks[id], m.Hash)
				e.asked[m.Hash] = id
				break
			}
		}
		if !room {
			break
		}
	}
	for _, id := range idle {
		if len(asks[id]) > 0 {
			e.askBodies(e.peers[id], asks[id])
		}
	}
}

func (e *Engine) askBodies(p *peerState, ids []block.Hash) {
	if p.inflight == 0 {
		p.since = e.now
	}
	p.inflight += len(ids)
	e.emit(RequestBlocks{p.id, ids})
}

// canServe reports whether a peer should have a body, as far as we know.
func (e *Engine) canServe(p *peerState, id block.Hash) bool {
	return !p.lacks[id] && (e.tree.On(id, p.status.Tip) || e.tree.On(id, p.shown))
}

// arrived notes that a body is here, from whomever.
func (e *Engine) arrived(hash block.Hash, from peer.ID) {
	asked, on := e.asked[hash]
	if !on {
		return
	}
	delete(e.asked, hash)
	if p := e.peers[asked]; p != nil {
		p.inflight--
		if asked == from {
			p.since, p.stall, p.idle = e.now, max(minStall, p.stall*9/10), 0
		}
	}
}

// gotHeaders takes in what a peer, or the user, sent.
func (e *Engine) gotHeaders(in HeadersReceived) error {
	p := e.peers[in.Peer]
	keep, added := true, 0
	var err error
	if p != nil {
		p.headers = time.Time{}
		if len(in.Headers) > 0 {
			keep, err = e.weigh(p, in.Headers)
		}
	}
	if best := e.tree.BestHeader().Work; keep {
		added, err = e.addHeaders(in.Headers)
		e.loose = e.loose || added > 0
		if p != nil && err == nil && added > 0 {
			err = e.idles(p, in.Headers[len(in.Headers)-1].Hash(), added, best)
		}
	}
	switch {
	case Classify(err) == Internal:
		return err
	case Classify(err) == Invalid:
		e.penalize(in.Peer, err)
	}
	e.emit(Result{err})
	if p != nil && Classify(err) != Invalid && (keep || err != nil) {
		e.shownHeaders(p, in.Headers, added, err)
	}
	return nil
}

// shownHeaders draws the conclusions about a peer whose headers were kept, or were not
// good enough.
func (e *Engine) shownHeaders(p *peerState, headers []block.Header, added int, err error) {
	if len(headers) > 0 {
		p.shown = headers[len(headers)-1].Hash()
	}
	tip := e.tree.Tip()
	if len(headers) > 0 {
		p.empty = 0 // known ones may have come by gossip meanwhile
	} else if p.work.Cmp(tip.Work) > 0 {
		p.empty++
	}
	switch {
	case err == nil && len(headers) == peer.MaxHeaders && e.farAhead(p, &tip):
		// more when the blocks have come
	case err == nil && len(headers) == peer.MaxHeaders:
		e.askMore(p, p.shown)
	case added == 0:
		p.unproven() // it claimed more than it can show
	}
	if p.empty > emptyClaims {
		e.penalize(p.id, fmt.Errorf("%w: %d times more work, and no header", errHollow, p.empty))
	}
}

// askMore continues where a full answer ended.
func (e *Engine) askMore(p *peerState, last block.Hash) {
	p.headers = e.now
	e.emit(RequestHeaders{p.id, append([]block.Hash{last}, e.tree.Locator()...)})
}

// addHeaders adds headers in order up to the first that cannot be, and returns how
// many are new.
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

// orphanBlock keeps a block whose parent is unknown and asks its bringer for what
// lies between. Gossip will not bring the block again. The error says that it is
// faulty in itself; nothing that is may take up room here.
func (e *Engine) orphanBlock(in BlockReceived, hash block.Hash) error {
	err := consensus.CheckWork(e.tree.Params(), &in.Block.Header)
	if err == nil {
		err = consensus.CheckBody(consensus.NewBlock(in.Block))
	}
	if err != nil {
		e.rejectBlock(in, err)
		return err
	}
	if p := e.peers[in.Peer]; p != nil && p.headers.IsZero() {
		e.askHeaders(p)
	}
	if slices.ContainsFunc(e.orphans, func(o orphan) bool { return o.hash == hash }) {
		return nil
	}
	size := in.Block.Size()
	for len(e.orphans) > 0 && (len(e.orphans) >= maxOrphanBlocks || e.waiting+size > maxOrphanBytes) {
		e.dropOrphan(0)
	}
	e.orphans = append(e.orphans, orphan{hash, size, in})
	e.waiting += size
	return nil
}

func (e *Engine) dropOrphan(i int) {
	e.waiting -= e.orphans[i].size
	e.orphans = slices.Delete(e.orphans, i, i+1)
}

// orphan is a block whose parent is unknown, and how it came.
type orphan struct {
	hash block.Hash
	size int
	BlockReceived
}

// takeOrphans adds the orphans whose parents are known now.
func (e *Engine) takeOrphans() error {
	for i := 0; i < len(e.orphans); i++ {
		o := e.orphans[i]
		if _, known := e.tree.Info(o.Block.Header.Prev); !known {
			continue
		}
		e.dropOrphan(i)
		if err := e.addBlock(o.BlockReceived, o.hash); Classify(err) == Internal {
			return err
		}
		i = -1 // its children may have been waiting too
	}
	return nil
}

// askEnded frees what a request did not bring.
func (e *Engine) requestDone(in RequestDone) {
	p := e.peers[in.Peer]
	if p == nil {
		return
	}
	switch ask := in.Request.(type) {
	case RequestHeaders:
		if in.Err != nil {
			p.headers = time.Time{}
			p.unproven()
		}
	case RequestBlocks:
		e.hollow(p, in.Err)
		for _, id := range ask.IDs {
			if from, on := e.asked[id]; on && from == in.Peer {
				delete(e.asked, id)
				p.inflight--
				p.lacks[id] = true
			}
		}
	case RequestMempool:
		p.pool = poolDone
	case RequestTxs:
		p.txAsks = max(p.txAsks-1, 0)
	}
}

// believe takes every peer's claim for possible again: what made us refuse its blocks
// is gone.
func (e *Engine) believe() {
	for _, p := range e.peers {
		p.work = pow.WorkFromBytes(p.status.Work)
		clear(p.lacks)
	}
}

// clockSet starts the patience with every peer anew, and believes again what it claims:
// a block that came too early before may be in time now.
func (e *Engine) clockSet() {
	e.believe()
	e.poolAt = e.now
	for _, p := range e.peers {
		p.since, p.poolAt = e.now, e.now
		if !p.headers.IsZero() {
			p.headers = e.now
		}
	}
}

// tick looks for peers that were asked and stay silent, and for payments that
// nobody wants to mine.
func (e *Engine) tick() {
	e.removed(e.pool.Expire(e.now), expiredReason)
	e.wantPool()
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
			e.emit(Disconnect{id, fmt.Errorf("did not answer for %s", maxStall)})
			p.headers = time.Time{}
			p.unproven()
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
