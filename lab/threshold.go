package lab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
)

// ThresholdConfig is a private attack on a chain whose blocks take time to reach all miners.
type ThresholdConfig struct {
	X        float64 // delay of a block, in mean intervals between all mined blocks
	Attacker float64 // share of the hash power
	Blocks   int     // of the longer chain, at which the run ends
	Seed     uint64
}

// Threshold is who is ahead at the end, beside the share from which the attacker is.
type Threshold struct {
	Threshold      float64 `json:"threshold"`
	AttackerAhead  bool    `json:"attacker_ahead"`  // in this run
	HonestGrowth   float64 `json:"honest_growth"`   // blocks of the honest chain, for each mean interval
	AttackerGrowth float64 `json:"attacker_growth"` // of the attacker's
	Theory         float64 `json:"theory"`          // of the honest growth
	Verdict        Verdict `json:"verdict"`         // whether the run is on the side of the threshold that its share is
	Blocks         int     `json:"blocks"`
	Seed           uint64  `json:"seed"`
}

// Check returns what is wrong with the configuration.
func (c *ThresholdConfig) Check() error {
	switch {
	case !(c.X > 0 && c.X <= 1000):
		return fmt.Errorf("a delay of %v intervals: want more than 0, at most 1000", c.X)
	case !(c.Attacker > 0 && c.Attacker < 1):
		return fmt.Errorf("an attacker with a share of %v: want more than 0 and less than 1", c.Attacker)
	case c.Blocks < 1 || c.Blocks > maxBlocks:
		return fmt.Errorf("%d blocks: want 1 to %d", c.Blocks, maxBlocks)
	}
	return nil
}

// threshold returns the share from which a private attack succeeds, if a block takes x intervals:
// secure if and only if r_a < 1/(Δ + 1/r_h) (Gaži, Kiayias, Russell, CCS 2020; Dembo et al., CCS
// 2020), solved for the attacker's share.
func threshold(x float64) float64 { return ((2 + x) - math.Sqrt(4+x*x)) / (2 * x) }

// Threshold runs the attack. Every honest block takes the whole delay to every other miner, and all
// miners are small: after each block of the honest chain nobody extends it before the delay has
// passed. The attacker keeps its blocks together and loses none.
func (c ThresholdConfig) Threshold(ctx context.Context) (*Threshold, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	now, free := 0.0, 0.0 // in mean intervals; free: when the honest tip has reached all
	honest, attacker := 0, 0
	for i := 0; max(honest, attacker) < c.Blocks; i++ {
		if i%65536 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		now += rng.ExpFloat64()
		switch {
		case rng.Float64() < c.Attacker:
			attacker++
		case now >= free:
			honest++
			free = now + c.X
		}
	}
	h := 1 - c.Attacker
	out := &Threshold{Threshold: threshold(c.X), AttackerAhead: attacker > honest, HonestGrowth: float64(honest) / now,
		AttackerGrowth: float64(attacker) / now, Theory: h / (1 + h*c.X), Blocks: c.Blocks, Seed: c.Seed}
	out.Verdict = c.judge(honest, attacker, out)
	return out, nil
}

// judge says whether the right side is ahead. A lead that is within the noise of the two counts
// decides nothing.
func (c *ThresholdConfig) judge(honest, attacker int, r *Threshold) Verdict {
	lead := math.Abs(float64(attacker - honest))
	switch {
	case lead < z*math.Sqrt(float64(attacker+honest)):
		return Undecided
	case r.AttackerAhead == (c.Attacker > r.Threshold):
		return Agrees
	}
	return Disagrees
}
