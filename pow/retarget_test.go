package pow

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// twoWeeks is Bitcoin's wanted time: 2016 intervals of ten minutes.
const twoWeeks = 14 * 24 * 60 * 60

// Bitcoin's own retargets, times and bits from its block headers, and an artificial
// one of Core's pow_tests.cpp that reaches the upper clamp.
func TestBitcoinsRetargets(t *testing.T) {
	for _, row := range []struct {
		what        string
		first, last uint32 // times of the window's first and last block
		old, want   uint32 // bits
	}{
		{"block 2016: too slow, and already the easiest", 1231006505, 1233061996, 0x1d00ffff, 0x1d00ffff},
		{"block 32256: the first change ever", 1261130161, 1262152739, 0x1d00ffff, 0x1d00d86a},
		{"block 68544: faster than a quarter, clamped", 1279008237, 1279297671, 0x1c05a3f4, 0x1c0168fd},
		{"artificial: slower than four times, clamped", 1263163443, 1269211443, 0x1c387f6f, 0x1d00e1fd},
	} {
		got := Retarget(fromBits(t, row.old), fromBits(t, 0x1d00ffff), row.last-row.first, twoWeeks)
		if got.Bits() != row.want {
			t.Errorf("%s: bits %08x, want %08x", row.what, got.Bits(), row.want)
		}
	}
}

// 2016 blocks at exactly ten minutes have 2015 intervals between them: the target
// shrinks although no block was early.
func TestTheMissingInterval(t *testing.T) {
	old, limit := fromBits(t, 0x1c00ffff), fromBits(t, 0x1d00ffff)
	perfect := Retarget(old, limit, 2015*600, twoWeeks)
	if perfect.Cmp(old) >= 0 {
		t.Errorf("after a perfect window the target is %s, not below %s", perfect, old)
	}
	if still := Retarget(old, limit, 2016*600, twoWeeks); still != old {
		t.Errorf("after 2016 intervals the target is %s, want the same %s", still, old)
	}
	if got, want := perfect.Bits(), uint32(0x1c00ffde); /* ffff·2015/2016 */ got != want {
		t.Errorf("after a perfect window bits are %08x, want %08x", got, want)
	}
}

func TestRetargetClamps(t *testing.T) {
	old, limit := fromBits(t, 0x1c100000), fromBits(t, 0x1d00ffff)
	for _, row := range []struct {
		what           string
		actual, wanted uint32
		want           uint32
	}{
		{"no time at all counts as a quarter", 0, 400, 0x1c040000},
		{"less than a quarter", 99, 400, 0x1c040000},
		{"a quarter", 100, 400, 0x1c040000},
		{"half", 200, 400, 0x1c080000},
		{"as wanted", 400, 400, 0x1c100000},
		{"four times", 1600, 400, 0x1c400000},
		{"more than four times", 1601, 400, 0x1c400000},
		{"a century", 1<<32 - 1, 400, 0x1c400000},
		{"a window so long that four times it passes 2^32", 1<<32 - 1, 1 << 31, 0x1c1fffff},
		{"a window of one second has no quarter", 0, 1, 0x1c100000},
		{"a window of two seconds has half of one", 0, 2, 0x1c080000},
	} {
		if got := Retarget(old, limit, row.actual, row.wanted).Bits(); got != row.want {
			t.Errorf("%s: bits %08x, want %08x", row.what, got, row.want)
		}
	}
}

// The limit is so easy that four times the target has more than 256 bits: Core's product
// would lose its highest bits and make the next block harder.
func TestRetargetDoesNotOverflow(t *testing.T) {
	limit := fromBits(t, 0x2100ffff)
	if got := Retarget(limit, limit, 400, 100); got != limit {
		t.Errorf("got %s, want the limit %s", got, limit)
	}
}

// Retarget agrees with its formula in unbounded integers, for any target, limit and times.
func TestRetargetIsTheFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, limit := Target{drawNumber(t, "old")}, Target{drawNumber(t, "limit")}
		if limit.n.isZero() {
			limit.n = uint256{1}
		}
		actual, wanted := rapid.Uint32().Draw(t, "actual"), rapid.Uint32Min(1).Draw(t, "wanted")

		clamped := min(max(int64(actual), int64(wanted)/4), 4*int64(wanted))
		want := new(big.Int).Mul(toBig(old.n), big.NewInt(max(clamped, 1)))
		want.Div(want, big.NewInt(int64(wanted)))
		if want.Sign() == 0 {
			want.SetInt64(1)
		}
		if want.Cmp(toBig(limit.n)) > 0 {
			want = toBig(limit.n)
		}
		if got := Retarget(old, limit, actual, wanted); toBig(got.n).Cmp(want) != 0 {
			t.Fatalf("got %s, want %064x", got, want)
		}
	})
}

// At constant hash power blocks settle at wanted·N/(N-2): 7.1 % too slow with toy's window.
// 400,000 blocks whose intervals are exponential have an average within 0.5 % of that.
func TestRetargetSettlesLate(t *testing.T) {
	const window, spacing, windows = 30, 10.0, 13_333
	r := rand.New(rand.NewPCG(1, 2))
	limit := fromBits(t, 0x207fffff)
	target := fromBits(t, 0x1e00ffff)
	hashes := target.Work().Float() / spacing // a second
	total := 0.0
	for range windows {
		actual, mean := 0.0, target.Work().Float()/hashes
		for i := range window {
			interval := mean * r.ExpFloat64()
			total += interval
			if i > 0 { // the first one lies before the window
				actual += interval
			}
		}
		target = Retarget(target, limit, uint32(math.Round(actual)), window*spacing)
	}
	got, want := total/(windows*window), spacing*window/(window-2)
	if math.Abs(got/want-1) > 0.005 {
		t.Errorf("an average of %.3f s, want %.3f", got, want)
	}
}

// Difficulty follows hash rate: blocks that come 16 times too fast are back at the wanted
// spacing after a few retargets, but for the missing interval and the rounding of bits.
func TestRetargetConverges(t *testing.T) {
	const window, spacing = 30, 10
	limit := fromBits(t, 0x1f00ffff)
	target := limit
	hashrate := 16 * limit.Work().Float() / spacing // tries a second: 16 times too many
	for range 12 {
		interval := target.Work().Float() / hashrate
		target = Retarget(target, limit, uint32((window-1)*interval), window*spacing)
		target = fromBits(t, target.Bits())
	}
	got := target.Work().Float() / hashrate
	if want := float64(spacing) * window / (window - 1); got < 0.98*want || got > 1.02*want {
		t.Errorf("blocks settle at %.2f s, want %.2f s: %d s and the missing interval", got, want, spacing)
	}
}
