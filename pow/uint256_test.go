package pow

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// The oracle for all arithmetic is math/big.

func toBig(x uint256) *big.Int {
	b := x.bytes()
	return new(big.Int).SetBytes(b[:])
}

// fromBig returns n modulo 2^256.
func fromBig(n *big.Int) uint256 {
	n = new(big.Int).Mod(n, twoTo256)
	var b [32]byte
	n.FillBytes(b[:])
	return fromBytes(b)
}

var twoTo256 = new(big.Int).Lsh(big.NewInt(1), 256)

// drawNumber draws numbers of all sizes. Limbs of all ones or all zeros, which test
// carries, are more frequent than by chance.
func drawNumber(t *rapid.T, label string) uint256 {
	limb := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, math.MaxUint64}))
	var x uint256
	for i := range rapid.IntRange(0, 4).Draw(t, label+" limbs") {
		x[i] = limb.Draw(t, label)
	}
	return x
}

func TestUint256(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawNumber(t, "x"), drawNumber(t, "y")
		bx, by := toBig(x), toBig(y)
		n := rapid.UintRange(0, 300).Draw(t, "shift")
		for _, row := range []struct {
			what string
			got  uint256
			want *big.Int
		}{
			{"from bytes of", fromBytes(x.bytes()), bx},
			{"add", x.add(y), new(big.Int).Add(bx, by)},
			{"sub", x.sub(y), new(big.Int).Sub(bx, by)},
			{"shl", x.shl(n), new(big.Int).Lsh(bx, n)},
			{"shr", x.shr(n), new(big.Int).Rsh(bx, n)},
		} {
			if row.got != fromBig(row.want) {
				t.Errorf("%s: got %x, want %x", row.what, toBig(row.got), row.want)
			}
		}
		if x.cmp(y) != bx.Cmp(by) {
			t.Errorf("cmp: got %d", x.cmp(y))
		}
		if x.bitLen() != bx.BitLen() {
			t.Errorf("bitLen: got %d, want %d", x.bitLen(), bx.BitLen())
		}
		if x.isZero() != (bx.Sign() == 0) {
			t.Errorf("isZero: got %v", x.isZero())
		}
		want, _ := new(big.Float).SetInt(bx).Float64()
		if got := x.float(); math.Abs(got-want) > want/(1<<50) {
			t.Errorf("float: got %v, want %v", got, want)
		}
	})
}

func TestMulDiv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, m, d := drawNumber(t, "x"), rapid.Uint64().Draw(t, "m"), rapid.Uint64Min(1).Draw(t, "d")
		got, ok := x.mulDiv(m, d)
		want := new(big.Int).Mul(toBig(x), new(big.Int).SetUint64(m))
		want.Div(want, new(big.Int).SetUint64(d))
		if got != fromBig(want) || ok != (want.BitLen() <= 256) {
			t.Fatalf("%x·%d/%d: got %x, %v, want %x", toBig(x), m, d, toBig(got), ok, want)
		}
	})
}
