package sim

import (
	"math"
	"testing"
	"time"
)

// TestLightMeetsEngines: light nodes find as many stale blocks as engines do, within what
// chance allows, and all end at one tip.
func TestLightMeetsEngines(t *testing.T) {
	cfg := Config{Nodes: 12, Blocks: 600, Seed: 4, Interval: time.Second, Delay: Constant(200 * time.Millisecond), Topology: Mesh}
	full, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Light, cfg.Blocks = true, 20_000
	light, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	theory := (1 - 1.0/12) * .2 / 1.2
	sigma := math.Sqrt(theory * (1 - theory) / 600)
	t.Logf("stale: engines %.4f, light %.4f, theory %.4f", full.StaleRate, light.StaleRate, theory)
	if math.Abs(full.StaleRate-light.StaleRate) > 3.3*sigma || math.Abs(light.StaleRate-theory) > .01 {
		t.Errorf("stale: engines %.4f, light %.4f, theory %.4f", full.StaleRate, light.StaleRate, theory)
	}
	if full.Tips != 1 || light.Tips != 1 || light.Blocks < 20_000 {
		t.Errorf("%+v, %+v", *full, *light)
	}
}

// TestLightSameSeed: the same bytes, on however many cores.
func TestLightSameSeed(t *testing.T) {
	cfg := Config{Nodes: 200, Blocks: 50, Seed: 4, Interval: time.Second, Delay: Uniform(50*time.Millisecond, 150*time.Millisecond), Topology: Random, Degree: 4, Light: true}
	a, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Run(t.Context(), cfg)
	if err != nil || a.LogHash != b.LogHash || a.Tips != b.Tips {
		t.Errorf("%+v, then %+v: %v", *a, *b, err)
	}
}
