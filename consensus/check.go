package consensus

import (
	"bytes"
	"fmt"

	"toychain/block"
)

const (
	// MaxBlockSize is the most bytes that a block may have.
	MaxBlockSize = 1_000_000
	// MaxSigOps is the most signature operations that a block may have
	// (Core: MAX_BLOCK_SIGOPS_COST / WITNESS_SCALE_FACTOR).
	MaxSigOps = 20_000
	// lockTimeThreshold divides lock times: heights below, seconds since 1970 from
	// it on (Core: LOCKTIME_THRESHOLD).
	lockTimeThreshold = 500_000_000
)

// CheckTx decides what can be decided of a transaction alone (Core:
// CheckTransaction).
func CheckTx(tx *block.Tx) error {
	if len(tx.Inputs) == 0 {
		return BadVinEmpty
	}
	if len(tx.Outputs) == 0 {
		return BadVoutEmpty
	}
	if size := tx.Size(); size > MaxBlockSize {
		return fmt.Errorf("%w: %d bytes, at most %d", BadOversize, size, MaxBlockSize)
	}
	var total block.Amount
	for i := range tx.Outputs {
		v := tx.Outputs[i].Value
		if v < 0 {
			return fmt.Errorf("output %d: %w: %s", i, BadVoutNegative, v)
		}
		if v > block.MaxMoney {
			return fmt.Errorf("output %d: %w: %s", i, BadVoutTooLarge, v)
		}
		if total += v; !total.Valid() {
			return fmt.Errorf("output %d: %w: %s", i, BadVoutTotal, total)
		}
	}
	if err := checkPrevouts(tx); err != nil {
		return err
	}
	if tx.IsCoinbase() {
		if n := len(tx.Inputs[0].Script); n < block.MinCoinbase || n > block.MaxCoinbase {
			return fmt.Errorf("%w: %d bytes, want %d to %d", BadCoinbaseLength, n, block.MinCoinbase, block.MaxCoinbase)
		}
	}
	return nil
}

// checkPrevouts decides whether the inputs name different coins, and real ones
// unless it is a coinbase.
func checkPrevouts(tx *block.Tx) error {
	if len(tx.Inputs) == 1 {
		return nil // one input repeats nothing, and if it is null this is a coinbase
	}
	seen := make(map[block.Outpoint]struct{}, len(tx.Inputs))
	for i := range tx.Inputs {
		seen[tx.Inputs[i].Prev] = struct{}{}
		if len(seen) <= i {
			return fmt.Errorf("input %d: %w: %s", i, BadInputsDuplicate, tx.Inputs[i].Prev)
		}
	}
	for i := range tx.Inputs {
		if tx.Inputs[i].Prev.IsNull() {
			return fmt.Errorf("input %d: %w", i, BadPrevoutNull)
		}
	}
	return nil
}

// CheckBody decides what can be decided of a block without its history: do the
// transactions belong to the header, and is each well formed (Core: CheckBlock).
func CheckBody(b Block) error {
	if b.Root != b.Header.MerkleRoot {
		return fmt.Errorf("%w: header has %s, transactions make %s", BadMerkleRoot, b.Header.MerkleRoot, b.Root)
	}
	if b.Mutated {
		return BadDuplicate
	}
	if size := b.Size(); len(b.Txs) == 0 || size > MaxBlockSize {
		return fmt.Errorf("%w: %d transactions, %d bytes, at most %d", BadLength, len(b.Txs), size, MaxBlockSize)
	}
	if !b.Txs[0].IsCoinbase() {
		return missingCoinbase(b.Block)
	}
	sigops := 0
	for i, tx := range b.Txs {
		if i > 0 && tx.IsCoinbase() {
			return fmt.Errorf("tx %d: %w", i, BadCoinbaseMultiple)
		}
		if err := CheckTx(tx); err != nil {
			return fmt.Errorf("tx %d: %w", i, err)
		}
		sigops += SigOps(tx)
	}
	if sigops > MaxSigOps {
		return fmt.Errorf("%w: %d, at most %d", BadSigOps, sigops, MaxSigOps)
	}
	return nil
}

// missingCoinbase tells a block without a coinbase from one whose list of
// transactions was taken one level too high in the merkle tree: two hashes in a
// row are 64 bytes, and so may a transaction be (CVE-2017-12842). The second is a
// fault of the body alone (Core: IsBlockMutated).
func missingCoinbase(b *block.Block) error {
	for i, tx := range b.Txs {
		if tx.Size() == 64 {
			return fmt.Errorf("tx %d: %w: 64 bytes may be two hashes of the tree", i, BadMerkleRoot)
		}
	}
	return BadCoinbaseMissing
}

// SigOps counts the signature operations in all of a transaction's scripts
// (Core: GetLegacySigOpCount).
func SigOps(tx *block.Tx) (n int) {
	for i := range tx.Inputs {
		n += block.SigOps(tx.Inputs[i].Script)
	}
	for i := range tx.Outputs {
		n += block.SigOps(tx.Outputs[i].Script)
	}
	return n
}

// IsFinal reports whether tx's lock time lets it into a block of this height,
// where time is the block's time or, since BIP113, the median before it.
func IsFinal(tx *block.Tx, height block.Height, time uint32) bool {
	limit := time
	if tx.LockTime < lockTimeThreshold {
		limit = uint32(height)
	}
	if tx.LockTime == 0 || tx.LockTime < limit {
		return true
	}
	for i := range tx.Inputs {
		if tx.Inputs[i].Sequence != block.SequenceFinal {
			return false
		}
	}
	return true
}

// The parts of a sequence number that BIP68 reads.
const (
	sequenceOff    = 1 << 31 // no relative lock
	sequenceTime   = 1 << 22 // counted in units of 512 seconds, else in blocks
	sequenceMask   = 0xffff
	sequenceShift  = 9 // log2 of 512
	sequenceSince2 = 2 // transaction version from which it counts
)

// checkSequence decides whether the relative lock of input i, which spends coin,
// lets tx into the block after s (BIP68). The lock runs from the block that made
// the coin: n blocks, or n times 512 seconds of median time.
func checkSequence(s *State, tx *block.Tx, i int, coin *Coin) error {
	seq := tx.Inputs[i].Sequence
	if uint32(tx.Version) < sequenceSince2 || seq&sequenceOff != 0 || s.Height+1 < s.Params.CSV {
		return nil
	}
	n := int64(seq & sequenceMask)
	if seq&sequenceTime == 0 {
		if until := int64(coin.Height) + n; int64(s.Height)+1 < until {
			return fmt.Errorf("input %d: %w: locked until height %d", i, BadNonFinal, until)
		}
		return nil
	}
	if until := int64(coin.Since) + n<<sequenceShift; int64(s.MedianTime()) < until {
		return fmt.Errorf("input %d: %w: locked until median time %d, now %d", i, BadNonFinal, until, s.MedianTime())
	}
	return nil
}

// CheckContext decides what depends on where in the chain a block stands, after s:
// lock times and the height in the coinbase (Core: ContextualCheckBlock).
func CheckContext(s *State, b *block.Block) error {
	height := s.Height + 1
	for i, tx := range b.Txs {
		if !IsFinal(tx, height, s.lockTime(&b.Header)) {
			return fmt.Errorf("tx %d: %w: lock time %d", i, BadNonFinal, tx.LockTime)
		}
	}
	if height >= s.Params.BIP34 {
		if want := block.HeightPush(height); !bytes.HasPrefix(b.Txs[0].Inputs[0].Script, want) {
			return fmt.Errorf("%w: want %x first for height %d", BadCoinbaseHeight, want, height)
		}
	}
	return nil
}

// lockTime returns the time that lock times are held against in the block after s.
func (s *State) lockTime(h *block.Header) uint32 {
	if s.Height+1 >= s.Params.CSV {
		return s.MedianTime()
	}
	return h.Time
}
