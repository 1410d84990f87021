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
		{"x=.7, 20 equal miners", StaleConfig{EqualShares(20), time.Second, 700 * ms, 700 * ms, 30_000, 1}, .391, .477, .01},
		{"linear shares, T=30 s", StaleConfig{LinearShares(10), 30 * time.Second, 500 * ms, 1500 * ms, 100_000, 1}, .0275, .028, .003},
		{"linear shares, T=60 s", StaleConfig{LinearShares(10), 60 * time.Second, 500 * ms, 1500 * ms, 100_000, 1}, .014, .014, .002},
		{"linear shares, T=120 s", StaleConfig{LinearShares(10), 120 * time.Second, 500 * ms, 1500 * ms, 100_000, 1}, .007, .007, .0012},
		{"one miner", StaleConfig{EqualShares(1), time.Second, time.Second, time.Second, 1000, 1}, 0, 0, 0},
	} {
		r, err := c.cfg.Run(t.Context(), Watch{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v", c.name, *r)
		if math.Abs(r.StaleRate-c.rate) > c.within || math.Abs(r.ForkedHeights-c.heights) > c.within || r.Verdict != Agrees {
			t.Errorf("%s: %.4f of blocks and %.4f of heights, want %.4f and %.4f; %+v", c.name, r.StaleRate, r.ForkedHeights, c.rate, c.heights, r.Judgment)
		}
	}
}

// TestShortIntervalsForkLongOnesWait: over a sweep the stale rate falls and the wait grows, and each
// point agrees with the theory.
func TestShortIntervalsForkLongOnesWait(t *testing.T) {
	r, err := StaleConfig{EqualShares(20), 10 * time.Second, time.Second, time.Second, 20_000, 1}.Sweep(t.Context(), Watch{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != Agrees || len(r.Points) != 9 || r.Points[3].StaleRate != r.StaleRate || r.Points[3].Interval != 10 {
		t.Errorf("%+v", *r)
	}
	for i, p := range r.Points[1:] {
		if before := r.Points[i]; p.StaleRate >= before.StaleRate || p.Growth <= before.Growth || p.Interval != 2*before.Interval {
			t.Errorf("after %+v: %+v", before, p)
		}
	}
}

// TestRacesFitTheirClock: a race that the clock cannot hold is refused, not run with times that wrap around.
func TestRacesFitTheirClock(t *testing.T) {
	for _, c := range []StaleConfig{
		{EqualShares(2), 10_000 * time.Hour, 0, time.Second, 20_000, 1},
		{EqualShares(2), time.Second, 0, math.MaxInt64, 20_000, 1},
	} {
		if r, err := c.Run(t.Context(), Watch{}); err == nil {
			t.Errorf("%d blocks every %s: %+v", c.Blocks, c.Interval, *r)
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
		model, err := StaleConfig{EqualShares(miners), time.Second, delay, delay, 20_000, 5}.Run(t.Context(), Watch{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: engines %+v, model %.4f, theory %.4f", delay, engines, model.StaleRate, model.Theory)
		if engines.Low > model.High || engines.High < model.Low {
			t.Errorf("%s: engines %+v, model %+v", delay, engines, *model)
		}
	}
}
