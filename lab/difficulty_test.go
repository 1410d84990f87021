package lab

import (
	"math"
	"testing"
	"time"
)

// TestDifficultyMeetsTheory: at the figures that were derived, and those that were simulated.
func TestDifficultyMeetsTheory(t *testing.T) {
	toy := DifficultyConfig{Window: 30, Spacing: 10 * time.Second, Blocks: 300_000, What: Steady, Seed: 1, Grace: 2 * time.Second}
	with := func(change func(c *DifficultyConfig)) DifficultyConfig {
		c := toy
		change(&c)
		return c
	}
	lies := func(ahead time.Duration) DifficultyConfig {
		return with(func(c *DifficultyConfig) { c.What, c.Attacker, c.Ahead = Timestamps, .3, ahead })
	}
	for _, c := range []struct {
		name         string
		cfg          DifficultyConfig
		mean, within float64
		ratio        float64
	}{
		{"toy", toy, 10.714, .001, 1},
		{"Bitcoin", with(func(c *DifficultyConfig) { c.Window, c.Spacing, c.Blocks = 2016, 600*time.Second, 1_008_000 }), 600.6, .1, 1},
		{"growth 2", with(func(c *DifficultyConfig) { c.What, c.Growth, c.Window, c.Blocks = Growth, 2, 2016, 1_500_000 }), 6.41, .01, .641},
		{"growth 1.1", with(func(c *DifficultyConfig) { c.What, c.Growth, c.Window, c.Blocks = Growth, 1.1, 2016, 1_500_000 }), 9.16, .02, .916},
		{"growth 2, toy", with(func(c *DifficultyConfig) { c.What, c.Growth = Growth, 2 }), 6.727, .001, .641},
		{"growth 4, toy", with(func(c *DifficultyConfig) { c.What, c.Growth, c.Blocks = Growth, 4, 1_500_000 }), 5.215, .002, .5},
		{"power dwindles", with(func(c *DifficultyConfig) { c.What, c.Growth = Growth, .9 }), 12.188, .002, 1.126},
		{"hop", with(func(c *DifficultyConfig) { c.What, c.Hop = Hop, .5 }), 12.5 * 30 / 28, .01, 1.25},
		{"hop .7", with(func(c *DifficultyConfig) { c.What, c.Hop = Hop, .7 }), 18.87, .05, 1.8167},
		{"collapse", with(func(c *DifficultyConfig) { c.What = Collapse }), 14.5 / 4 * 10 * 30 / 28, .001, 14.5 / 4},
		{"two hours", lies(2 * time.Hour), 6.61, .06, .661},
		{"120 s", lies(2 * time.Minute), 9.68, .04, .968},
		{"60 s", lies(time.Minute), 10.12, .04, 1.012},
		{"time warp", with(func(c *DifficultyConfig) { c.What = Timewarp }), 2.23, .05, .223},
	} {
		r, err := c.cfg.Run(t.Context(), Watch{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.4f %+v jitter %.3f %+v %+v", c.name, r.MeanInterval, r.Judgment, r.Jitter, r.BIP54, r.Windows)
		if math.Abs(r.Theory-c.mean) > c.within || math.Abs(r.TheoryRatio-c.ratio) > .01 {
			t.Errorf("%s: the theory gives %.4f and %.4f, want %.4f and %.4f", c.name, r.Theory, r.TheoryRatio, c.mean, c.ratio)
		}
		if r.Verdict != Agrees {
			t.Errorf("%s: %+v", c.name, *r)
		}
		if c.cfg.What == Steady && math.Abs(r.Jitter/r.TheoryJitter-1) > .1 {
			t.Errorf("%s: jitter %.4f, want %.4f", c.name, r.Jitter, r.TheoryJitter)
		}
	}
}
