package lab

import (
	"math"
	"testing"
	"time"
)

// TestSelfishMeetsEyalSirer: at the published points, and the formula gives them.
func TestSelfishMeetsEyalSirer(t *testing.T) {
	for _, c := range []struct {
		cfg  SelfishConfig
		want float64
		pays bool
	}{
		{SelfishConfig{1. / 3, 0, 500_000, 1}, 1. / 3, false},
		{SelfishConfig{.25, .5, 500_000, 2}, .25, false},
		{SelfishConfig{.4, .5, 500_000, 3}, .5256, true},
		{SelfishConfig{.1, 0, 500_000, 4}, .0356, false},
	} {
		r, err := c.cfg.Selfish(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", *r)
		if math.Abs(r.Theory-c.want) > .0001 {
			t.Errorf("%+v: the formula gives %.4f, want %.4f", c.cfg, r.Theory, c.want)
		}
		if r.Verdict != Agrees || r.High-r.Low > .02 || r.Pays != c.pays {
			t.Errorf("%+v: %+v", c.cfg, *r)
		}
	}
}

// TestDifficultyMeetsTheory: with toy's window and with Bitcoin's.
func TestDifficultyMeetsTheory(t *testing.T) {
	for _, c := range []struct {
		cfg          DifficultyConfig
		mean, jitter float64
	}{
		{DifficultyConfig{30, 10 * time.Second, 600_000, 1}, 10.714, .192},
		{DifficultyConfig{2016, 600 * time.Second, 2_016_000, 2}, 600.6, .022},
	} {
		r, err := c.cfg.Difficulty(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", *r)
		if math.Abs(r.Theory/c.mean-1) > .0001 || math.Abs(r.TheoryJitter-c.jitter) > .001 {
			t.Errorf("the formulas give %.4f and %.4f, want %.4f and %.4f", r.Theory, r.TheoryJitter, c.mean, c.jitter)
		}
		if r.Verdict != Agrees || math.Abs(r.Jitter/r.TheoryJitter-1) > .1 {
			t.Errorf("%+v: %+v", c.cfg, *r)
		}
	}
}
