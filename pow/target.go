package pow

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"

	"toychain/block"
)

// Target is the largest hash that wins, as a number from 0 to 2^256-1. A smaller
// target is harder to meet. Targets are comparable with ==.
type Target struct{ n uint256 }

// BadBits says why four bytes stand for no target.
type BadBits string

// Error returns the reason.
func (e BadBits) Error() string { return string(e) }

const (
	// ErrNegative: the sign bit is set. The format is older than its use here
	// and can express negative numbers; no hash is smaller than zero.
	ErrNegative BadBits = "target is negative"
	// ErrZero: no miner could ever meet it.
	ErrZero BadBits = "target is zero"
	// ErrOverflow: the number needs more than 256 bits.
	ErrOverflow BadBits = "target does not fit into 256 bits"
)

// The parts of the compact form.
const (
	signBit      = 0x00800000
	mantissaMask = 0x007fffff
)

// TargetFromBits returns the target that a header's four bytes of bits stand for.
// They are a floating-point number with base 256, one byte of exponent, a sign
// bit and 23 bits of mantissa (Core: arith_uint256::SetCompact):
//
//	1d 00ffff   =   0x00ffff · 256^(0x1d-3)
//	|  |  |
//	|  |  +---- mantissa: the three leading bytes of the number
//	|  +------- its highest bit is the sign
//	+---------- exponent: how many bytes the number has
//
// Some numbers can be written in two ways (1d00ff00 is 1e0000ff); [Target.Bits]
// writes one, and only that one is ever expected of a block. An exponent below 3
// cuts bytes off the mantissa. The errors are ErrNegative, ErrZero and ErrOverflow.
func TargetFromBits(b uint32) (Target, error) {
	size, word := uint(b>>24), uint64(b&mantissaMask)
	var n uint256
	if size <= 3 {
		word >>= 8 * (3 - size)
		n = uint256{word}
	} else {
		n = uint256{word}.shl(8 * (size - 3))
	}
	switch {
	case word == 0:
		return Target{}, fmt.Errorf("bits %08x: %w", b, ErrZero)
	case b&signBit != 0:
		return Target{}, fmt.Errorf("bits %08x: %w", b, ErrNegative)
	case 8*(int(size)-3)+bits.Len64(word) > 256:
		return Target{}, fmt.Errorf("bits %08x: %w", b, ErrOverflow)
	}
	return Target{n}, nil
}

// Bits returns t's compact form (Core: arith_uint256::GetCompact). Only the
// three leading bytes fit, two if the third would look like a sign; what follows
// them is cut off, so TargetFromBits(t.Bits()) is t or a little smaller. The
// targets of a chain are all made by TargetFromBits and lose nothing.
func (t Target) Bits() uint32 {
	size := uint(t.n.bitLen()+7) / 8
	var word uint32
	if size <= 3 {
		word = uint32(t.n[0] << (8 * (3 - size)))
	} else {
		word = uint32(t.n.shr(8 * (size - 3))[0])
	}
	if word&signBit != 0 {
		word >>= 8
		size++
	}
	return uint32(size)<<24 | word
}

// Cmp returns -1, 0 or 1 as t is harder than, equal to or easier than u.
func (t Target) Cmp(u Target) int { return t.n.cmp(u.n) }

// String returns 64 hex digits, the most significant first.
func (t Target) String() string {
	b := t.n.bytes()
	return hex.EncodeToString(b[:])
}

// MarshalText makes a Target its String in JSON and TOML.
func (t Target) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Met reports whether h wins: read as a little-endian number it is at most t
// (Core: CheckProofOfWork). As a person writes them, both are 64 hex digits and
// the comparison is that of the texts.
func (t Target) Met(h block.Hash) bool { return number(h).cmp(t.n) <= 0 }

// number reads a hash the way proof of work does: its last byte counts most.
func number(h block.Hash) uint256 {
	for i, j := 0, len(h)-1; i < j; i, j = i+1, j-1 {
		h[i], h[j] = h[j], h[i]
	}
	return fromBytes(h)
}

// Difficulty returns how many times harder t is than 1d00ffff, Bitcoin's easiest
// target: 1 for genesis, 4.66e-10 for regtest. It is computed from t.Bits(), with
// the same steps of rounding as Core's GetDifficulty, so both print the same number.
func (t Target) Difficulty() float64 {
	b := t.Bits()
	d := float64(0x00ffff) / float64(b&0x00ffffff)
	size := b >> 24
	for ; size < 0x1d; size++ {
		d *= 256
	}
	for ; size > 0x1d; size-- {
		d /= 256
	}
	return d
}

// ParseBits reads a compact target as eight hex digits, as getblockheader shows it.
func ParseBits(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 8 {
		return 0, fmt.Errorf("%q: want eight hex digits like 1f00ffff", s)
	}
	return uint32(n), nil
}
