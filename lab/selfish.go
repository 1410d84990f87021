package lab

import (
	"context"
	"fmt"
	"slices"
)

// SelfishConfig is a miner that withholds its blocks.
type SelfishConfig struct {
	Attacker float64 // share of the hash power, below 1/2
	Gamma    float64 // of the honest miners, the part that mines on the attacker's block in a tie
	Strategy Strategy
	Blocks   int // mined in all
	Seed     uint64
}

// Selfish is the attacker's share of the blocks on the chain.
type Selfish struct {
	Revenue float64 `json:"revenue"`
	Judgment
	Pays     bool     `json:"pays"`   // the theory's revenue is above the share
	Kept     float64  `json:"kept"`   // of all mined blocks, those that end in the chain
	Theirs   int      `json:"theirs"` // blocks of the attacker's on the chain
	Others   int      `json:"others"`
	Strategy Strategy `json:"strategy"`
	Blocks   int      `json:"blocks"`
	Seed     uint64   `json:"seed"`
	config   SelfishConfig
}

// Check returns what is wrong with the configuration.
func (c *SelfishConfig) Check() error {
	switch {
	case !(c.Attacker > 0 && c.Attacker < .5):
		return fmt.Errorf("an attacker with a share of %v: want more than 0 and less than 0.5", c.Attacker)
	case !(c.Gamma >= 0 && c.Gamma <= 1):
		return fmt.Errorf("gamma %v: want 0 to 1", c.Gamma)
	case !slices.Contains(Strategies, c.Strategy):
		return fmt.Errorf("strategy %q: want one of %v", c.Strategy, Strategies)
	case c.Blocks < 100*batches || c.Blocks > maxBlocks:
		return fmt.Errorf("%d blocks: want %d to %d", c.Blocks, 100*batches, maxBlocks)
	}
	return nil
}

// eyalSirer returns the revenue of SM1 (Eyal, Sirer, Majority is not Enough, 2013, equation 8).
func eyalSirer(a, g float64) float64 {
	return (a*(1-a)*(1-a)*(4*a+g*(1-2*a)) - a*a*a) / (1 - a*(1+(2-a)*a))
}

// plan returns the strategy, how many blocks of the attacker's and of the others' it brings into
// the chain for each block mined, and its revenue by theory: unfinished, if ctx ends.
func (c *SelfishConfig) plan(ctx context.Context) (p policy, theirs, others, revenue float64) {
	w := newWithholding(c.Attacker, c.Gamma)
	switch c.Strategy {
	case LeadStubborn:
		p = cut(leadStubborn)
	case EqualForkStubborn:
		p = cut(equalForkStubborn)
	case Optimal:
		p, _ = w.optimal(ctx, c.Attacker)
	default:
		p = cut(sm1)
	}
	theirs, others = w.rates(ctx, p)
	revenue = theirs / (theirs + others)
	if c.Strategy == SM1 {
		revenue = eyalSirer(c.Attacker, c.Gamma)
	}
	return p, theirs, others, revenue
}

// withheld is a run of a strategy.
type withheld struct {
	branches
	earned
	mine policy
	log  *ledger // nil: not traced
}

// step moves the run on by a block: the attacker's, or one of the others', who mine on its branch
// of a tie or not.
func (s *withheld) step(attacker, onTheirs bool) {
	a := s.mine(s.branches)
	s.log.act(a, s.branches)
	next, now := s.after(a)
	gained := earned{}
	if attacker {
		s.log.found(next, true, false)
		next = next.found()
	} else {
		s.log.found(next, false, onTheirs)
		next, gained = next.foundByOthers(onTheirs)
	}
	s.branches = next
	s.keep(now)
	s.keep(gained)
}

// keep adds what is on the chain for good.
func (s *withheld) keep(e earned) {
	s.earned.theirs += e.theirs
	s.earned.others += e.others
}

// Run runs the race.
func (c SelfishConfig) Run(ctx context.Context, w Watch) (*Selfish, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	p, theirs, others, revenue := c.plan(ctx)
	rng := source(c.Seed)
	s := withheld{mine: p, log: newLedger(w.Events)}
	var gained, all []float64
	before := s.earned
	err := w.each(ctx, c.Blocks, func(i int) {
		s.step(rng.Float64() < c.Attacker, rng.Float64() < c.Gamma)
		if (i+1)%(c.Blocks/batches) == 0 {
			theirs := s.earned.theirs - before.theirs
			gained, all = append(gained, float64(theirs)), append(all, float64(theirs+s.earned.others-before.others))
			before = s.earned
		}
	})
	if err != nil {
		return nil, err
	}
	e := ratio(gained, all)
	out := &Selfish{Revenue: e.Rate, Judgment: e.judge(revenue), Kept: theirs + others, Theirs: s.earned.theirs, Others: s.earned.others,
		Strategy: c.Strategy, Blocks: c.Blocks, Seed: c.Seed, config: c}
	if behind := 1 - 2*c.Attacker; float64(c.Blocks/batches) < .25/(behind*behind) {
		out.Verdict = Undecided // a lead lasts longer than a batch, so that batches depend on each other
	}
	out.Pays = revenue > c.Attacker+1e-9 // at the break-even it does not
	return out, nil
}

// Rows returns the table.
func (r *Selfish) Rows() [][]string {
	pays := "it does not pay"
	if r.Pays {
		pays = "it pays"
	}
	return [][]string{heading, row("revenue", r.Revenue, r.Judgment, percent),
		{"in the chain", percent(float64(r.Theirs+r.Others) / float64(r.Blocks)), "", percent(r.Kept), ""},
		{fmt.Sprintf("of %s of the hash power: %s, with %s", percent(r.config.Attacker), pays, r.Strategy)}}
}

// Figure returns the revenue by share of the hash power.
func (r *Selfish) Figure() *Figure {
	g := r.config.Gamma
	xs := steps(.02, .48, 24)
	f := &Figure{Title: fmt.Sprintf("Revenue of withholding, gamma %.4g", g), X: "share of the hash power", Y: "share of the chain"}
	f.Series = []Series{curve("honest", xs, func(x float64) float64 { return x }), curve(string(SM1), xs, func(x float64) float64 { return eyalSirer(x, g) })}
	if r.Strategy == LeadStubborn || r.Strategy == EqualForkStubborn {
		f.Series = append(f.Series, curve(string(r.Strategy), steps(.05, .45, 9), func(x float64) float64 {
			_, _, _, revenue := (&SelfishConfig{Attacker: x, Gamma: g, Strategy: r.Strategy}).plan(context.Background())
			return revenue
		}))
	}
	f.Series = append(f.Series, point(r.config.Attacker, Estimate{r.Revenue, r.Low, r.High}))
	return f
}
