package lab

import (
	"math"
	"slices"
	"testing"
	"time"
)

// TestFormulas: the formulas give the published figures.
func TestFormulas(t *testing.T) {
	low, high := guoRen(.1, 6, 10./600)
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
		{"Guo and Ren, lower bound", low, .00107, .000005},
		{"Guo and Ren, upper bound", high, .00353, .000005},
		{"Rosenfeld, of one", rosenfeld(.4, 1), .8, 1e-14},
		{"Rosenfeld, q=.1, n=100, times 10⁴⁶", 1e46 * rosenfeld(.1, 100), 2.998, .001},
		{"Nakamoto, q=.1, z=100", 1e57 * nakamoto(.1, 100), .8039, .0001},
		{"threshold, x=1", threshold(1), .3820, .0001},
		{"threshold, x=.1", threshold(.1), .4875, .0001},
		{"threshold, x=5", threshold(5), .1615, .0001},
		{"Lambert's W of 1", lambertW(1), .5671433, .0000001},
		{"Lambert's W of -.2", lambertW(-.2), -.2591711, .0000001},
	} {
		if math.Abs(c.got-c.want) > c.within {
			t.Errorf("%s: %.7f, want %.7f", c.name, c.got, c.want)
		}
	}
}

// TestDoubleSpendMeetsRosenfeld: and visibly neither Nakamoto's value nor Guo's and Ren's bounds.
func TestDoubleSpendMeetsRosenfeld(t *testing.T) {
	for _, c := range []DoubleSpendConfig{{.1, 2, 100_000, time.Minute, 0, 1}, {.3, 6, 100_000, time.Minute, time.Second, 2}, {.1, 6, 1_000_000, time.Minute, 0, 3}} {
		r, err := c.Run(t.Context(), Watch{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", *r)
		if r.Verdict != Agrees || !slices.Equal(r.Meets, []string{"rosenfeld"}) {
			t.Errorf("%+v: %+v", c, *r)
		}
	}
}

// TestThresholdIsSharp: at x=1 the honest chain wins 100 of 100 attacks of .37 over 10,000 blocks,
// and the attacker 100 of 100 at .40.
func TestThresholdIsSharp(t *testing.T) {
	for seed := range uint64(100) {
		for _, share := range []float64{.37, .40} {
			r, err := ThresholdConfig{1, share, 10_000, seed}.Run(t.Context(), Watch{})
			if err != nil {
				t.Fatal(err)
			}
			if r.AttackerAhead != (share > .38) || r.Verdict != Agrees {
				t.Errorf("seed %d, share %v: %+v", seed, share, *r)
			}
			if r.Low > r.Theory || r.High < r.Theory {
				t.Errorf("honest growth %.4f to %.4f, want %.4f", r.Low, r.High, r.Theory)
			}
		}
	}
}

// TestVerdicts: an interval that holds the theory agrees, unless it holds nearly everything.
func TestVerdicts(t *testing.T) {
	if e := Proportion(100, 1000); e.Against(.1) != Agrees || e.Against(.2) != Disagrees || e.Rate != .1 || e.Low > .075 || e.High < .13 {
		t.Errorf("100 of 1000: %+v", e)
	}
	if e := Proportion(0, 10); e.Against(.001) != Undecided || e.Against(0) != Agrees || e.Low != 0 {
		t.Errorf("0 of 10: %+v", e)
	}
	for _, c := range []struct{ hits, trials int }{{1, 5000}, {4999, 5000}, {5000, 5000}, {1, 1}, {30, 100}, {31, 100}, {69, 100}} {
		if e := Proportion(c.hits, c.trials); !(e.Low <= e.Rate && e.Rate <= e.High && e.Low >= 0 && e.High <= 1) {
			t.Errorf("%+v: %+v", c, e)
		}
	}
	// One hit in 5,000: less than one in 10⁷, or more than 1 in 505, would be a surprise of 1 in 2,000.
	if e := Proportion(1, 5000); math.Abs(e.Low/1.0003e-7-1) > .001 || math.Abs(e.High/.0019983-1) > .01 {
		t.Errorf("1 of 5000: %+v", e)
	}
	if e := Proportion(0, 0); e.Against(.5) != Undecided {
		t.Errorf("no trial: %+v", e)
	}
	if e := ratio([]float64{1, 2, 3}, []float64{2, 4, 6}); e.Rate != .5 || e.Low != .5 || e.High != .5 {
		t.Errorf("halves: %+v", e)
	}
	for _, e := range []Estimate{Average([]float64{7}), ratio([]float64{7}, []float64{1}), ratio([]float64{7, 9}, []float64{0, 0})} {
		if e.Against(7) != Undecided || math.IsNaN(e.Rate) || math.IsInf(e.High, 0) {
			t.Errorf("one value, or a share of none: %+v", e)
		}
	}
	if worst(Agrees, Undecided) != Undecided || worst(Disagrees, Undecided) != Disagrees || worst(Agrees) != Agrees {
		t.Error("the worst verdict")
	}
}
