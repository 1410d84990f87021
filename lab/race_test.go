package lab

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"toychain/internal/chaingen"
)

// TestFormulas: the formulas give the published figures.
func TestFormulas(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want float64
		within    float64
	}{
		{"Rosenfeld, q=.1, n=2", rosenfeld(.1, 2), .05600, .00001},
		{"Rosenfeld, q=.1, n=6", rosenfeld(.1, 6), .00059, .00001},
		{"Rosenfeld, q=.3, n=6", rosenfeld(.3, 6), .15645, .00001},
		{"Nakamoto, q=.1, z=5", nakamoto(.1, 5), .0009137, .0000001},
		{"Nakamoto, q=.1, z=6", nakamoto(.1, 6), .0002428, .0000001},
		{"threshold, x=1", threshold(1), .3820, .0001},
		{"threshold, x=.1", threshold(.1), .4875, .0001},
		{"threshold, x=5", threshold(5), .1615, .0001},
	} {
		if math.Abs(c.got-c.want) > c.within {
			t.Errorf("%s: %.7f, want %.7f", c.name, c.got, c.want)
		}
	}
}

// TestDoubleSpendMeetsRosenfeld: and visibly not Nakamoto.
func TestDoubleSpendMeetsRosenfeld(t *testing.T) {
	for _, c := range []DoubleSpendConfig{{.1, 2, 100_000, 1}, {.3, 6, 100_000, 2}, {.1, 6, 1_000_000, 3}} {
		r, err := c.DoubleSpend(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", *r)
		if r.Verdict != Agrees {
			t.Errorf("%+v: %+v", c, *r)
		}
		if r.Nakamoto > r.Low && r.Nakamoto < r.High {
			t.Errorf("%+v: Nakamoto's %v is in the interval, too", c, r.Nakamoto)
		}
	}
}

// TestThresholdIsSharp: at x=1 the honest chain wins 100 of 100 attacks of .37 over 10,000 blocks,
// and the attacker 100 of 100 at .40.
func TestThresholdIsSharp(t *testing.T) {
	for seed := range uint64(100) {
		for _, share := range []float64{.37, .40} {
			r, err := ThresholdConfig{1, share, 10_000, seed}.Threshold(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r.AttackerAhead != (share > .38) || r.Verdict == Disagrees {
				t.Errorf("seed %d, share %v: %+v", seed, share, *r)
			}
			if math.Abs(r.HonestGrowth-r.Theory) > .02 {
				t.Errorf("honest growth %.4f, want %.4f", r.HonestGrowth, r.Theory)
			}
		}
	}
}

// TestVerdicts: an interval that holds the theory agrees, unless it holds nearly everything.
func TestVerdicts(t *testing.T) {
	if e := Proportion(100, 1000); e.Against(.1) != Agrees || e.Against(.2) != Disagrees || e.Rate != .1 || e.Low > .075 || e.High < .13 {
		t.Errorf("100 of 1000: %+v", e)
	}
	if e := Proportion(0, 10); e.Against(.001) != Undecided || e.Low != 0 {
		t.Errorf("0 of 10: %+v", e)
	}
	if e := Proportion(0, 0); e.Against(.5) != Undecided {
		t.Errorf("no trial: %+v", e)
	}
}

// TestAttackOnATree: the blocks of a race, given to a real block tree, end at the attacker's tip if
// the model says that it won, and at the honest one if not.
func TestAttackOnATree(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	cfg := DoubleSpendConfig{Attacker: .4, Confirmations: 2, Races: 1}
	won := 0
	const races = 40
	for range races {
		genesis := chaingen.Genesis(chaingen.Network())
		honest, theirs := genesis, genesis.Mine("a") // one ahead
		secret := []*chaingen.Block{theirs}
		tree := chaingen.NewDisk().MustOpen(chaingen.Network())
		add := func(b *chaingen.Block) {
			if _, err := tree.AddBlock(b.Block, time.Unix(1<<31-1, 0)); err != nil {
				t.Fatal(err)
			}
		}
		won1 := cfg.attack(rng, func(attacker bool) {
			if attacker {
				theirs = theirs.Mine("a")
				secret = append(secret, theirs)
			} else {
				honest = honest.Mine("h")
				add(honest)
			}
		})
		for _, b := range secret {
			add(b)
		}
		want := honest
		if won1 {
			want = theirs
			won++
		}
		if tip := tree.Tip(); tip.Hash != want.State.Hash {
			t.Errorf("won %v, the tip is at height %d, honest %d, attacker %d", won1, tip.Height, honest.Height(), theirs.Height())
		}
	}
	if won == 0 || won == races {
		t.Errorf("%d of %d races were won: this shows nothing", won, races)
	}
}
