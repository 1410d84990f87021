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
	// lockTimeThreshold divides lock times into two kinds: below it they are heights,
	// from it on seconds since 1970 (Core: LOCKTIME_THRESHOLD).
	lockTimeThreshold = 500_000_000
)

// CheckTx checks what can be checked of a transaction on its own, without the coins that
// it spends: that it has inputs and outputs, its size, that amounts are in range, and that
// no coin is spent twice (Core: CheckTransaction).
//
// The running total is checked after each output: in 2010 two outputs of 92 billion coins
// each added up to a negative 64-bit number, and Bitcoin accepted it (CVE-2010-5139).
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
		total += v
		if !total.Valid() {
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

// checkPrevouts rejects duplicate inputs and, outside a coinbase, null ones. Two inputs
// that spend the same coin would double the money: Core 0.15 skipped this check in blocks
// for speed (CVE-2018-17144).
func checkPrevouts(tx *block.Tx) error {
	if len(tx.Inputs) == 1 {
		return nil // a single input repeats nothing, and if it is null this is a coinbase
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

// CheckBody checks what can be checked of a block without its history: that the
// transactions are those that the header commits to, that the first and no other is a
// coinbase, and each of them on its own (Core: CheckBlock).
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

// missingCoinbase returns the error for a block whose first transaction is no coinbase.
// Such a body may be forged from an honest block: two hashes in a row of the merkle tree
// are 64 bytes, and so may a transaction be, so a peer can present the inner nodes of the
// tree as the transactions, with the same root (CVE-2017-12842). Then the body is at
// fault and not the header (Core: IsBlockMutated).
//
//	       root                       root
//	      /    \                     /    \
//	  ab          cd              ab'     cd'     ab' is a "transaction" whose 64 bytes
//	 /  \        /  \                             are the hashes a and b
//	a    b      c    d
func missingCoinbase(b *block.Block) error {
	for i, tx := range b.Txs {
		if tx.Size() == 64 {
			return fmt.Errorf("tx %d: %w: 64 bytes may be two hashes of the tree", i, BadMerkleRoot)
		}
	}
	return BadCoinbaseMissing
}

// SigOps returns the number of signature operations in all of a transaction's scripts,
// executed or not (Core: GetLegacySigOpCount).
func SigOps(tx *block.Tx) (n int) {
	for i := range tx.Inputs {
		n += block.SigOps(tx.Inputs[i].Script)
	}
	for i := range tx.Outputs {
		n += block.SigOps(tx.Outputs[i].Script)
	}
	return n
}

// IsFinal reports whether tx's lock time allows it in a block of this height. time is the
// block's time or, since BIP113, the median time before it. A lock time does not count if
// every input says so with the final sequence number (Core: IsFinalTx).
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

// The parts of a sequence number that BIP68 reads:
//
//	bit   31          22                   15 … 0
//	      |           |                    |
//	      no lock     in units of 512 s,   how many
//	                  else in blocks
const (
	sequenceOff     = 1 << 31
	sequenceTime    = 1 << 22
	sequenceMask    = 0xffff
	sequenceShift   = 9 // log2 of 512
	sequenceVersion = 2 // of the transaction, from which it counts
)

// checkSequence checks whether the relative lock of input i, which spends coin, allows tx
// in the block after s (BIP68). The lock counts from the block that created the coin:
//
//	n blocks          allowed from height   coin.Height + n
//	n units of time   allowed once          coin.MedianTime + n·512 s  has passed
//
// Both ends are median times of the block before, so a miner cannot shorten the wait by a
// wrong clock (BIP113).
func checkSequence(s *State, tx *block.Tx, i int, coin *Coin) error {
	seq := tx.Inputs[i].Sequence
	if uint32(tx.Version) < sequenceVersion || seq&sequenceOff != 0 || s.Height+1 < s.Params.CSV {
		return nil
	}
	n := int64(seq & sequenceMask)
	if seq&sequenceTime == 0 {
		if until := int64(coin.Height) + n; int64(s.Height)+1 < until {
			return fmt.Errorf("input %d: %w: locked until height %d", i, BadNonFinal, until)
		}
		return nil
	}
	if until := int64(coin.MedianTime) + n<<sequenceShift; int64(s.MedianTime()) < until {
		return fmt.Errorf("input %d: %w: locked until median time %d, now %d", i, BadNonFinal, until, s.MedianTime())
	}
	return nil
}

// CheckContext checks what depends on the block's place in the chain, after s, and still
// needs no coins: lock times, and the height that the coinbase must start with, so that no
// two coinbases are alike (BIP34; Core: ContextualCheckBlock).
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

// lockTime returns the time with which lock times are compared in the block after s.
func (s *State) lockTime(h *block.Header) uint32 {
	if s.Height+1 >= s.Params.CSV {
		return s.MedianTime()
	}
	return h.Time
}
