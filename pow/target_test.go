package pow

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"toychain/block"
)

// The table of Core's arith_uint256_tests.cpp (bignum_SetCompact), and the easiest
// targets of our networks. back is what Bits returns.
func TestTargetFromBits(t *testing.T) {
	for _, row := range []struct {
		bits   uint32
		err    error
		target string // leading zeros left out
		back   uint32 // 0: the same bits
	}{
		{0x00000000, ErrZero, "", 0},
		{0x00123456, ErrZero, "", 0},
		{0x01003456, ErrZero, "", 0},
		{0x02000056, ErrZero, "", 0},
		{0x03000000, ErrZero, "", 0},
		{0x04000000, ErrZero, "", 0},
		{0x00923456, ErrZero, "", 0}, // zero has no sign
		{0x01803456, ErrZero, "", 0},
		{0x02800056, ErrZero, "", 0},
		{0x03800000, ErrZero, "", 0},
		{0x04800000, ErrZero, "", 0},
		{0x01123456, nil, "12", 0x01120000},
		{0x02123456, nil, "1234", 0x02123400},
		{0x03123456, nil, "123456", 0},
		{0x04123456, nil, "12345600", 0},
		{0x05009234, nil, "92340000", 0},
		{0x20123456, nil, "12345600" + strings.Repeat("00", 28), 0},
		{0x01fedcba, ErrNegative, "", 0},
		{0x04923456, ErrNegative, "", 0},
		{0xff123456, ErrOverflow, "", 0},
		{0x21010000, ErrOverflow, "", 0},
		{0x2100ffff, nil, "ffff" + strings.Repeat("00", 30), 0},
		{0x22000100, ErrOverflow, "", 0},
		{0x220000ff, nil, "ff" + strings.Repeat("00", 31), 0x2100ff00},
		{0x23000001, ErrOverflow, "", 0},
		{0x1d00ff00, nil, "ff" + strings.Repeat("00", 27), 0},
		{0x1e0000ff, nil, "ff" + strings.Repeat("00", 27), 0x1d00ff00},
		{0x1d00ffff, nil, "ffff" + strings.Repeat("00", 26), 0},   // main
		{0x1f00ffff, nil, "ffff" + strings.Repeat("00", 28), 0},   // toy
		{0x207fffff, nil, "7fffff" + strings.Repeat("00", 29), 0}, // regtest
		{0x1b0404cb, nil, "0404cb" + strings.Repeat("00", 24), 0},
	} {
		target, err := TargetFromBits(row.bits)
		if !errors.Is(err, row.err) || (err == nil) != (row.err == nil) {
			t.Errorf("%08x: error %v, want %v", row.bits, err, row.err)
		}
		if err != nil {
			if target != (Target{}) {
				t.Errorf("%08x: a target with an error: %s", row.bits, target)
			}
			continue
		}
		if want := strings.Repeat("0", 64-len(row.target)) + row.target; target.String() != want {
			t.Errorf("%08x: target %s, want %s", row.bits, target, want)
		}
		if row.back == 0 {
			row.back = row.bits
		}
		if got := target.Bits(); got != row.back {
			t.Errorf("%08x: back to %08x, want %08x", row.bits, got, row.back)
		}
	}
}

// A user with wrong bits in a network file sees this error.
func TestBadBitsNameTheBits(t *testing.T) {
	_, err := TargetFromBits(0x04923456)
	if want := "bits 04923456: target is negative"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

// targetOracle reads bits by the definition, in unbounded integers.
func targetOracle(b uint32) (*big.Int, error) {
	n := big.NewInt(int64(b & 0x7fffff))
	if size := uint(b >> 24); size >= 3 {
		n.Lsh(n, 8*(size-3))
	} else {
		n.Rsh(n, 8*(3-size))
	}
	switch {
	case n.Sign() == 0:
		return nil, ErrZero
	case b&0x800000 != 0:
		return nil, ErrNegative
	case n.BitLen() > 256:
		return nil, ErrOverflow
	}
	return n, nil
}

func FuzzTargetFromBits(f *testing.F) {
	for _, b := range []uint32{0, 0x01123456, 0x04923456, 0x1d00ffff, 0x207fffff, 0x2100ffff, 0x220000ff, 0xff123456} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b uint32) {
		target, err := TargetFromBits(b)
		want, wantErr := targetOracle(b)
		if !errors.Is(err, wantErr) || (err == nil) != (wantErr == nil) {
			t.Fatalf("%08x: error %v, want %v", b, err, wantErr)
		}
		if err != nil {
			return
		}
		if toBig(target.n).Cmp(want) != 0 {
			t.Fatalf("%08x: target %s, want %x", b, target, want)
		}
		again, err := TargetFromBits(target.Bits())
		if err != nil || again != target {
			t.Fatalf("%08x: written as %08x, read as %s, %v", b, target.Bits(), again, err)
		}
		if again.Bits() != target.Bits() {
			t.Fatalf("%08x: %08x is not the one way to write it", b, target.Bits())
		}
	})
}

// Bits keeps the leading two or three bytes and cuts off the others.
func TestBitsCutsOff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target := Target{drawNumber(t, "target")}
		if target.n.isZero() {
			return
		}
		back, err := TargetFromBits(target.Bits())
		if err != nil {
			t.Fatalf("%s written as %08x: %v", target, target.Bits(), err)
		}
		if back.Cmp(target) > 0 {
			t.Fatalf("%s grew to %s", target, back)
		}
		lost := toBig(target.n)
		lost.Sub(lost, toBig(back.n)).Lsh(lost, 15)
		if lost.Cmp(toBig(target.n)) >= 0 {
			t.Fatalf("%s lost more than a part in 2^15: %s", target, back)
		}
	})
}

// A hash wins if its text is not greater than the target's.
func TestMet(t *testing.T) {
	target, err := TargetFromBits(0x1d00ffff)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		hash string
		met  bool
	}{
		{"0000000000000000000000000000000000000000000000000000000000000000", true},
		{"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", true}, // Bitcoin's genesis
		{"00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048", true}, // its block 1
		{"00000000ffff0000000000000000000000000000000000000000000000000000", true}, // equal is enough
		{"00000000ffff0000000000000000000000000000000000000000000000000001", false},
		{"00000001000000000000000000000000000000000000000000000000000000ff", false},
		{"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
	} {
		if got := target.Met(block.MustHash(row.hash)); got != row.met {
			t.Errorf("%s: met %v, want %v", row.hash, got, row.met)
		}
	}

	rapid.Check(t, func(t *rapid.T) {
		target := Target{drawNumber(t, "target")}
		var h block.Hash
		copy(h[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		if want := h.String() <= target.String(); target.Met(h) != want {
			t.Fatalf("hash %s, target %s: met %v", h, target, !want)
		}
	})
}

// The difficulties that Core's getdifficulty prints, with its 16 digits: of regtest,
// signet's genesis, Bitcoin's first blocks, its first change, the example in the Bitcoin
// wiki, and a row of blockchain_tests.cpp.
func TestDifficulty(t *testing.T) {
	for _, row := range []struct {
		bits uint32
		want string
	}{
		{0x207fffff, "4.656542373906925e-10"},
		{0x1e0377ae, "0.001126515290698186"},
		{0x1d00ffff, "1"},
		{0x1d00d86a, "1.182899534312841"},
		{0x1b0404cb, "16307.42093852398"},
		{0x12345678, "5.913134931067755e+24"},
	} {
		if got := fmt.Sprintf("%.16g", fromBits(t, row.bits).Difficulty()); got != row.want {
			t.Errorf("%08x: difficulty %s, want %s", row.bits, got, row.want)
		}
	}
}

// ParseBits accepts eight hex digits and nothing else.
func FuzzParseBits(f *testing.F) {
	f.Add("1f00ffff")
	f.Add("+0000001")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseBits(s)
		if again := fmt.Sprintf("%08x", n); err == nil && again != strings.ToLower(s) {
			t.Fatalf("%q became %s", s, again)
		}
	})
}
