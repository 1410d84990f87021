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

// Engine is a node without a network, a clock or a goroutine: what happens comes
// in through Step, what is to be done about it comes out. libp2p and the wall
// clock drive it for real (Node); a test or a simulator drives the very same code
// by hand. The same inputs in the same order give the same effects and the same
// bytes on disk. It is not safe for concurrent use.
type Engine struct {
	tree  *chain.Tree
	pool  *mempool.Pool
	agent string

	peers       map[peer.ID]*peerState
	order       []peer.ID              // of joining: every loop over peers follows it
	inFlight    map[block.Hash]peer.ID // bodies on their way, and from whom
	source      map[block.Hash]peer.ID // who brought a body that waits for its ancestors
	orphans     []orphan               // blocks whose parents are unknown, the oldest first
	orphanBytes int                    // bytes of the orphans

	assembled *Assembled // of the last Template; nil before the first

	mempoolAsked time.Time // when a peer was last asked for its pool
	now          time.Time // of the current Step
	effects      []Effect  // of the current Step, so far
	final        bool      // it decided what a start cannot make up for: see Save
	submitted    bool      // it was given blocks by our own user
	ticked       bool      // it was given a Tick
}

// NewEngine returns the engine of a node that holds tree and pool and knows
// nobody. agent is how it calls itself.
func New(tree *chain.Tree, pool *mempool.Pool, agent string) *Engine {
	return &Engine{tree: tree, pool: pool, agent: agent,
		peers:    make(map[peer.ID]*peerState),
		inFlight: make(map[block.Hash]peer.ID),
		source:   make(map[block.Hash]peer.ID),
	}
}

// Tree returns the block tree: for reading only.
func (e *Engine) Tree() *chain.Tree { return e.tree }

// Pool returns the pending transactions: for reading only.
func (e *Engine) Pool() *mempool.Pool { return e.pool }

// Status returns what the node tells its peers.
func (e *Engine) Status() peer.Status {
	tip := e.tree.Tip()
	return peer.Status{Tip: tip.Hash, Height: tip.Height, Work: tip.Work.Bytes(), Agent: e.agent}
}

// Step takes one input and returns what is to be done about it, once Save has returned.
// An error is our own disk's: the engine must not be used any more.
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

// Decide is the first half of Step: what it returns is decided, and Save must follow.
// A driver may carry out PublishBlock in between: see the package's contract.
func (e *Engine) Decide(now time.Time, in Input) ([]Effect, error) {
	e.now, e.effects = now, nil
	e.classify(in)
	if err := e.handle(in); err != nil {
		return nil, err
	}
	if err := e.takeOrphans(); err != nil {
		return nil, err
	}
	e.schedule()
	return e.effects, nil
}

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
		for _, b := range in.Blocks {
			if err := e.gotBlock(BlockReceived{Block: b}); err != nil {
				return err
			}
		}
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

func (e *Engine) emit(f Effect) { e.effects = append(e.effects, f) }

func (e *Engine) notify(ev Event) {
	ev.Time = e.now
	e.emit(Emit{ev})
}

// gotBlock judges a block and answers.
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

// addBlock hands a block to the tree and does what follows, whatever came of it.
// The error is the tree's.
func (e *Engine) addBlock(in BlockReceived, hash block.Hash) error {
	e.bodyArrived(hash, in.Peer)
	if e.tooFar(&in.Block.Header, in.Requested || in.Peer == "") {
		return ErrTooFar
	}
	change, err := e.tree.AddBlock(in.Block, e.now)
	switch Classify(err) {
	case Internal:
		return err
	case Invalid:
		e.rejectBlock(in, err)
	case OK:
		e.remember(hash, in.Peer)
		info, _ := e.tree.Info(hash)
		added := blockEvent(in.Block, info.State.Height)
		added.Active = info.Active
		e.notify(Event{Kind: BlockAdded, Block: added, Peer: in.Peer})
		if in.Peer == "" {
			e.emit(PublishBlock{in.Block})
		}
	}
	if moved := e.moved(change, hash); moved != nil {
		return moved
	}
	return err
}

// refused blames the bringer of a block that breaks a rule, and tells of it.
func (e *Engine) rejectBlock(in BlockReceived, err error) {
	e.penalize(in.Peer, err)
	e.notify(Event{Kind: BlockRejected, Block: blockEvent(in.Block, 0), Peer: in.Peer, Reason: err.Error()})
}

// tooFar reports whether a block that nobody asked for starts a branch so far
// below the tip that it cannot matter, or is so far above that it will be asked for
// when its turn comes.
func (e *Engine) tooFar(h *block.Header, asked bool) bool {
	parent, known := e.tree.Info(h.Prev)
	above := parent.State.Height - e.tree.Tip().Height
	return known && !asked && (above < -maxSideDepth || above >= maxSideDepth)
}

// remember notes who brought a block, in case it turns out to be bad when its turn
// comes. Now and then everything is forgotten: then nobody is blamed.
func (e *Engine) remember(hash block.Hash, from peer.ID) {
	if len(e.source) > maxSources {
		clear(e.source)
	}
	e.source[hash] = from
}

func blockEvent(b *block.Block, height block.Height) *BlockEvent {
	return &BlockEvent{Hash: b.Hash(), Prev: b.Header.Prev, Height: height, Txs: len(b.Txs), Size: b.Size()}
}

// moved does what follows from a change of the best chain. mine is the block that
// caused it, already answered for.
func (e *Engine) moved(change chain.Change, mine block.Hash) error {
	for _, f := range change.Failed {
		if from := e.source[f.Hash]; f.Hash != mine {
			e.penalize(from, f.Err)
			e.notify(Event{Kind: BlockRejected, Block: &BlockEvent{Hash: f.Hash}, Peer: from, Reason: f.Err.Error()})
		}
		delete(e.source, f.Hash)
	}
	if !change.Moved() {
		return nil
	}
	for _, s := range change.Applied {
		delete(e.source, s.Hash)
	}
	updated, err := e.pool.Update(e.tree, change, e.now)
	if err != nil {
		return err
	}
	for _, id := range updated.Returned {
		if entry, ok := e.pool.Get(id); ok {
			e.emit(PublishTx{entry.Tx})
		}
	}
	if change.Reorg != nil {
		e.final = true
		e.notify(Event{Kind: Reorganised, Reorg: change.Reorg})
	}
	e.removed(updated.Conflicted, "conflicts with a confirmed payment")
	e.removed(updated.Dropped, "too early on this chain: a lock, or an immature coinbase")
	e.accepted(updated.Accepted, 0)
	e.removed(updated.Replaced, replacedReason)
	e.removed(updated.Evicted, evictedReason)
	tip := change.To
	told := &TipEvent{Hash: tip.Hash, Height: tip.Height,
		Bits: tip.Header.Bits, OldBits: change.From.Header.Bits, Work: tip.Work.String(), Waited: updated.Waited}
	if info, known := e.tree.Info(tip.Hash); known && tip.Hash == mine {
		told.Heard = e.heard(&info)
	}
	e.notify(Event{Kind: TipChanged, Tip: told})
	e.emit(Announce{e.Status()})
	return nil
}

// heard returns when a block was first heard of.
func (e *Engine) heard(info *chain.Info) time.Time {
	if e.now.Sub(info.Received) < time.Millisecond { // what the tree's clock has
		return e.now
	}
	return info.Received
}

// overrule follows the user's word.
func (e *Engine) override(in Override) error {
	var change chain.Change
	var err error
	switch in.Action {
	case Invalidate:
		change, err = e.tree.Invalidate(in.Hash, e.now)
	case Reconsider:
		change, err = e.tree.Reconsider(in.Hash, e.now)
		e.restoreClaims() // whose blocks built on it, and were not taken, is asked again
	case Precious:
		change, err = e.tree.Precious(in.Hash, e.now)
	}
	if Classify(err) == Internal {
		return err
	}
	e.emit(Result{err})
	return e.moved(change, block.Hash{})
}

// blame has a peer dropped. What it said of itself counts no more: nothing is asked of
// it in the moment that it is still here.
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
