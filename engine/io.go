package engine

import (
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/peer"
)

// Input is something that happens to an engine: one of the types below.
type Input interface{ input() }

type (
	// PeerJoined: a connection is ready. PeerTold follows.
	PeerJoined struct {
		Peer    peer.ID
		Inbound bool
	}
	// PeerLeft: the connection is gone, and with it whatever was asked there.
	PeerLeft struct{ Peer peer.ID }
	// PeerTold: a peer says what its tip is.
	PeerStatus struct {
		Peer   peer.ID
		Status peer.Status
	}

	// GotBlock: a block came in, by gossip, as the answer to AskBlocks, or from
	// this node's own miner or user (Peer is empty). It is answered by one Answer.
	BlockReceived struct {
		Peer      peer.ID
		Block     *block.Block
		Requested bool // it is an answer to AskBlocks
	}
	// GotBlocks: many blocks from this node's own user, which go to the disk as one.
	// Each is answered, in their order.
	BlocksSubmitted struct{ Blocks []*block.Block }
	// GotTx: like GotBlock, a transaction.
	TxReceived struct {
		Peer  peer.ID
		Tx    *block.Tx
		Since time.Time // when it first came, if it waited before a restart; zero: now
	}
	// GotHeaders: the answer to AskHeaders, or a user's submitheader (Peer is empty).
	HeadersReceived struct {
		Peer    peer.ID
		Headers []block.Header
	}
	// GotPool: the answer to AskPool.
	MempoolReceived struct {
		Peer peer.ID
		IDs  []block.Hash
	}
	// AskEnded: a request to a peer is over; Err says why if it failed. What it
	// did not bring may be asked elsewhere.
	RequestDone struct {
		Peer    peer.ID
		Request Effect // the AskHeaders, AskBlocks, AskPool or AskTxs
		Err     error
	}

	// Overrule: the user says that a block is invalid, is not, or is to be
	// preferred.
	Override struct {
		Hash   block.Hash
		Action Action
	}
	// Tick: some time has passed.
	Tick struct{}
	// ClockSet: the time has changed without passing.
	ClockSet struct{}
)

// Overruling is a user's word against the fork choice.
type Action int

const (
	Invalidate Action = iota // treat it as if it broke a rule
	Reconsider               // take that back
	Precious                 // treat it as if it had been seen first
)

func (PeerJoined) input()      {}
func (PeerLeft) input()        {}
func (PeerStatus) input()      {}
func (BlockReceived) input()   {}
func (BlocksSubmitted) input() {}
func (TxReceived) input()      {}
func (HeadersReceived) input() {}
func (MempoolReceived) input() {}
func (RequestDone) input()     {}
func (Override) input()        {}
func (Tick) input()            {}
func (ClockSet) input()        {}

// Effect is something that an engine wants done: one of the types below.
type Effect interface{ effect() }

type (
	// Answer tells what became of a GotBlock, each of GotBlocks, a GotTx, GotHeaders or Overrule; Err
	// is nil if it was accepted. See Classify.
	Result struct{ Err error }

	// Note: keep this block, and when it came, safe from the end of the process until
	// Save has done more than nothing, and from a power failure too if Sync is set. It
	// comes before the block's Answer. The disk may begin before it is asked: see Foresee.
	Note struct {
		Block *block.Block
		Time  time.Time
		Sync  bool
	}
	// PublishBlock and PublishTx: gossip it to everybody.
	PublishBlock struct{ Block *block.Block }
	PublishTx    struct{ Tx *block.Tx }
	// Announce: tell every peer what our tip is now.
	Announce struct{ Status peer.Status }

	// AskHeaders: ask a peer what follows the locator on its best chain.
	RequestHeaders struct {
		Peer    peer.ID
		Locator []block.Hash
	}
	// AskBlocks: ask a peer for these blocks, at most peer.MaxBlocksAsked.
	RequestBlocks struct {
		Peer peer.ID
		IDs  []block.Hash
	}
	// AskPool: ask a peer what is in its pool.
	RequestMempool struct{ Peer peer.ID }
	// AskTxs: ask a peer for these pending transactions.
	RequestTxs struct {
		Peer peer.ID
		IDs  []block.Hash
	}

	// Blame: the peer broke a rule. Drop it and refuse it for a while.
	Penalize struct {
		Peer   peer.ID
		Reason error
	}
	// Drop: the peer is of no use, though not at fault: end the connection.
	Disconnect struct {
		Peer   peer.ID
		Reason error
	}

	// Happened is an event, for logs and for those who watch.
	Emit struct{ Event }
)

func (Result) effect()         {}
func (Note) effect()           {}
func (PublishBlock) effect()   {}
func (PublishTx) effect()      {}
func (Announce) effect()       {}
func (RequestHeaders) effect() {}
func (RequestBlocks) effect()  {}
func (RequestMempool) effect() {}
func (RequestTxs) effect()     {}
func (Penalize) effect()       {}
func (Disconnect) effect()     {}
func (Emit) effect()           {}

// Event is something that people watch for. Only the fields of its kind are set.
type Event struct {
	Kind EventKind
	Time time.Time

	Block    *BlockEvent   // BlockAdded; BlockRefused may know no more than the hash
	Tip      *TipEvent     // TipChanged
	Reorg    *chain.Reorg  // Reorganised
	Tx       block.Hash    // TxAdded, TxRemoved
	Reason   string        // TxRemoved, BlockRefused, PeerBlamed
	Peer     peer.ID       // PeerUp, PeerDown, PeerBlamed, BlockAdded: who brought it
	Duration time.Duration // TipChanged: since the block was first announced; the driver sets it
}

// EventKind names an event.
type EventKind string

const (
	BlockAdded    EventKind = "block"   // a block was stored, of whatever branch
	BlockRejected EventKind = "refused" // a block broke a rule
	TipChanged    EventKind = "tip"     // the best chain ends in another block
	Reorganised   EventKind = "reorg"   // and blocks left it
	TxAdded       EventKind = "tx"      // a payment came into the pool
	TxRemoved     EventKind = "dropped" // a payment left it without being confirmed
	PeerUp        EventKind = "peer-up"
	PeerDown      EventKind = "peer-down"
	PeerPenalized EventKind = "blamed"
)

// BlockEvent is what is worth telling about a new block.
type BlockEvent struct {
	Hash   block.Hash
	Prev   block.Hash
	Height block.Height
	Txs    int
	Size   int
	Active bool // on the best chain
}

// TipEvent is a change of the best chain.
type TipEvent struct {
	Hash    block.Hash
	Height  block.Height
	Bits    uint32
	OldBits uint32 // of the tip before
	Work    string

	Heard  time.Time       // when the block, or its header, was first here; zero if the tip is not what just came
	Waited []time.Duration // how long payments had been in the pool that got their first confirmation
}
