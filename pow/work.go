package pow

import (
	"encoding/hex"
	"fmt"
	"math/big"
)

// Work is a number of tries from 0 to 2^256-1: how many it takes on average to make a
// block, or all the blocks of a branch. The branch with more work wins. The zero value
// is no work, and works can be compared with ==.
type Work struct{ n uint256 }

// Work returns how many tries it takes on average to meet t, rounded down:
//
//	2^256 / (target + 1)
//
// because target+1 of the 2^256 equally likely hashes are at most t (Core:
// GetBlockProof). Work follows from the target, not from the hash: a miner whose hash
// happens to be far below the target has still done one block's work.
//
// math/big divides here, once a header: uint256 would need long division for this alone.
func (t Target) Work() Work {
	b := t.n.bytes()
	divisor := new(big.Int).SetBytes(b[:])
	divisor.Add(divisor, big.NewInt(1))
	quotient := new(big.Int).Lsh(big.NewInt(1), 256)
	quotient.Div(quotient, divisor)
	if quotient.BitLen() > 256 { // target 0: 2^256 tries do not fit, one less does
		return Work{uint256{}.sub(uint256{1})}
	}
	quotient.FillBytes(b[:])
	return Work{fromBytes(b)}
}

// Add returns w+v modulo 2^256. No real branch comes near that limit: the work of all
// of Bitcoin's chain is below 2^100.
func (w Work) Add(v Work) Work { return Work{w.n.add(v.n)} }

// Sub returns w-v modulo 2^256, so that w.Add(v).Sub(v) is always w.
func (w Work) Sub(v Work) Work { return Work{w.n.sub(v.n)} }

// Cmp returns -1, 0 or 1 as w is less than, equal to or more than v.
func (w Work) Cmp(v Work) int { return w.n.cmp(v.n) }

// Bytes returns w as 32 bytes, the most significant first, so that works and
// their bytes have the same order.
func (w Work) Bytes() [32]byte { return w.n.bytes() }

// WorkFromBytes is the inverse of Bytes; any 32 bytes are a Work.
func WorkFromBytes(b [32]byte) Work { return Work{fromBytes(b)} }

// Float returns w approximately, for rates: the tries per second between two blocks are
// the Float of the difference of their work over the seconds between them.
func (w Work) Float() float64 { return w.n.float() }

// String returns 64 hex digits, the most significant first, as Core's chainwork.
func (w Work) String() string {
	b := w.Bytes()
	return hex.EncodeToString(b[:])
}

// MarshalText returns w's String, for JSON.
func (w Work) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText sets w from 64 hex digits, and rejects any other text.
func (w *Work) UnmarshalText(text []byte) error {
	var b [32]byte
	if len(text) != 2*len(b) {
		return fmt.Errorf("work: want 64 hex digits, got %d characters", len(text))
	}
	if _, err := hex.Decode(b[:], text); err != nil {
		return fmt.Errorf("work %q: not hexadecimal", text)
	}
	*w = WorkFromBytes(b)
	return nil
}
