package pow

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// uint256 is a number from 0 to 2^256-1, its least significant 64 bits first (Core:
// arith_uint256). It has only the operations that targets and work need. Unlike a
// big.Int it is a value: it can be copied, compared with ==, and be a map's key.
type uint256 [4]uint64

// fromBytes returns the number with these bytes, the most significant first.
func fromBytes(b [32]byte) (x uint256) {
	for i := range x {
		x[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return x
}

// bytes is the inverse of fromBytes.
func (x uint256) bytes() (b [32]byte) {
	for i, limb := range x {
		binary.BigEndian.PutUint64(b[24-8*i:], limb)
	}
	return b
}

func (x uint256) isZero() bool { return x == uint256{} }

// cmp returns -1 if x is less than y, 0 if they are equal, and 1 if x is greater.
func (x uint256) cmp(y uint256) int {
	for i := 3; i >= 0; i-- {
		switch {
		case x[i] < y[i]:
			return -1
		case x[i] > y[i]:
			return 1
		}
	}
	return 0
}

// add returns x+y modulo 2^256.
func (x uint256) add(y uint256) uint256 {
	var carry uint64
	for i := range x {
		x[i], carry = bits.Add64(x[i], y[i], carry)
	}
	return x
}

// sub returns x-y modulo 2^256.
func (x uint256) sub(y uint256) uint256 {
	var borrow uint64
	for i := range x {
		x[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	return x
}

// shl returns x·2^n modulo 2^256.
func (x uint256) shl(n uint) (out uint256) {
	words, rest := int(n/64), n%64
	for i := 3; i >= words; i-- {
		out[i] = x[i-words] << rest
		if i > words {
			out[i] |= x[i-words-1] >> (64 - rest) // a shift by 64 gives 0 in Go
		}
	}
	return out
}

// shr returns x/2^n, rounded down.
func (x uint256) shr(n uint) (out uint256) {
	words, rest := int(n/64), n%64
	for i := 0; i+words < 4; i++ {
		out[i] = x[i+words] >> rest
		if i+words < 3 {
			out[i] |= x[i+words+1] << (64 - rest)
		}
	}
	return out
}

// bitLen returns how many bits x needs: 0 for 0, 256 at most.
func (x uint256) bitLen() int {
	for i := 3; i >= 0; i-- {
		if x[i] != 0 {
			return 64*i + bits.Len64(x[i])
		}
	}
	return 0
}

// mulDiv returns x·m/d, rounded down. The product has 320 bits, so it cannot overflow;
// ok is false if the quotient does not fit into 256. d must not be 0.
func (x uint256) mulDiv(m, d uint64) (q uint256, ok bool) {
	var product [5]uint64
	var carry uint64
	for i := range x {
		hi, lo := bits.Mul64(x[i], m)
		var c uint64
		product[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c // cannot overflow: hi is at most 2^64-2
	}
	product[4] = carry

	// Long division, one 64-bit digit at a time.
	first, rest := product[4]/d, product[4]%d
	for i := 3; i >= 0; i-- {
		q[i], rest = bits.Div64(rest, product[i], d)
	}
	return q, first == 0
}

// float returns x as a floating-point number, off by at most one part in 2^50.
func (x uint256) float() (f float64) {
	for i := 3; i >= 0; i-- {
		f += math.Ldexp(float64(x[i]), 64*i)
	}
	return f
}
