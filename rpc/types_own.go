package rpc

import (
	"cmp"

	"toychain/block"
	"toychain/pow"
)

// This file has the results of the methods that Bitcoin Core does not have.

// Tree is the result of getblocktree: blocks of every branch, in the order in which they
// arrived.
type Tree struct {
	Tip     block.Hash   `json:"tip"`
	Height  block.Height `json:"height"`
	From    block.Height `json:"from"`    // blocks below are left out
	Seq     int64        `json:"seq"`     // of the last change of the tree; grows also over restarts
	Changes bool         `json:"changes"` // Blocks are those that changed after the sequence number that was asked for, not all
	Blocks  []TreeBlock  `json:"blocks"`
}

// TreeBlock is a block of a Tree.
type TreeBlock struct {
	Hash       block.Hash   `json:"hash"`
	Prev       block.Hash   `json:"prev"` // zeros for genesis
	Height     block.Height `json:"height"`
	Time       uint32       `json:"time"`        // as its miner claims
	ReceivedMS int64        `json:"received_ms"` // when this node first received its header
	CompleteMS int64        `json:"complete_ms"` // when it and all its ancestors had arrived; 0: not yet, or unknown
	Order      int64        `json:"order"`       // in which blocks became complete; 0: not yet; negative: made precious by preciousblock
	Bits       string       `json:"bits"`
	Difficulty Float        `json:"difficulty"`
	ChainWork  pow.Work     `json:"chainwork"`
	Txs        int          `json:"txs"`             // 0: only the header is here
	Size       int          `json:"size"`            // bytes
	Status     string       `json:"status"`          // active, valid-fork, valid-headers, headers-only, invalid
	Message    string       `json:"message"`         // the miner's text in the coinbase; "" if there is none
	Address    string       `json:"address"`         // that the coinbase pays; "" if its script has none
	Folded     int          `json:"folded,omitzero"` // in a folded tree: how many blocks before this one are left out
	Under      block.Hash   `json:"under,omitzero"`  // the next block below those
}

// Arrived returns when the node had the block and its ancestors, in milliseconds since 1970.
// Old databases have only the arrival of its header.
func (b *TreeBlock) Arrived() int64 { return cmp.Or(b.CompleteMS, b.ReceivedMS) }

// Reorg is a row of getreorgs.
type Reorg struct {
	TimeMS      int64         `json:"time_ms"`
	From        BlockRef      `json:"from"` // tip before
	To          BlockRef      `json:"to"`   // tip after
	Fork        BlockRef      `json:"fork"` // last block that both share
	Depth       int           `json:"depth"`
	Left        []BlockRef    `json:"left"`   // the lowest first
	Joined      []BlockRef    `json:"joined"` // the lowest first
	Returned    []block.Hash  `json:"returned"`
	Reconfirmed []Reconfirmed `json:"reconfirmed"`
	Conflicted  []Conflicted  `json:"conflicted"`
	Since       []Reconfirmed `json:"confirmed_since"` // those of Returned that the best chain holds now
}

// Reconfirmed is a transaction that the new branch holds too.
type Reconfirmed struct {
	TxID   block.Hash   `json:"txid"`
	Block  block.Hash   `json:"block"`
	Height block.Height `json:"height"` // of the block
}

// Conflicted is a transaction that the new branch made impossible.
type Conflicted struct {
	TxID    block.Hash `json:"txid"`
	By      string     `json:"by"`       // transaction that spent its coin; "" if the transaction that created the coin is gone
	ByBlock *BlockRef  `json:"by_block"` // the block that joined and holds By; null if By is ""
}

// StaleRate is the result of getstalerate. A block is counted if it is between the two
// heights and not genesis, if its transactions and those of its ancestors are here, and
// if it is not known to break a rule. (The transactions of a block that was never on
// the best chain have not been validated: it is counted.) Blocks that never reached
// this node are not.
//
// Rate is what Gervais and others call the stale block rate (On the Security and
// Performance of Proof of Work Blockchains, CCS 2016), ForkRate what Decker and
// Wattenhofer counted, 169 forks in 10,000 blocks (Information Propagation in the
// Bitcoin Network, P2P 2013). The last blocks may still become stale.
type StaleRate struct {
	From     block.Height `json:"from"`
	To       block.Height `json:"to"`     // the tip, unless a lower one was asked for
	Blocks   int          `json:"blocks"` // the denominator: all that are counted, on any branch
	Stale    int          `json:"stale"`  // the numerator: those that are not on the best chain
	Rate     Float        `json:"rate"`   // stale / blocks; 0 if there are none
	Heights  int          `json:"heights"`
	Forked   int          `json:"forked"`    // heights with more than one block that counts
	ForkRate Float        `json:"fork_rate"` // forked / heights; 0 if there are none
}

// Part returns n of all as a fraction, 0 of none.
func Part(n, all int) Float {
	if all == 0 {
		return 0
	}
	return Float(float64(n) / float64(all))
}

// TxHistory is the result of gettxhistory.
type TxHistory struct {
	TxID           block.Hash `json:"txid"`
	Fate           string     `json:"fate"`             // now: confirmed, pending, conflicted, or stale: only in blocks that are not on the best chain
	PendingSinceMS int64      `json:"pending_since_ms"` // when it entered the mempool, or returned to it; 0: it is not there
	Blocks         []TxBlock  `json:"blocks"`           // those of every branch that hold it, the lowest first
	Events         []TxEvent  `json:"events"`           // the oldest first
	Spends         []TxInput  `json:"spends"`
	Coins          []TxCoin   `json:"coins"`
}

// TxBlock is a block that holds the transaction.
type TxBlock struct {
	TreeBlock
	Index int `json:"index"` // the transaction's place in it; 0 is the coinbase
}

// What can happen to a transaction that is in a block.
const (
	TxConfirmed   = "confirmed"   // a block that holds it joined the best chain
	TxReturned    = "returned"    // its block left; it returned to the mempool
	TxReconfirmed = "reconfirmed" // its block left, and one that joined holds it too
	TxConflicted  = "conflicted"  // its block left, and the new branch makes it impossible
	TxLeft        = "left"        // its block left, and it was that block's coinbase
)

// What a transaction can be now, beside TxConfirmed and TxConflicted.
const (
	TxPending = "pending" // in the mempool
	TxStale   = "stale"   // only in blocks that are not on the best chain
)

// TxEvent is one thing that happened to the transaction on this node.
type TxEvent struct {
	TimeMS  int64     `json:"time_ms"`
	Event   string    `json:"event"`
	Block   *BlockRef `json:"block"`    // the one that holds it now, or did until then
	Reorg   *ReorgRef `json:"reorg"`    // null: the chain only grew
	By      string    `json:"by"`       // conflicted: transaction that spent its coin; "" if the one that created the coin is gone
	ByBlock *BlockRef `json:"by_block"` // the block that holds By
}

// ReorgRef names a reorganisation.
type ReorgRef struct {
	From  BlockRef `json:"from"`
	To    BlockRef `json:"to"`
	Fork  BlockRef `json:"fork"`
	Depth int      `json:"depth"`
}

// TxInput is a coin that the transaction spends. Value and Address are 0 and "" if
// this node does not know the transaction that created it.
type TxInput struct {
	TxID    block.Hash   `json:"txid"`
	Vout    uint32       `json:"vout"`
	Value   block.Amount `json:"value"`
	Address string       `json:"address"`
	Rivals  []TxSpend    `json:"rivals"` // other transactions that spend it too
}

// TxCoin is a coin that the transaction creates.
type TxCoin struct {
	Vout    uint32       `json:"vout"`
	Value   block.Amount `json:"value"`
	Address string       `json:"address"`
	SpentBy []TxSpend    `json:"spent_by"` // those of the best chain first, those of the mempool last; one for each block
}

// TxSpend is a transaction that spends a coin.
type TxSpend struct {
	TxID   block.Hash `json:"txid"`
	Block  *BlockRef  `json:"block"`  // null: it is in the mempool
	Active bool       `json:"active"` // the block is on the best chain
}

// UTXO is a row of getaddressutxos.
type UTXO struct {
	TxID           block.Hash   `json:"txid"`
	Vout           uint32       `json:"vout"`
	Amount         block.Amount `json:"amount"`
	ScriptPubKey   string       `json:"scriptPubKey"` // hex
	Height         block.Height `json:"height"`       // -1: in the mempool
	Coinbase       bool         `json:"coinbase"`
	Confirmations  int          `json:"confirmations"`
	Mature         bool         `json:"mature"`           // may be spent in the next block
	PendingSpentBy string       `json:"pending_spent_by"` // transaction in the mempool; "" if there is none
}

// HistoryRow is a row of getaddresshistory: one transaction, from the view of some addresses.
type HistoryRow struct {
	TxID      block.Hash   `json:"txid"`
	Height    block.Height `json:"height"`             // -1: in the mempool
	BlockHash block.Hash   `json:"blockhash,omitzero"` // absent while it is in the mempool
	Time      int64        `json:"time"`               // of the block; of its arrival while it is in the mempool
	Received  block.Amount `json:"received"`
	Sent      block.Amount `json:"sent"`
	Net       block.Amount `json:"net"`
	Status    string       `json:"status"`    // confirmed or pending; with details also conflicted and stale, see TxHistory
	Addresses []string     `json:"addresses"` // those of the call that take part

	// With details only.
	Coinbase bool      `json:"coinbase,omitempty"`
	Others   []string  `json:"others,omitempty"`   // addresses that it pays, if it spends coins of the call's; else those of its coins
	By       string    `json:"by,omitempty"`       // conflicted: the transaction that spends its coin; "" if the one that created the coin is gone
	ByBlock  *BlockRef `json:"by_block,omitempty"` // the block that holds By; null: the mempool does
}

// Event is one message of /events. Only the fields of its kind are present.
type Event struct {
	Event  string `json:"event"` // block, refused, tip, reorg, tx, dropped, peer-up, peer-down, blamed
	TimeMS int64  `json:"time_ms"`

	Hash       block.Hash   `json:"hash,omitzero"`    // block, refused, tip
	Prev       block.Hash   `json:"prev,omitzero"`    // block
	Height     block.Height `json:"height,omitempty"` // block, tip
	Txs        int          `json:"txs,omitempty"`    // block
	Size       int          `json:"size,omitempty"`
	Active     bool         `json:"active,omitempty"`   // block: on the best chain
	Bits       string       `json:"bits,omitempty"`     // tip
	OldBits    string       `json:"old_bits,omitempty"` // tip
	ChainWork  string       `json:"chainwork,omitempty"`
	Reorg      *Reorg       `json:"reorg,omitempty"`
	TxID       block.Hash   `json:"txid,omitzero"`         // tx, dropped
	Reason     string       `json:"reason,omitempty"`      // dropped, refused, blamed
	PeerID     string       `json:"peer_id,omitempty"`     // peer-up, peer-down, blamed; block: the sender
	DurationMS float64      `json:"duration_ms,omitempty"` // tip: since the block was first announced
}
