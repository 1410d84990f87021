package chain

import (
	"time"

	"toychain/block"
	"toychain/consensus"
)

// Disk is what the tree needs of its storage. It is read for coins, bodies and undo data;
// everything else the tree keeps in memory. An error means that the storage itself failed:
// the tree must not be used after one.
//
// Put and Commit may return before they have written. The reads answer as if they had.
// Writes take effect in the order of the calls, each as a whole or not at all: whatever
// is there after a crash, all that was written before it is there too. An error of one
// may be returned by a later call.
type Disk interface {
	// CachedCoins is how many coins are worth keeping in memory after a Commit: none, if the
	// disk itself is in memory.
	CachedCoins() int
	// Coins adds those of the outpoints that are unspent, as of the last Commit.
	Coins(of []block.Outpoint, into consensus.Coins) error
	// Block returns the body stored under this hash.
	Block(block.Hash) (*block.Block, error)
	// Undo returns what Step.Delta.Undo was when the block was connected.
	Undo(block.Hash) ([]consensus.Coin, error)

	// Put stores headers and bodies; each body's header is among them.
	Put(entries []Entry, bodies []consensus.Block) error
	// Commit stores a change of the best chain.
	Commit(c *Commit) error
	// Wait returns when everything that was Put outlives the process.
	Wait() error
	// Sync returns when everything that was Put or committed outlives a power cut.
	Sync() error
}

// Commit is a change of the best chain on its way to the disk, of one block or of many.
// The bodies of its Steps were Put before. Its Coins are the sum of all its Steps,
// without the coins that these made and spent again, coinbases apart.
type Commit struct {
	Entries []Entry                            // headers that are new, or whose status changed
	Steps   []Step                             // what left and joined the best chain, in that order
	Coins   map[block.Outpoint]*consensus.Coin // coins that changed, nil for gone
	Reorgs  []Reorg                            // the journal's new entries
	Tip     block.Hash                         // of the best chain afterwards
}

// Entry is what is kept of every header, whatever its branch.
type Entry struct {
	HeaderHash block.Hash // or zero if it is not known; see ID
	Header     block.Header
	Height     block.Height
	Status     Status
	Seq        int64     // order in which blocks became connectable; 0: not yet. Lower was seen first
	Received   time.Time // when the header was first seen, to the millisecond
	Complete   time.Time // when it and all its ancestors were here, to the millisecond; zero: not yet, or not known
	Txs        int       // how many transactions; 0 if there is no body
	Size       int       // of the body, in bytes
}

// ID returns the header's hash. It is hashed only if the entry does not say it: a start reads
// every header, and has its hash from the key under which it is stored.
func (e *Entry) ID() block.Hash {
	if e.HeaderHash.IsZero() {
		return e.Header.Hash()
	}
	return e.HeaderHash
}

// Status is what is known of a block, as a set.
type Status uint8

const (
	// HasBody: the transactions are stored.
	HasBody Status = 1 << iota
	// Connected: it was on the best chain once, so it breaks no rule.
	Connected
	// Failed: it breaks a rule, or a user called invalidateblock.
	Failed
	// FailedParent: one of its ancestors is Failed.
	FailedParent
)

// Invalid reports whether the block can never be part of the best chain.
func (s Status) Invalid() bool { return s&(Failed|FailedParent) != 0 }

// Step is one block leaving or joining the best chain.
type Step struct {
	Connect bool // or else it leaves, and Delta is the inverse of when it joined
	Hash    block.Hash
	Height  block.Height
	Block   *block.Block
	IDs     []block.Hash // of its transactions
	Delta   consensus.Delta
}

// Change is what happened to the best chain.
type Change struct {
	From, To consensus.State
	Reverted []Step // blocks that left, the highest first
	Applied  []Step // blocks that joined, the lowest first
	Reorg    *Reorg // the journal's entry, if blocks left
	Failed   []Failure
}

// Failure is a block that turned out to break a rule when its turn came.
type Failure struct {
	Hash block.Hash
	Err  error
}

// Moved reports whether the tip is another one than before.
func (c *Change) Moved() bool { return len(c.Reverted)+len(c.Applied) > 0 }

// Point is a place in the tree.
type Point struct {
	Hash   block.Hash
	Height block.Height
}

// Reorg is the journal's entry of one reorganisation: which blocks left and joined, and what
// became of every transaction that was confirmed in those that left. Their coinbases are not
// listed: their coins exist no more, and they cannot be confirmed elsewhere.
type Reorg struct {
	Time           time.Time // when, to the millisecond
	From, To, Fork Point     // the tips before and after, and the last block they share
	Left           []Point   // the lowest first
	Joined         []Point   // the lowest first
	Returned       []block.Hash
	Reconfirmed    []Reconfirmed
	Conflicted     []Conflicted
}

// Depth returns how many blocks left.
func (r *Reorg) Depth() int { return len(r.Left) }

// Reconfirmed is a transaction that is in a block that joined, too.
type Reconfirmed struct {
	TxID  block.Hash
	Block block.Hash // where it is now
}

// Conflicted is a transaction that the new branch makes impossible.
type Conflicted struct {
	TxID block.Hash
	By   block.Hash // the transaction that spent its coin; zero if the one that created it left, too
}
