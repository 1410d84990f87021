package pow

import (
	"encoding/hex"
	"fmt"
	"math/big"
)

// Work is a number of tries from 0 to 2^256-1: how many hashes it takes on average
// to make a block, or all the blocks of a branch. The zero value is no work. Works
// are comparable with ==; the branch with the larger one wins.
type Work struct{ n uint256 }

// Work returns how many tries it takes on average to meet t, rounded down:
//
//	2^256 / (target + 1)
//
// because target+1 of the 2^256 equally likely hashes are at most t (Core:
// GetBlockProof). Work is what the target demands, never what the hash happens to
// show: a miner lucky enough to hit a tiny hash has still done one block's work.
func (t Target) Work() Work {
	b := t.n.bytes()
	divisor := new(big.Int).SetBytes(b[:])
	divisor.Add(divisor, big.NewInt(1))
	quotient := new(big.Int).Lsh(big.NewInt(1), 256)
	quotient.Div(quotient, divisor)
	if quotient.BitLen() > 256 { // target 0: 2^256 does not fit, one less does
		return Work{uint256{}.sub(uint256{1})}
	}
	quotient.FillBytes(b[:])
	return Work{fromBytes(b)}
}

// Add returns w+v modulo 2^256, a limit that no real branch comes near: all of
// Bitcoin's mining to this day is below 2^100.
func (w Work) Add(v Work) Work { return Work{w.n.add(v.n)} }

// Sub returns w-v modulo 2^256, so that w.Add(v).Sub(v) is always w.
func (w Work) Sub(v Work) Work { return Work{w.n.sub(v.n)} }

// Cmp returns -1, 0 or 1 as w is less than, equal to or more than v.
func (w Work) Cmp(v Work) int { return w.n.cmp(v.n) }

// Bytes returns w as 32 bytes, the most significant first, so that works and
// their bytes have the same order.
func (w Work) Bytes() [32]byte { return w.n.bytes() }

// WorkFromBytes is the inverse of Bytes; every 32 bytes are a Work.
func WorkFromBytes(b [32]byte) Work { return Work{fromBytes(b)} }

// Float returns w approximately, for rates and for people: tries per second is
// the Float of a difference over the seconds between.
func (w Work) Float() float64 { return w.n.float() }

// String returns 64 hex digits, as Core's chainwork.
func (w Work) String() string {
	b := w.Bytes()
	return hex.EncodeToString(b[:])
}

// MarshalText makes a Work its String in JSON.
func (w Work) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads 64 hex digits.
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
