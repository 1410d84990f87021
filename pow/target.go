package pow

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
	"strconv"

	"toychain/block"
)

// Target is the largest hash that wins, as a number from 0 to 2^256-1. A smaller
// target is harder to meet. Targets can be compared with ==.
type Target struct{ n uint256 }

// BadBits is the reason why four bytes stand for no target.
type BadBits string

// Error returns the reason.
func (e BadBits) Error() string { return string(e) }

const (
	// ErrNegative: the sign bit is set. The format is older than Bitcoin (OpenSSL's
	// BN_bn2mpi) and has negative numbers, but no hash is less than zero.
	ErrNegative BadBits = "target is negative"
	// ErrZero: the number is zero, which no miner could ever meet.
	ErrZero BadBits = "target is zero"
	// ErrOverflow: the number needs more than 256 bits.
	ErrOverflow BadBits = "target does not fit into 256 bits"
)

// The sign and the mantissa in the compact form; its first byte is the exponent.
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
// Some numbers have two forms (1d00ff00 is 1e0000ff); [Target.Bits] returns one, the
// only form that a block may have. An exponent below 3 cuts bytes off the mantissa.
// The errors are ErrNegative, ErrZero and ErrOverflow.
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

// Bits returns t's compact form (Core: arith_uint256::GetCompact). It keeps the three
// leading bytes of t, or two if the highest bit of the first would be taken for a sign,
// and cuts off the others. So TargetFromBits(t.Bits()) is t or a little smaller.
// Targets that come from TargetFromBits, as all in a chain do, lose nothing.
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

// Cmp returns -1 if t is harder than u, 0 if they are equal, and 1 if t is easier.
func (t Target) Cmp(u Target) int { return t.n.cmp(u.n) }

// String returns 64 hex digits, the most significant first.
func (t Target) String() string {
	b := t.n.bytes()
	return hex.EncodeToString(b[:])
}

// MarshalText returns t's String, for JSON and TOML.
func (t Target) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Met reports whether h wins: read as a little-endian number it is at most t (Core:
// CheckProofOfWork). The texts of both, 64 hex digits, compare in the same way.
func (t Target) Met(h block.Hash) bool { return number(h).cmp(t.n) <= 0 }

// number returns the number that proof of work reads in h: its last byte counts most.
func number(h block.Hash) uint256 {
	slices.Reverse(h[:]) // h is a copy
	return fromBytes(h)
}

// Difficulty returns how many times harder t is than 1d00ffff, Bitcoin's easiest
// target: 1 for genesis, 4.66e-10 for regtest. It is computed from t.Bits() in the
// same steps as Core's GetDifficulty, so both round to the same number.
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

// ParseBits returns the bits that s holds as eight hex digits, the form in which
// getblockheader shows them. Whether they stand for a target, TargetFromBits reports.
func ParseBits(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 8 {
		return 0, fmt.Errorf("%q: want eight hex digits like 1f00ffff", s)
	}
	return uint32(n), nil
}
