package lab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"toychain/pow"
)

// DifficultyConfig is a network with constant hash power whose difficulty follows the times in the
// blocks.
type DifficultyConfig struct {
	Window  int           // blocks between changes of the target
	Spacing time.Duration // wanted time between blocks, whole seconds
	Blocks  int
	Seed    uint64
}

// Difficulty is how fast blocks come, and how much the difficulty varies. Times are in seconds.
type Difficulty struct {
	MeanInterval float64 `json:"mean_interval"`
	Low          float64 `json:"low"` // of the mean interval, with 99.9 % confidence
	High         float64 `json:"high"`
	Theory       float64 `json:"theory"`
	Jitter       float64 `json:"jitter"` // standard deviation of the difficulty over its mean
	TheoryJitter float64 `json:"theory_jitter"`
	Verdict      Verdict `json:"verdict"` // about the mean interval
	Blocks       int     `json:"blocks"`
	Seed         uint64  `json:"seed"`
}

// Check returns what is wrong with the configuration.
func (c *DifficultyConfig) Check() error {
	switch {
	case c.Window < 5 || c.Window > 100_000:
		return fmt.Errorf("a window of %d blocks: want 5 to 100,000", c.Window)
	case c.Spacing < time.Second || c.Spacing > 24*time.Hour || c.Spacing%time.Second != 0:
		return fmt.Errorf("a spacing of %s: want whole seconds, from 1 to a day", c.Spacing)
	case c.Spacing.Seconds()*float64(c.Window) > math.MaxUint32:
		return fmt.Errorf("a window of %d blocks every %s is longer than 136 years", c.Window, c.Spacing)
	case c.Blocks < batches*c.Window || c.Blocks > maxBlocks:
		return fmt.Errorf("%d blocks: want %d (%d windows) to %d", c.Blocks, batches*c.Window, batches, maxBlocks)
	}
	return nil
}

// Difficulty mines with the node's own rule for the target (pow.Retarget). By theory blocks come
// every T·N/(N−2): a window of N blocks has N−1 intervals, and the mean of one over a sum of N−1
// exponential times is 1/(N−2). The difficulty varies by 1/√(N−3).
func (c DifficultyConfig) Difficulty(ctx context.Context, progress func(blocks int)) (*Difficulty, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	limit, err := pow.TargetFromBits(0x207fffff)
	if err != nil {
		return nil, err
	}
	target, err := pow.TargetFromBits(0x1c00ffff) // far from the limit
	if err != nil {
		return nil, err
	}
	spacing, windows := c.Spacing.Seconds(), c.Blocks/c.Window
	hashes := target.Work().Float() / spacing // a second
	var means, difficulties []float64
	batch, sum := max(1, windows/batches), 0.0
	for i := range windows {
		if i%1024 == 0 {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if progress != nil {
				progress(i * c.Window)
			}
		}
		actual, mean := 0.0, target.Work().Float()/hashes
		for j := range c.Window {
			interval := mean * rng.ExpFloat64()
			sum += interval
			if j > 0 { // the first interval lies before the window
				actual += interval
			}
		}
		difficulties = append(difficulties, mean)
		if (i+1)%batch == 0 {
			means = append(means, sum/float64(batch*c.Window))
			sum = 0
		}
		target = pow.Retarget(target, limit, uint32(math.Round(actual)), uint32(c.Window)*uint32(spacing))
	}
	e := Average(means)
	n := float64(c.Window)
	out := &Difficulty{MeanInterval: e.Rate, Low: e.Low, High: e.High, Theory: spacing * n / (n - 2),
		Jitter: deviation(difficulties) / mean(difficulties), TheoryJitter: 1 / math.Sqrt(n-3), Blocks: windows * c.Window, Seed: c.Seed}
	out.Verdict = e.Against(out.Theory)
	return out, nil
}
