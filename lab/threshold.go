package lab

import (
	"context"
	"fmt"
	"math"
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
	Threshold      float64 `json:"threshold"`       // from which share on the attacker wins
	AttackerAhead  bool    `json:"attacker_ahead"`  // in this run
	HonestGrowth   float64 `json:"honest_growth"`   // blocks of the honest chain, for each mean interval
	AttackerGrowth float64 `json:"attacker_growth"` // of the attacker's
	Judgment               // theory, low and high are of the honest growth; the verdict is whether the run is on the side of the threshold that its share is
	Blocks         int     `json:"blocks"`
	Seed           uint64  `json:"seed"`
	share, x       float64
	honest, theirs Series
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

// Run runs the attack. Every honest block takes the whole delay to every other miner, and all
// miners are small: after each block of the honest chain no miner extends it before the delay has
// passed. The attacker keeps its blocks together and loses none.
func (c ThresholdConfig) Run(ctx context.Context, w Watch) (*Threshold, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng := source(c.Seed)
	now, free := 0.0, 0.0 // in mean intervals; free: when the honest tip has reached all
	honest, attacker := chainGrowth{}, chainGrowth{}
	lines, end := traceAttack(w.Events)
	for i := 0; max(honest.blocks, attacker.blocks) < c.Blocks; i++ {
		if i%4096 == 0 {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if w.Progress != nil {
				w.Progress(max(honest.blocks, attacker.blocks), c.Blocks)
			}
		}
		now += rng.ExpFloat64()
		theirs := rng.Float64() < c.Attacker
		switch {
		case theirs:
			attacker.found(now, c.Blocks)
		case now >= free:
			honest.found(now, c.Blocks)
			free = now + c.X
		}
		lines(now, theirs, now == free-c.X, c.X)
	}
	end()
	h := 1 - c.Attacker
	out := &Threshold{Threshold: threshold(c.X), AttackerAhead: attacker.blocks > honest.blocks, HonestGrowth: float64(honest.blocks) / now,
		AttackerGrowth: float64(attacker.blocks) / now, Blocks: c.Blocks, Seed: c.Seed, share: c.Attacker, x: c.X,
		honest: honest.line, theirs: attacker.line}
	// The time between two blocks of the honest chain is the delay and an exponential time of mean 1/h.
	growth := h / (1 + h*c.X)
	half := z * growth / h * math.Sqrt(float64(honest.blocks)) / now
	out.Judgment = Judgment{growth, out.HonestGrowth - half, out.HonestGrowth + half, c.judge(honest.blocks, attacker.blocks, now, growth)}
	return out, nil
}

// chainGrowth is how many blocks a chain has, and when it had them.
type chainGrowth struct {
	blocks int
	line   Series
}

// found counts a block; of all up to most, a few hundred are kept for the figure.
func (g *chainGrowth) found(now float64, most int) {
	g.blocks++
	if g.blocks%max(1, most/300) == 0 {
		g.line.add(now, float64(g.blocks))
	}
}

// traceAttack returns what takes down the blocks of a private attack, and its end, at which the
// attacker shows what it has.
func traceAttack(ev *Events) (found func(now float64, theirs, kept bool, delay float64), end func()) {
	if ev == nil {
		return func(float64, bool, bool, float64) {}, func() {}
	}
	honest, attacker, lost := chainOf("h"), chainOf("a"), 0
	end = func() {
		if ev.full() {
			return
		}
		for _, b := range attacker.blocks {
			ev.sent("attacker", "miners", b, 0)
		}
		if len(attacker.blocks) > len(honest.blocks) {
			ev.tip("miners", attacker.tip())
		} else {
			ev.tip("miners", honest.tip())
		}
	}
	found = func(now float64, theirs, kept bool, delay float64) {
		ev.now = now
		chain, by := honest, "miners"
		switch {
		case ev.full():
			return
		case theirs:
			chain, by = attacker, "attacker"
		case !kept: // its finder had not heard of the tip
			lost++
			parent := honest.base
			if n := len(honest.blocks); n > 1 {
				parent = honest.blocks[n-2]
			}
			ev.found("a miner that has not heard", fmt.Sprintf("s%d", lost), parent)
			return
		}
		parent := chain.tip()
		ev.found(by, chain.grow(), parent)
		if !theirs {
			ev.sent(by, "a miner that has not heard", chain.tip(), delay)
		}
	}
	return found, end
}

// judge says whether the right side is ahead, and by about as much as it should be after so many
// intervals. Where the theory expects a lead that is small beside the noise, the run decides nothing.
func (c *ThresholdConfig) judge(honest, attacker int, now, growth float64) Verdict {
	spread := growth / (1 - c.Attacker) // deviation of the honest blocks, over the root of their number
	noise := math.Sqrt(float64(attacker) + spread*spread*float64(honest))
	lead, expected := float64(honest-attacker), (growth-c.Attacker)*now
	switch {
	case math.Abs(lead-expected) > z*noise:
		return Disagrees
	case math.Abs(expected) < 2*noise || lead*expected <= 0:
		return Undecided
	}
	return Agrees
}

// Rows returns the table.
func (r *Threshold) Rows() [][]string {
	ahead := "the honest chain"
	if r.AttackerAhead {
		ahead = "the attacker"
	}
	return [][]string{
		{"threshold", percent(r.Threshold) + " of the hash power"},
		{"ahead", ahead, string(r.Verdict)},
		{"honest growth", fmt.Sprintf("%.4f blocks an interval, %.4f to %.4f, by theory %.4f", r.HonestGrowth, r.Low, r.High, r.Theory)},
		{"attacker", fmt.Sprintf("%.4f", r.AttackerGrowth)},
	}
}

// Figure returns how the two chains grow.
func (r *Threshold) Figure() *Figure {
	r.honest.Name, r.theirs.Name = "honest chain", "attacker"
	return &Figure{Title: fmt.Sprintf("A private attack by %s, a delay of %.4g intervals", percent(r.share), r.x),
		X: "mean intervals", Y: "blocks", Series: []Series{r.honest, r.theirs}}
}
