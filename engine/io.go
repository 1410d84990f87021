package engine

import (
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/peer"
)

// Input is something that happens to an engine: one of the types below. They are all that it
// ever learns, so a list of them with their times is a complete recording of a node's life:
// replayed on a new engine it ends in the same state, to the byte (TestSameStorySameBytes).
type Input interface{ input() }

type (
	// PeerJoined: a connection is ready. PeerStatus follows.
	PeerJoined struct {
		Peer    peer.ID
		Inbound bool
	}
	// PeerLeft: the connection is gone, and with it every request to that peer.
	PeerLeft struct{ Peer peer.ID }
	// PeerStatus: a peer states its tip and its work.
	PeerStatus struct {
		Peer   peer.ID
		Status peer.Status
	}

	// BlockReceived: a block arrived by gossip, in response to RequestBlocks, or from this
	// node's own miner or user (Peer is empty). Exactly one Result follows.
	BlockReceived struct {
		Peer      peer.ID
		Block     *block.Block
		Requested bool // it is the response to RequestBlocks

		checked chain.Checked // what Check found
	}
	// BlocksSubmitted: many blocks from this node's own user. A Result follows for each, in
	// their order. They are not published: peers request them when they know our new status.
	BlocksSubmitted struct{ Blocks []*block.Block }
	// TxReceived: like BlockReceived, for a transaction.
	TxReceived struct {
		Peer  peer.ID
		Tx    *block.Tx
		Since time.Time // when it first arrived, if it was pending before a restart; zero: now
	}
	// HeadersReceived: the response to RequestHeaders, or a user's submitheader (Peer is
	// empty). One Result follows.
	HeadersReceived struct {
		Peer    peer.ID
		Headers []block.Header
	}
	// MempoolReceived: the response to RequestMempool.
	MempoolReceived struct {
		Peer peer.ID
		IDs  []block.Hash
	}
	// RequestDone: a request to a peer is over; Err says why if it failed. What it did not
	// deliver may be requested elsewhere.
	RequestDone struct {
		Peer    peer.ID
		Request Effect // the RequestHeaders, RequestBlocks, RequestMempool or RequestTxs
		Err     error
	}

	// Override: the user overrides the fork choice. One Result follows.
	Override struct {
		Hash   block.Hash
		Action Action
	}
	// Prioritise: the user adds to the fee of a transaction, for this node alone.
	Prioritise struct {
		TxID  block.Hash
		Delta block.Amount
	}
	// Tick: some time has passed.
	Tick struct{}
	// ClockSet: the time has changed without passing.
	ClockSet struct{}
)

// Action is how a user overrides the fork choice.
type Action int

const (
	Invalidate Action = iota // treat the block as if it broke a rule
	Reconsider               // undo that
	Precious                 // treat it as if it had been received first
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
func (Prioritise) input()      {}
func (Tick) input()            {}
func (ClockSet) input()        {}

// Effect is something that an engine wants done: one of the types below. An effect is a value
// and not a call, so that the one who carries it out decides how: node sends it through
// libp2p, a simulator puts the other engine's input into its queue with a delay, a test reads
// it and carries out nothing.
type Effect interface{ effect() }

type (
	// Result of a BlockReceived, each of BlocksSubmitted, a TxReceived, HeadersReceived or
	// Override; Err is nil if it was accepted. See Classify.
	Result struct{ Err error }

	// PublishBlock and PublishTx: gossip it to all peers.
	PublishBlock struct{ Block *block.Block }
	PublishTx    struct{ Tx *block.Tx }
	// Announce: send every peer our new status.
	Announce struct{ Status peer.Status }

	// RequestHeaders: ask a peer for what follows the locator on its best chain.
	RequestHeaders struct {
		Peer    peer.ID
		Locator []block.Hash
	}
	// RequestBlocks: ask a peer for these blocks, at most peer.MaxBlocksAsked.
	RequestBlocks struct {
		Peer peer.ID
		IDs  []block.Hash
	}
	// RequestMempool: ask a peer for the txids in its mempool.
	RequestMempool struct{ Peer peer.ID }
	// RequestTxs: ask a peer for these pending transactions.
	RequestTxs struct {
		Peer peer.ID
		IDs  []block.Hash
	}

	// Penalize: the peer broke a rule. Disconnect it and ban it for ten minutes.
	Penalize struct {
		Peer   peer.ID
		Reason error
	}
	// Disconnect: the peer broke no rule and does not help. End the connection.
	Disconnect struct {
		Peer   peer.ID
		Reason error
	}

	// Emit: pass an event to logs and subscribers.
	Emit struct{ Event }
)

func (Result) effect()         {}
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

// Event is something that happened, for logs and subscribers. Only the fields of its kind
// are set.
type Event struct {
	Kind EventKind
	Time time.Time

	Block    *BlockEvent   // BlockAdded; BlockRejected may know no more than the hash
	Tip      *TipEvent     // TipChanged
	Reorg    *chain.Reorg  // Reorganised
	Tx       block.Hash    // TxAdded, TxRemoved
	Reason   string        // TxRemoved, BlockRejected, PeerPenalized
	Peer     peer.ID       // PeerUp, PeerDown, PeerPenalized; of BlockAdded and BlockRejected the sender, if the block came just now
	Duration time.Duration // TipChanged: since the block was first announced; the driver sets it
}

// EventKind names an event.
type EventKind string

const (
	BlockAdded    EventKind = "block"   // a block was stored, of whatever branch
	BlockRejected EventKind = "refused" // a block broke a rule
	TipChanged    EventKind = "tip"     // the best chain ends in another block
	Reorganised   EventKind = "reorg"   // and blocks left it
	TxAdded       EventKind = "tx"      // a transaction entered the mempool
	TxRemoved     EventKind = "dropped" // a transaction left it without being confirmed
	PeerUp        EventKind = "peer-up"
	PeerDown      EventKind = "peer-down"
	PeerPenalized EventKind = "blamed"
)

// BlockEvent describes a new block.
type BlockEvent struct {
	Hash   block.Hash
	Prev   block.Hash
	Height block.Height
	Txs    int
	Size   int
	Active bool // on the best chain
}

// TipEvent describes a change of the best chain.
type TipEvent struct {
	Hash    block.Hash
	Height  block.Height
	Bits    uint32
	OldBits uint32 // of the tip before
	Work    string

	Heard  time.Time       // when the block, or its header, first arrived; zero if the tip is not the block that just came
	Waited []time.Duration // time in the mempool of the transactions that got their first confirmation
}
