package mempool

import (
	"time"

	"toychain/block"
)

// Policy is what a node is willing to keep and pass on, beyond what the rules
// demand. Nodes of one network may differ in it: it decides what waits for a
// block, never what may be in one. Fee rates are per 1000 bytes.
type Policy struct {
	MaxBytes int // of all transactions together; over it the worst paid leave, until it is a hundredth less

	MinRelay    block.Amount // least fee rate that is taken in at all
	Incremental block.Amount // least rise of the fee rate that is worth doing work again for
	DustRate    block.Amount // an output that costs more to spend at this rate than it holds is dust

	// A transaction and what it descends from, or what descends from it, in the
	// pool: how many, itself included, and of how many bytes.
	MaxAncestors, MaxAncestorBytes     int
	MaxDescendants, MaxDescendantBytes int

	MaxReplaced int  // how many transactions one may push out of the pool (BIP125 rule 5)
	FullRBF     bool // replace also those that did not announce it

	MaxOrphans int           // how many may wait for their parents
	OrphanTTL  time.Duration // for how long
	Expiry     time.Duration // after this long without a block a transaction leaves
}

// What DefaultPolicy is made of: Core 28's defaults, but for the size of the pool,
// which there is 300 MB of memory, and for FullRBF.
const (
	DefaultMaxBytes    = 5_000_000                       // five full blocks
	DefaultMinRelay    = block.Amount(1000)              // DEFAULT_MIN_RELAY_TX_FEE
	DefaultIncremental = block.Amount(1000)              // DEFAULT_INCREMENTAL_RELAY_FEE
	DefaultDustRate    = block.Amount(3000)              // DUST_RELAY_TX_FEE
	DefaultMaxChain    = 25                              // DEFAULT_ANCESTOR_LIMIT, DEFAULT_DESCENDANT_LIMIT
	DefaultChainBytes  = 101_000                         // DEFAULT_ANCESTOR_SIZE_LIMIT_KVB, and of descendants
	DefaultMaxReplaced = 100                             // MAX_REPLACEMENT_CANDIDATES
	DefaultMaxOrphans  = 100                             // DEFAULT_MAX_ORPHAN_TRANSACTIONS
	DefaultOrphanTTL   = 20 * time.Minute                // ORPHAN_TX_EXPIRE_TIME
	DefaultExpiry      = 14 * 24 * time.Hour             // DEFAULT_MEMPOOL_EXPIRY_HOURS, 336
	MaxReplaceable     = uint32(block.SequenceFinal - 2) // highest sequence that announces replacement (BIP125)
	MinTxSize          = 65                              // MIN_STANDARD_TX_NONWITNESS_SIZE
	MaxTxSize          = 100_000                         // MAX_STANDARD_TX_WEIGHT / WITNESS_SCALE_FACTOR
	MaxInputScript     = 1650                            // MAX_STANDARD_SCRIPTSIG_SIZE
	MaxDataScript      = block.MaxData + 3               // MAX_OP_RETURN_RELAY
	MaxTxSigOps        = 4000                            // MAX_STANDARD_TX_SIGOPS_COST / WITNESS_SCALE_FACTOR
	MinVersion         = 1                               // TX_MIN_STANDARD_VERSION
	MaxVersion         = 3                               // TX_MAX_STANDARD_VERSION
	spendSize          = 32 + 4 + 1 + 107 + 4            // bytes of an input that spends pay to public key hash
	halfLifeBlocks     = 72                              // ROLLING_FEE_HALFLIFE: 12 hours of ten minutes

	// maxReturnedChain is how many ancestors a payment may have that a reorganisation
	// gives back: far more than one that comes by itself, but not as many as five
	// blocks can hold, because each is counted with each of its ancestors.
	maxReturnedChain = 1000
)

// DefaultPolicy returns what nodes do when nobody tells them otherwise.
func DefaultPolicy() Policy {
	return Policy{
		MaxBytes:     DefaultMaxBytes,
		MinRelay:     DefaultMinRelay,
		Incremental:  DefaultIncremental,
		DustRate:     DefaultDustRate,
		MaxAncestors: DefaultMaxChain, MaxAncestorBytes: DefaultChainBytes,
		MaxDescendants: DefaultMaxChain, MaxDescendantBytes: DefaultChainBytes,
		MaxReplaced: DefaultMaxReplaced,
		MaxOrphans:  DefaultMaxOrphans,
		OrphanTTL:   DefaultOrphanTTL,
		Expiry:      DefaultExpiry,
	}
}

// feeFor returns the fee of size bytes at a rate per 1000 bytes, rounded up
// (Core: CFeeRate::GetFee).
func feeFor(rate block.Amount, size int) block.Amount {
	return (rate*block.Amount(size) + 999) / 1000
}

// DustLimit returns the least that an output with this script must hold to be
// passed on: what the output and the input that will spend it cost at DustRate,
// 546 for pay to public key hash at Core's rate. What can never be spent may hold
// nothing (Core: GetDustThreshold).
func (p *Policy) DustLimit(script []byte) block.Amount {
	if block.Unspendable(script) {
		return 0
	}
	size := 8 + block.CompactSizeLen(uint64(len(script))) + len(script)
	return feeFor(p.DustRate, size+spendSize)
}
