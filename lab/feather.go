package lab

import (
	"context"
	"fmt"
	"math"
)

// FeatherConfig is a miner that announces that it will not build on blocks with a certain payment:
// it mines beside each of them, until it is too far behind.
type FeatherConfig struct {
	Attacker float64 // share of the hash power, below 1/2
	GiveUp   int     // how many blocks behind it gives up
	Races    int     // blocks with the payment
	Seed     uint64
}

// Feather is how many of those blocks it makes stale.
type Feather struct {
	Orphaned float64 `json:"orphaned"` // of the blocks with the payment
	Judgment         // of that
	Bribe    float64 `json:"bribe"` // fee, over a block's reward, from which the others take the payment up
	Lost     float64 `json:"lost"`  // blocks that the attacker loses for each one with the payment
	Races    int     `json:"races"`
	Seed     uint64  `json:"seed"`
	config   FeatherConfig
}

// Check returns what is wrong with the configuration.
func (c *FeatherConfig) Check() error {
	switch {
	case !(c.Attacker > 0 && c.Attacker < .5):
		return fmt.Errorf("an attacker with a share of %v: want more than 0 and less than 0.5, above which it needs no threat", c.Attacker)
	case c.GiveUp < 2 || c.GiveUp > 1000:
		return fmt.Errorf("giving up %d blocks behind: want 2 to 1,000", c.GiveUp)
	}
	return checkRaces(c.Races)
}

// ruin returns the chance that an attacker that is one block behind gets one ahead before it is k
// behind: the gambler's ruin (Feller, An Introduction to Probability Theory, volume I, chapter XIV).
func ruin(q float64, k int) float64 {
	r, from, to := (1-q)/q, float64(k-1), float64(k+1)
	return (1 - math.Pow(r, from)) / (1 - math.Pow(r, to))
}

// Run runs the threat (A. Miller, Feather-forks, 2013). A miner that takes the payment up
// loses its block with the chance that the threat succeeds, so it wants a fee for it; with k = 2
// the chance is q²/(1 − q(1−q)).
func (c FeatherConfig) Run(ctx context.Context, w Watch) (*Feather, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng, orphaned, lost, found := source(c.Seed), 0, 0, 0
	ev := w.Events
	err := w.each(ctx, c.Races, func(int) {
		honest, theirs := chainOf("h"), chainOf("a")
		ev.rival(false, honest, theirs)
		behind, mine := 1, 0
		for behind > -1 && behind < c.GiveUp {
			attacker := rng.Float64() < c.Attacker
			if attacker {
				behind--
				mine++
			} else {
				behind++
			}
			ev.rival(attacker, honest, theirs)
		}
		found += mine
		if behind < 0 {
			orphaned++
			ev.tip("miners", theirs.tip())
		} else {
			lost += mine
			ev.tip("miners", honest.tip())
		}
		ev = nil // the first race only
	})
	if err != nil {
		return nil, err
	}
	theory := ruin(c.Attacker, c.GiveUp)
	e := Proportion(orphaned, c.Races)
	return &Feather{Orphaned: e.Rate, Judgment: e.judge(theory), Bribe: theory / (1 - theory), Lost: float64(lost) / float64(c.Races),
		Races: c.Races, Seed: c.Seed, config: c}, nil
}

// rival takes down a block of one of two public branches.
func (e *Events) rival(attacker bool, honest, theirs *namedChain) {
	if e.full() {
		return
	}
	e.pass(1)
	chain, by, to := honest, "miners", "attacker"
	if attacker {
		chain, by, to = theirs, "attacker", "miners"
	}
	parent := chain.tip()
	e.found(by, chain.grow(), parent)
	e.sent(by, to, chain.tip(), 0)
}

// Rows returns the table.
func (r *Feather) Rows() [][]string {
	return [][]string{heading, row("blocks made stale", r.Orphaned, r.Judgment, percent),
		{"fee that others want", percent(r.Bribe) + " of the reward"},
		{"attacker loses", fmt.Sprintf("%.4g blocks each time", r.Lost)},
		{fmt.Sprintf("%s of the hash power, gives up %d behind; %d blocks, seed %d", percent(r.config.Attacker), r.config.GiveUp, r.Races, r.Seed)}}
}

// Figure returns the chance of the threat by share.
func (r *Feather) Figure() *Figure {
	xs := steps(.01, .49, 49)
	return &Figure{Title: fmt.Sprintf("Blocks that a feather fork makes stale, giving up %d behind", r.config.GiveUp), X: "share of the hash power", Y: "share of the blocks",
		Series: []Series{curve("theory", xs, func(x float64) float64 { return ruin(x, r.config.GiveUp) }), point(r.config.Attacker, Estimate{r.Orphaned, r.Low, r.High})}}
}
