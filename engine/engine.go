package engine

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/mempool"
	"toychain/peer"
)

// Engine is a node without a network, a clock or a goroutine: what happens goes in, what to
// do about it comes out. Package node drives it with libp2p and the wall clock; a test or a
// simulator drives the same code by hand. The same inputs in the same order give the same
// effects and the same bytes on disk. It is not safe for concurrent use.
type Engine struct {
	tree  *chain.Tree
	pool  *mempool.Pool
	agent string

	peers       map[peer.ID]*peerState
	order       []*peerState           // in which they joined: every loop over peers follows it, not the map
	inFlight    map[block.Hash]peer.ID // bodies requested and not here yet, by the peer that was asked
	orphans     []orphan               // blocks whose parents are unknown, the oldest first
	orphanBytes int                    // of the orphans together
	side        sideBudget             // of all peers: see overSideBudget
	early       block.Height           // of the highest block that was passed on early: see Check

	assembled *Assembled // of the last Template; nil before the first

	untold       time.Time     // since when our tip is another than we told our peers; zero: it is the same
	mempoolAsked time.Time     // when the last peer was asked for its mempool
	mempoolWait  time.Duration // until the next is
	now          time.Time     // of the current Step
	effects      []Effect      // of the current Step, so far
	final        bool          // it decided something that a start cannot make up for: see Save
	submitted    bool          // its blocks came from our own user
	bulk         bool          // and are many: see gotBlocks
	ticked       bool          // its input was a Tick
}

// New returns the engine of a node with this tree and mempool, and without peers. agent is
// the software's name in its status.
func New(tree *chain.Tree, pool *mempool.Pool, agent string) *Engine {
	return &Engine{tree: tree, pool: pool, agent: agent,
		peers:    make(map[peer.ID]*peerState),
		inFlight: make(map[block.Hash]peer.ID), mempoolWait: minMempoolWait,
	}
}

// Tree returns the block tree: for reading only.
func (e *Engine) Tree() *chain.Tree { return e.tree }

// Between has f called while a move of the tip is worked out, after each of its blocks. f may
// read the engine, which is as it was before the input; it must not change it. See
// [chain.Tree.Between].
func (e *Engine) Between(f func(done, all int)) { e.tree.Between(f) }

// Pool returns the pending transactions: for reading only.
func (e *Engine) Pool() *mempool.Pool { return e.pool }

// Status returns what the node states to its peers.
func (e *Engine) Status() peer.Status {
	tip := e.tree.Tip()
	return peer.Status{Tip: tip.Hash, Height: tip.Height, Work: tip.Work.Bytes(), Agent: e.agent}
}

// Step is Decide and Save: it takes one input and returns its effects, to be carried out. An
// error is our own disk's: the engine must not be used any more.
func (e *Engine) Step(now time.Time, in Input) ([]Effect, error) {
	effects, err := e.Decide(now, in)
	if err == nil {
		err = e.Save()
	}
	if err != nil {
		return nil, err
	}
	return effects, nil
}

// Decide is the first half of Step; Save must follow. A driver may carry out PublishBlock in
// between: see the contract in the package's document.
func (e *Engine) Decide(now time.Time, in Input) ([]Effect, error) {
	e.now, e.effects = now, nil
	e.classify(in)
	before := e.tree.Tip().Hash
	if err := e.handle(in); err != nil {
		return nil, err
	}
	if err := e.takeOrphans(); err != nil {
		return nil, err
	}
	e.announce(before)
	e.schedule(in)
	return e.effects, nil
}

// announce has our peers told that the tip moved, at once or, while bodies of a better chain are still
// missing, when the last of them is here or announceWithin has passed: a heal of 100 blocks is one
// announcement, not 100. before is the tip before this Step.
func (e *Engine) announce(before block.Hash) {
	if e.untold.IsZero() && e.tree.Tip().Hash != before {
		e.untold = e.now
	}
	if e.untold.IsZero() || e.CatchingUp() && e.now.Before(e.untold.Add(announceWithin)) {
		return
	}
	e.untold = time.Time{}
	e.emit(Announce{e.Status()})
}

// handle does what belongs to one kind of input. Only an error of our own disk is returned;
// that a block or a transaction is bad is a Result for the one who sent it.
func (e *Engine) handle(in Input) error {
	switch in := in.(type) {
	case PeerJoined:
		e.join(in)
	case PeerLeft:
		e.leave(in.Peer)
	case PeerStatus:
		e.gotStatus(in)
	case BlockReceived:
		return e.gotBlock(in)
	case BlocksSubmitted:
		return e.gotBlocks(in)
	case TxReceived:
		return e.gotTx(in)
	case HeadersReceived:
		return e.gotHeaders(in)
	case MempoolReceived:
		e.gotMempool(in)
	case RequestDone:
		e.requestDone(in)
	case Override:
		return e.override(in)
	case Prioritise:
		e.pool.Prioritise(in.TxID, in.Delta)
	case Tick:
		e.tick()
	case ClockSet:
		e.clockSet()
	default:
		return fmt.Errorf("input of type %T", in)
	}
	return nil
}

// CatchingUp reports whether bodies of a better chain are still missing.
func (e *Engine) CatchingUp() bool { return e.tree.BestHeader().Work.Cmp(e.tree.Tip().Work) > 0 }

func (e *Engine) emit(f Effect) {
	if e.effects == nil {
		e.effects = make([]Effect, 0, 4) // as many as a block or a transaction has
	}
	e.effects = append(e.effects, f)
}

func (e *Engine) notify(ev Event) {
	ev.Time = e.now
	e.emit(Emit{ev})
}

// gotBlocks validates many blocks. They are not published: a file's worth of old blocks is no
// news, and peers that do not have them request them once they know our new status, as they
// would after we had been apart (Core relays no block while it is behind, and announces a new
// tip only).
func (e *Engine) gotBlocks(in BlocksSubmitted) error {
	for _, b := range in.Blocks {
		if err := e.gotBlock(BlockReceived{Block: b}); err != nil {
			return err
		}
	}
	return nil
}

// gotBlock validates a block and emits the result.
func (e *Engine) gotBlock(in BlockReceived) error {
	hash := in.Block.Hash()
	err := e.addBlock(in, hash)
	if Classify(err) == Internal {
		return err
	}
	if errors.Is(err, consensus.ErrNoParent) {
		err = cmp.Or(e.orphanBlock(in, hash), err)
	}
	e.emit(Result{err})
	return nil
}

// addBlock hands a block to the tree and does what follows from the answer. The error is the
// tree's.
//
// The block and the move of the tip are two things. A valid block of a side branch moves
// nothing; a block that is rejected may still have moved the tip, if its branch had more
// work and the blocks below it were valid. So moved is called whatever the tree said of the
// block itself.
func (e *Engine) addBlock(in BlockReceived, hash block.Hash) error {
	e.bodyArrived(hash, in.Peer)
	if e.tooFar(&in.Block.Header, in.Requested || in.Peer == "") {
		return ErrTooFar
	}
	if e.overSideBudget(in) {
		return ErrSideBudget
	}
	change, err := e.tree.AddChecked(in.checks(), e.now)
	switch Classify(err) {
	case Internal:
		return err
	case Invalid:
		e.penalize(in.Peer, err)
		e.rejected(in, hash, err)
	case Unblamed:
		e.rejected(in, hash, err)
	case OK:
		height, _ := e.tree.Height(hash)
		added := blockEvent(in.Block, hash, height)
		added.Active = e.tree.Active(hash)
		e.notify(Event{Kind: BlockAdded, Block: added, Peer: in.Peer})
		if in.Peer == "" && !e.bulk { // a peer's block is forwarded by gossip itself, once its verdict is Accept
			e.emit(PublishBlock{in.Block})
		}
	}
	if moved := e.moved(change, hash); moved != nil {
		return moved
	}
	return err
}

// rejected emits BlockRejected.
func (e *Engine) rejected(in BlockReceived, hash block.Hash, err error) {
	e.notify(Event{Kind: BlockRejected, Block: blockEvent(in.Block, hash, 0), Peer: in.Peer, Reason: err.Error()})
}

// tooFar reports whether a block that we did not request forks so far below the tip that it
// cannot matter, or is so far above the tip that it will be requested when its turn comes.
func (e *Engine) tooFar(h *block.Header, asked bool) bool {
	tip := e.tree.Tip()
	if asked || h.Prev == tip.Hash { // as mostly
		return false
	}
	parent, known := e.tree.Height(h.Prev)
	above := parent - tip.Height
	return known && (above < -maxSideDepth || above >= maxSideDepth)
}

func blockEvent(b *block.Block, hash block.Hash, height block.Height) *BlockEvent {
	return &BlockEvent{Hash: hash, Prev: b.Header.Prev, Height: height, Txs: len(b.Txs), Size: b.Size()}
}

// moved does what follows from a change of the best chain: the mempool is updated, events are
// emitted. mine is the block that caused the change and has its
// Result already.
func (e *Engine) moved(change chain.Change, mine block.Hash) error {
	// Blocks that were kept on a side branch unchecked, and broke a rule when their turn came.
	for _, f := range change.Failed {
		if f.Hash != mine {
			e.notify(Event{Kind: BlockRejected, Block: &BlockEvent{Hash: f.Hash}, Reason: f.Err.Error()})
		}
	}
	if !change.Moved() {
		return nil
	}
	updated, err := e.pool.Update(e.tree, change, e.now)
	if err != nil {
		return err
	}
	// Gossip carried these to our peers once, but not to those that were on the other side of
	// a partition then.
	for _, id := range updated.Returned {
		if entry, ok := e.pool.Get(id); ok {
			e.emit(PublishTx{entry.Tx})
		}
	}
	if change.Reorg != nil {
		e.final, e.mempoolWait = true, minMempoolWait
		e.notify(Event{Kind: Reorganised, Reorg: change.Reorg})
	}
	e.removed(updated.Conflicted, "conflicts with a confirmed transaction")
	e.removed(updated.Dropped, "too early on this chain: a lock, or an immature coinbase")
	e.accepted(updated.Accepted, 0)
	e.removed(updated.Replaced, replacedReason)
	e.removed(updated.Evicted, evictedReason)
	tip := change.To
	event := &TipEvent{Hash: tip.Hash, Height: tip.Height,
		Bits: tip.Header.Bits, OldBits: change.From.Header.Bits, Work: tip.Work.String(), Waited: updated.Waited}
	if tip.Hash == mine {
		event.Heard = e.heard(mine)
	}
	e.notify(Event{Kind: TipChanged, Tip: event})
	return nil
}

// heard returns when a block or its header first arrived.
func (e *Engine) heard(hash block.Hash) time.Time {
	received := e.tree.Received(hash)
	if e.now.Sub(received) < time.Millisecond { // the resolution of the tree's times
		return e.now
	}
	return received
}

// override applies a user's override of the fork choice.
func (e *Engine) override(in Override) error {
	var change chain.Change
	var err error
	switch in.Action {
	case Invalidate:
		change, err = e.tree.Invalidate(in.Hash, e.now)
	case Reconsider:
		change, err = e.tree.Reconsider(in.Hash, e.now)
		e.restoreClaims() // peers whose blocks build on it are asked again
	case Precious:
		change, err = e.tree.Precious(in.Hash, e.now)
	}
	if Classify(err) == Internal {
		return err
	}
	e.emit(Result{err})
	return e.moved(change, block.Hash{})
}

// penalize has a peer disconnected and banned. Nothing is requested of it in the moment that
// it is still connected.
func (e *Engine) penalize(id peer.ID, reason error) {
	if id == "" {
		return
	}
	if p := e.peers[id]; p != nil {
		p.status, p.bestKnown = peer.Status{}, block.Hash{}
		p.dropClaim()
	}
	e.emit(Penalize{id, reason})
	e.notify(Event{Kind: PeerPenalized, Peer: id, Reason: reason.Error()})
}
