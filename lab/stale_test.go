package lab

import (
	"math"
	"testing"
	"time"

	"toychain/sim"
)

// TestStaleRates: the model meets the figures that were published or derived.
func TestStaleRates(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		name    string
		cfg     StaleConfig
		rate    float64 // of blocks
		heights float64
		within  float64
	}{
		{"x=1, 100 equal miners", StaleConfig{EqualShares(100), time.Second, time.Second, time.Second, 30_000, 1}, .494, .624, .01},
		{"x=.1, 100 equal miners", StaleConfig{EqualShares(100), time.Second, 100 * ms, 100 * ms, 30_000, 1}, .0892, .0937, .006},
		{"linear shares, T=30 s", StaleConfig{LinearShares(10), 30 * time.Second, 500 * ms, 1500 * ms, 100_000, 1}, .0275, .028, .003},
		{"linear shares, T=60 s", StaleConfig{LinearShares(10), 60 * time.Second, 500 * ms, 1500 * ms, 100_000, 1}, .014, .014, .002},
		{"one miner", StaleConfig{EqualShares(1), time.Second, time.Second, time.Second, 1000, 1}, 0, 0, 0},
	} {
		r, err := c.cfg.Stale(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v", c.name, *r)
		if math.Abs(r.StaleRate-c.rate) > c.within || math.Abs(r.ForkedHeights-c.heights) > c.within {
			t.Errorf("%s: %.4f of blocks and %.4f of heights, want %.4f and %.4f", c.name, r.StaleRate, r.ForkedHeights, c.rate, c.heights)
		}
	}
}

// TestModelMeetsEngines: the same race on real engines gives the same stale rate.
func TestModelMeetsEngines(t *testing.T) {
	const miners, blocks = 6, 1500
	for _, delay := range []time.Duration{100 * time.Millisecond, 500 * time.Millisecond} {
		real, err := sim.Run(t.Context(), sim.Config{Nodes: miners, Blocks: blocks, Seed: 5, Interval: time.Second, Delay: sim.Constant(delay), Topology: sim.Mesh})
		if err != nil {
			t.Fatal(err)
		}
		mined := int(math.Round(float64(real.Blocks) / (1 - real.StaleRate)))
		engines := Proportion(mined-real.Blocks, mined)
		model, err := StaleConfig{EqualShares(miners), time.Second, delay, delay, 20_000, 5}.Stale(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: engines %+v, model %.4f, theory %.4f", delay, engines, model.StaleRate, model.Theory)
		if engines.Low > model.High || engines.High < model.Low {
			t.Errorf("%s: engines %+v, model %+v", delay, engines, *model)
		}
	}
}
