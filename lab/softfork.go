package lab

import (
	"context"
	"fmt"
	"time"
)

// SoftforkConfig is one network with two rule sets: a share of the hash power enforces a rule that
// a block of the others has just broken.
type SoftforkConfig struct {
	Share    float64 // of the hash power that enforces the rule
	Blocks   int     // that both sides mine together after that
	Interval time.Duration
	Races    int
	Seed     uint64
}

// Softfork is whether the split lasts.
type Softfork struct {
	Lasting  float64  `json:"lasting"` // of the races, those in which the split is there at the end
	Judgment          // of that
	Headers  Measured `json:"header_interval"` // seconds between the blocks of the side that enforces the rule
	Depth    float64  `json:"depth"`           // mean number of blocks that the others give up when it ends
	Races    int      `json:"races"`
	Seed     uint64   `json:"seed"`
	config   SoftforkConfig
	split    Judgment // of the lasting ones alone
}

// maxSplit is how many blocks a split is followed for: the theory takes time with their square.
const maxSplit = 20_000

// Check returns what is wrong with the configuration.
func (c *SoftforkConfig) Check() error {
	switch {
	case !(c.Share > 0 && c.Share < 1):
		return fmt.Errorf("a share of %v that enforces the rule: want more than 0 and less than 1", c.Share)
	case c.Blocks < 2 || c.Blocks > maxSplit:
		return fmt.Errorf("%d blocks: want 2 to %d", c.Blocks, maxSplit)
	case c.Interval < time.Millisecond:
		return fmt.Errorf("an interval of %s: want a millisecond or more", c.Interval)
	case float64(c.Races)*float64(c.Blocks) > 1e9:
		return fmt.Errorf("%d races of %d blocks: want a billion blocks at most", c.Races, c.Blocks)
	}
	return checkRaces(c.Races)
}

// lasts returns the chance that a chain with the share s, one block behind, is not ahead within n
// blocks: a random walk that is stopped there, step by step.
func lasts(s float64, n int) float64 {
	ahead := make([]float64, n+3) // by how many blocks the others are ahead, plus one
	next := make([]float64, n+3)
	ahead[2] = 1 // one ahead
	for k := range n {
		top := min(k+2, n+1)
		clear(next[:top+2])
		for lead := 1; lead <= top; lead++ {
			next[lead-1] += ahead[lead] * s
			next[lead+1] += ahead[lead] * (1 - s)
		}
		next[0] = 0 // one behind: they change sides
		ahead, next = next, ahead
	}
	sum := 0.0
	for _, m := range ahead {
		sum += m
	}
	return sum
}

// Run runs splits. The side that enforces the rule never leaves its chain; the others take
// both for valid and follow the longer one. With less than half of the hash power behind it the
// rule splits the network for good, unless luck ends the split early; its chain has a block every
// T/s, until the next change of the target. In August 2026 .245 % of the hash power were behind a
// rule, and the heights 961,632 to 961,639 of its chain came every 68 hours.
func (c SoftforkConfig) Run(ctx context.Context, w Watch) (*Softfork, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng, t, ev := source(c.Seed), c.Interval.Seconds(), w.Events
	lasting, given, ended := 0, 0, 0
	var times, headers []float64
	err := w.each(ctx, c.Races, func(int) {
		strict, loose := chainOf("s"), chainOf("l")
		ev.split(0, false, strict, loose)
		lead, now, strictBlocks, looseBlocks := 1, 0.0, 0, 1
		for k := 0; k < c.Blocks && lead >= 0; k++ {
			now += t * rng.ExpFloat64()
			enforces := rng.Float64() < c.Share
			if enforces {
				lead--
				strictBlocks++
			} else {
				lead++
				looseBlocks++
			}
			ev.split(now, enforces, strict, loose)
		}
		times, headers = append(times, now), append(headers, float64(strictBlocks))
		if lead >= 0 {
			lasting++
			ev.tip("others", loose.tip())
		} else {
			ended++
			given += looseBlocks
			ev.tip("others", strict.tip())
		}
		ev = nil // the first race only
	})
	if err != nil {
		return nil, err
	}
	e, theory := Proportion(lasting, c.Races), lasts(c.Share, c.Blocks)
	judgment := e.judge(theory)
	if theory < .5 { // then the share of splits that end says more
		judgment.Verdict = Estimate{1 - e.Rate, 1 - e.High, 1 - e.Low}.Against(1 - theory)
	}
	out := &Softfork{Lasting: e.Rate, Judgment: judgment, Headers: measured(ratio(times, headers), t/c.Share),
		Depth: float64(given) / float64(max(1, ended)), Races: c.Races, Seed: c.Seed, config: c, split: judgment}
	out.Verdict = worst(out.Verdict, out.Headers.Verdict)
	return out, nil
}

// split takes down a block of one of the two rule sets; the others hear of both.
func (e *Events) split(now float64, enforces bool, strict, loose *namedChain) {
	if e.full() {
		return
	}
	e.now = now
	chain, by, to := loose, "others", "enforcing"
	if enforces {
		chain, by, to = strict, "enforcing", "others"
	}
	parent := chain.tip()
	e.found(by, chain.grow(), parent)
	e.sent(by, to, chain.tip(), 0)
}

// Rows returns the table.
func (r *Softfork) Rows() [][]string {
	hours := func(s float64) string { return fmt.Sprintf("%.4g h", s/3600) }
	ends := "no split ended"
	if r.Depth > 0 {
		ends = fmt.Sprintf("%.4g blocks given up where the split ended", r.Depth)
	}
	return [][]string{heading,
		row("split lasts", r.Lasting, r.split, percent),
		row("enforced blocks every", r.Headers.Value, r.Headers.Judgment, hours),
		{ends},
		{fmt.Sprintf("%s of the hash power enforces the rule, %d blocks follow; %d splits, seed %d", percent(r.config.Share), r.config.Blocks, r.Races, r.Seed)}}
}

// Figure returns the chance that the split lasts, by share.
func (r *Softfork) Figure() *Figure {
	n := min(r.config.Blocks, 2000)
	xs := steps(.01, .99, 50)
	return &Figure{Title: fmt.Sprintf("A split between two rule sets after %d blocks", r.config.Blocks), X: "share of the hash power that enforces the rule", Y: "share of splits that last",
		Series: []Series{curve("theory", xs, func(x float64) float64 { return lasts(x, n) }), point(r.config.Share, Estimate{r.Lasting, r.Low, r.High})}}
}
