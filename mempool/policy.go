package mempool

import (
	"time"

	"toychain/block"
	"toychain/consensus"
)

// Policy is what a node keeps and relays, which is less than the rules allow. Nodes of one
// network may have different policies: a policy decides what waits for a block, never what a
// block may hold. Fee rates are per 1000 bytes.
type Policy struct {
	MaxBytes int // total size; above it the lowest fee rates are evicted, down to a hundredth less

	MinRelay    block.Amount // minimum fee rate
	Incremental block.Amount // minimum rise of the fee rate of a replacement
	DustRate    block.Amount // an output that costs more to spend at this rate than it holds is dust

	// A transaction with its ancestors, or with its descendants, in the pool: how many
	// there may be, itself included, and how many bytes they may have.
	MaxAncestors, MaxAncestorBytes     int
	MaxDescendants, MaxDescendantBytes int

	MaxReplaced int  // how many transactions one may replace (BIP125 rule 5)
	FullRBF     bool // replace also transactions that do not signal replaceability

	MaxOrphans int           // how many transactions may wait for their parents
	OrphanTTL  time.Duration // and for how long
	Expiry     time.Duration // a transaction that waits longer for a block is removed

	BlockSize int // the largest block that the node's miner makes, in bytes (Core: -blockmaxweight)
}

// The defaults of DefaultPolicy are Core 28's, except the size of the pool, which is 300 MB of
// memory there, and FullRBF.
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
	MaxReplaceable     = uint32(block.SequenceFinal - 2) // highest sequence that signals replaceability (BIP125)
	MinTxSize          = 65                              // MIN_STANDARD_TX_NONWITNESS_SIZE
	MaxTxSize          = 100_000                         // MAX_STANDARD_TX_WEIGHT / WITNESS_SCALE_FACTOR
	MaxInputScript     = 1650                            // MAX_STANDARD_SCRIPTSIG_SIZE
	MaxDataScript      = block.MaxData + 3               // MAX_OP_RETURN_RELAY
	MaxTxSigOps        = 4000                            // MAX_STANDARD_TX_SIGOPS_COST / WITNESS_SCALE_FACTOR
	MinVersion         = 1                               // TX_MIN_STANDARD_VERSION
	MaxVersion         = 3                               // TX_MAX_STANDARD_VERSION
	spendSize          = 32 + 4 + 1 + 107 + 4            // size of an input that spends pay to public key hash
	halfLifeBlocks     = 72                              // ROLLING_FEE_HALFLIFE: 12 hours of ten minutes

	// maxReturnedChain is how many ancestors a transaction may have that a reorganisation
	// returns to the pool: far more than one that arrives by itself, but fewer than five
	// blocks can hold, because each is counted with each of its ancestors.
	maxReturnedChain = 1000
)

// DefaultPolicy returns the policy of a node without other settings.
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
		BlockSize:   consensus.MaxBlockSize,
	}
}

// feeFor returns the fee of size bytes at a rate per 1000 bytes, rounded up
// (Core: CFeeRate::GetFee).
func feeFor(rate block.Amount, size int) block.Amount {
	return (rate*block.Amount(size) + 999) / 1000
}

// DustLimit returns the minimum value of an output with this script: the cost of the output
// and of the input that will spend it at DustRate, 546 for pay to public key hash at Core's
// rate. An output that can never be spent may hold 0 (Core: GetDustThreshold).
func (p *Policy) DustLimit(script []byte) block.Amount {
	if block.Unspendable(script) {
		return 0
	}
	size := 8 + block.CompactSizeLen(uint64(len(script))) + len(script)
	return feeFor(p.DustRate, size+spendSize)
}
