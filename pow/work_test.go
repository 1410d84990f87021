package pow

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func fromBits(t testing.TB, b uint32) Target {
	t.Helper()
	target, err := TargetFromBits(b)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// The chainwork that Core's getblockheader shows for the first blocks of main, and of
// regtest, where a block takes two tries.
func TestChainworkOfRealChains(t *testing.T) {
	for _, row := range []struct {
		bits   uint32
		blocks int
		want   string
	}{
		{0x1d00ffff, 1, "0000000000000000000000000000000000000000000000000000000100010001"},
		{0x1d00ffff, 2, "0000000000000000000000000000000000000000000000000000000200020002"},
		{0x1d00ffff, 2016, "000000000000000000000000000000000000000000000000000007e007e007e0"},
		{0x207fffff, 1, "0000000000000000000000000000000000000000000000000000000000000002"},
		{0x207fffff, 101, "00000000000000000000000000000000000000000000000000000000000000ca"},
		{0x1f00ffff, 1, "0000000000000000000000000000000000000000000000000000000000010001"},
	} {
		var sum Work
		for range row.blocks {
			sum = sum.Add(fromBits(t, row.bits).Work())
		}
		if sum.String() != row.want {
			t.Errorf("%d blocks of %08x: work %s, want %s", row.blocks, row.bits, sum, row.want)
		}
	}
}

func TestWorkIsTheFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target := Target{drawNumber(t, "target")}
		want := toBig(target.n)
		want.Div(twoTo256, want.Add(want, big.NewInt(1)))
		if want.BitLen() > 256 { // only target 0
			want.Sub(want, big.NewInt(1))
		}
		if got := target.Work(); toBig(got.n).Cmp(want) != 0 {
			t.Fatalf("target %s: work %s, want %x", target, got, want)
		}
	})
}

// One hard block outweighs many easy ones: most work is not most blocks.
func TestMostWorkIsNotMostBlocks(t *testing.T) {
	easy, hard := fromBits(t, 0x207fffff).Work(), fromBits(t, 0x1f00ffff).Work()
	var long Work
	for range 1000 {
		long = long.Add(easy)
	}
	if long.Cmp(hard) >= 0 {
		t.Errorf("1000 easy blocks have work %s, one hard block %s", long, hard)
	}
}

func TestWorkAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := Work{drawNumber(t, "a")}, Work{drawNumber(t, "b")}
		if a.Add(b) != b.Add(a) || a.Add(Work{}) != a || a.Add(b).Sub(b) != a {
			t.Fatalf("%s and %s: sums disagree", a, b)
		}
		if WorkFromBytes(a.Bytes()) != a {
			t.Fatalf("%s: bytes do not round-trip", a)
		}
		// Texts, bytes and works have one order: a database may sort by any.
		if sign := a.Cmp(b); (sign < 0) != (a.String() < b.String()) || sign != -b.Cmp(a) {
			t.Fatalf("%s and %s: cmp %d", a, b, sign)
		}
		text, err := json.Marshal(a)
		if err != nil || string(text) != `"`+a.String()+`"` {
			t.Fatalf("%s: json %s, %v", a, text, err)
		}
		var back Work
		if err := json.Unmarshal(text, &back); err != nil || back != a {
			t.Fatalf("%s: json back %s, %v", a, back, err)
		}
	})
}

func TestWorkText(t *testing.T) {
	for _, text := range []string{
		"",
		"0100010001",
		"0x000000000000000000000000000000000000000000000000000000100010001",
		"000000000000000000000000000000000000000000000000000000010001000g",
		"00000000000000000000000000000000000000000000000000000000100010001",
	} {
		w := Work{uint256{7}}
		if err := w.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
		if w != (Work{uint256{7}}) {
			t.Errorf("%q: an error changed it to %s", text, w)
		}
	}
	if got := fromBits(t, 0x1d00ffff).Work().Float(); got != 0x100010001 {
		t.Errorf("float of genesis' work: %v", got)
	}
}

func FuzzWorkText(f *testing.F) {
	f.Add(strings.Repeat("0", 62) + "aB")
	f.Fuzz(func(t *testing.T, s string) {
		var w Work
		if err := w.UnmarshalText([]byte(s)); err != nil {
			return
		}
		if w.String() != strings.ToLower(s) || WorkFromBytes(w.Bytes()) != w {
			t.Fatalf("%q became %s", s, w)
		}
	})
}
