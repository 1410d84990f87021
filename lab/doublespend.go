package lab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
)

// DoubleSpendConfig is an attacker that takes a payment back after it was confirmed.
type DoubleSpendConfig struct {
	Attacker      float64 // share of the hash power, below 1/2
	Confirmations int     // after which the goods are handed over
	Races         int
	Seed          uint64
}

// DoubleSpend is how often that succeeds, beside two formulas. They differ because they are
// about different races; a race of blocks, as here, meets Rosenfeld's.
type DoubleSpend struct {
	Rate      float64 `json:"rate"`      // of the races, those that the attacker wins
	Low       float64 `json:"low"`       // of the rate, with 99.9 % confidence
	High      float64 `json:"high"`      //
	Rosenfeld float64 `json:"rosenfeld"` // exact; the attacker mines one block ahead, and must get ahead
	Nakamoto  float64 `json:"nakamoto"`  // the attacker's blocks as a Poisson number; it must catch up
	Theory    float64 `json:"theory"`    // Rosenfeld's, which the verdict is about
	Verdict   Verdict `json:"verdict"`
	Races     int     `json:"races"`
	Seed      uint64  `json:"seed"`
}

const (
	maxConfirmations = 1000
	maxRaces         = 100_000_000
)

// Check returns what is wrong with the configuration.
func (c *DoubleSpendConfig) Check() error {
	switch {
	case !(c.Attacker > 0 && c.Attacker < .5):
		return fmt.Errorf("an attacker with a share of %v: want more than 0 and less than 0.5, above which it always wins", c.Attacker)
	case c.Confirmations < 1 || c.Confirmations > maxConfirmations:
		return fmt.Errorf("%d confirmations: want 1 to %d", c.Confirmations, maxConfirmations)
	case c.Races < 1 || c.Races > maxRaces:
		return fmt.Errorf("%d races: want 1 to %d", c.Races, maxRaces)
	}
	return nil
}

// rosenfeld returns the probability that an attacker with share q succeeds against n confirmations
// (M. Rosenfeld, Analysis of Hashrate-Based Double Spending, arXiv 1402.2009, equation 1).
func rosenfeld(q float64, n int) float64 {
	p, sum, choose := 1-q, 0.0, 1.0 // choose is C(m+n-1, m)
	for m := range n + 1 {
		if m > 0 {
			choose *= float64(m+n-1) / float64(m)
		}
		sum += choose * (math.Pow(p, float64(n))*math.Pow(q, float64(m)) - math.Pow(p, float64(m))*math.Pow(q, float64(n)))
	}
	return 1 - sum
}

// nakamoto returns the same by the whitepaper, section 11.
func nakamoto(q float64, n int) float64 {
	p := 1 - q
	lambda := float64(n) * q / p
	sum, poisson := 0.0, math.Exp(-lambda)
	for k := range n + 1 {
		if k > 0 {
			poisson *= lambda / float64(k)
		}
		sum += poisson * (1 - math.Pow(q/p, float64(n-k)))
	}
	return 1 - sum
}

// hopeless is the chance below which an attacker that is behind has lost.
const hopeless = 1e-12

// attack is one race: block by block, the attacker's with probability q. It has one block more
// when the payment is made, waits until that is n deep, and goes on until it is ahead or far
// behind. found is called with each block; it may be nil.
func (c *DoubleSpendConfig) attack(rng *rand.Rand, found func(attacker bool)) (won bool) {
	next := func() bool {
		theirs := rng.Float64() < c.Attacker
		if found != nil {
			found(theirs)
		}
		return theirs
	}
	lead := 1
	for honest := 0; honest < c.Confirmations; {
		if next() {
			lead++
		} else {
			honest++
			lead--
		}
	}
	lost := int(math.Ceil(math.Log(hopeless) / math.Log(c.Attacker/(1-c.Attacker))))
	for lead <= 0 && lead > -lost {
		if next() {
			lead++
		} else {
			lead--
		}
	}
	return lead > 0
}

// DoubleSpend runs the races. progress is called now and then; it may be nil.
func (c DoubleSpendConfig) DoubleSpend(ctx context.Context, progress func(races int)) (*DoubleSpend, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	won := 0
	for i := range c.Races {
		if i%4096 == 0 {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if progress != nil {
				progress(i)
			}
		}
		if c.attack(rng, nil) {
			won++
		}
	}
	e := Proportion(won, c.Races)
	out := &DoubleSpend{Rate: e.Rate, Low: e.Low, High: e.High, Rosenfeld: rosenfeld(c.Attacker, c.Confirmations),
		Nakamoto: nakamoto(c.Attacker, c.Confirmations), Races: c.Races, Seed: c.Seed}
	out.Theory = out.Rosenfeld
	out.Verdict = e.Against(out.Theory)
	return out, nil
}
