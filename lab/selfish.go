package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
)

// SelfishConfig is a miner that withholds its blocks (strategy SM1).
type SelfishConfig struct {
	Attacker float64 // share of the hash power, below 1/2
	Gamma    float64 // of the honest miners, the part that mines on the attacker's block in a tie
	Blocks   int     // mined in all
	Seed     uint64
}

// Selfish is the attacker's share of the blocks on the chain.
type Selfish struct {
	Revenue float64 `json:"revenue"`
	Low     float64 `json:"low"` // of the revenue, with 99.9 % confidence
	High    float64 `json:"high"`
	Theory  float64 `json:"theory"`
	Pays    bool    `json:"pays"` // the theory's revenue is above the share
	Verdict Verdict `json:"verdict"`
	Blocks  int     `json:"blocks"`
	Seed    uint64  `json:"seed"`
}

// Check returns what is wrong with the configuration.
func (c *SelfishConfig) Check() error {
	switch {
	case !(c.Attacker > 0 && c.Attacker < .5):
		return fmt.Errorf("an attacker with a share of %v: want more than 0 and less than 0.5", c.Attacker)
	case !(c.Gamma >= 0 && c.Gamma <= 1):
		return fmt.Errorf("gamma %v: want 0 to 1", c.Gamma)
	case c.Blocks < batches || c.Blocks > maxBlocks:
		return fmt.Errorf("%d blocks: want %d to %d", c.Blocks, batches, maxBlocks)
	}
	return nil
}

// theory returns the revenue (Eyal, Sirer, Majority is not Enough, 2013, equation 8).
func (c *SelfishConfig) theory() float64 {
	a, g := c.Attacker, c.Gamma
	return (a*(1-a)*(1-a)*(4*a+g*(1-2*a)) - a*a*a) / (1 - a*(1+(2-a)*a))
}

// selfish is the state of SM1: how many blocks the attacker withholds, and whether two branches of
// one block each are public.
type selfish struct {
	lead         int
	tie          bool
	theirs, ours int // blocks that are on the chain for good: the attacker's, the honest miners'
}

// found moves the state on by a block of the attacker's.
func (s *selfish) found() {
	if s.tie { // it decides the tie
		s.theirs += 2
		s.tie = false
		return
	}
	s.lead++
}

// foundHonest moves it on by a block of the others; onTheirs says on which branch of a tie.
func (s *selfish) foundHonest(onTheirs bool) {
	switch {
	case s.tie && onTheirs:
		s.theirs++
		s.ours++
		s.tie = false
	case s.tie:
		s.ours += 2
		s.tie = false
	case s.lead == 0:
		s.ours++
	case s.lead == 1: // the attacker shows its block at once, and there is a tie
		s.lead, s.tie = 0, true
	case s.lead == 2: // it shows both, and is ahead
		s.theirs += 2
		s.lead = 0
	default: // it shows one, which is as deep as the honest one, and wins in the end
		s.theirs++
		s.lead--
	}
}

// Selfish runs the race.
func (c SelfishConfig) Selfish(ctx context.Context, progress func(blocks int)) (*Selfish, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	var s selfish
	var shares []float64
	before := s
	for i := range c.Blocks {
		if i%65536 == 0 {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if progress != nil {
				progress(i)
			}
		}
		if rng.Float64() < c.Attacker {
			s.found()
		} else {
			s.foundHonest(rng.Float64() < c.Gamma)
		}
		if (i+1)%(c.Blocks/batches) == 0 && s.theirs+s.ours > before.theirs+before.ours {
			theirs := s.theirs - before.theirs
			shares = append(shares, float64(theirs)/float64(theirs+s.ours-before.ours))
			before = s
		}
	}
	e := Average(shares)
	out := &Selfish{Revenue: e.Rate, Low: e.Low, High: e.High, Theory: c.theory(), Blocks: c.Blocks, Seed: c.Seed}
	out.Pays = out.Theory > c.Attacker+1e-9 // at the break-even it does not
	out.Verdict = e.Against(out.Theory)
	return out, nil
}
