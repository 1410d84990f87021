package lab

import (
	"context"
	"fmt"
	"math"

	"toychain/pow"
)

// BreakEvenConfig is a miner that begins to withhold its blocks when a window begins, on a network
// whose difficulty follows the times in the chain.
type BreakEvenConfig struct {
	SelfishConfig
	Window int // blocks between changes of the target
}

// BreakEven is when the attacker has what honest mining would have paid. Times are in windows of
// the nominal length; rates are blocks for each nominal interval.
type BreakEven struct {
	BreakEven float64  `json:"break_even"` // windows
	Judgment           // of the break-even
	Before    Measured `json:"before"`  // the attacker's blocks in the chain for each block mined, until the difficulty falls
	After     Measured `json:"after"`   // its share of the chain, which it has for each interval after that
	FirstFall Measured `json:"window1"` // how long the first window lasts
	Attacks   int      `json:"attacks"`
	Strategy  Strategy `json:"strategy"`
	Seed      uint64   `json:"seed"`
	share     float64
	curve     Series
	predicted Series
}

// Measured is a further value of an experiment, beside its own theory.
type Measured struct {
	Value float64 `json:"value"`
	Judgment
}

// measured returns an estimate beside its theory.
func measured(e Estimate, theory float64) Measured { return Measured{e.Rate, e.judge(theory)} }

const (
	attacksEach  = 20  // attacks whose mean gain gives one break-even
	runIn        = 300 // blocks that the attacker withholds before the window begins, which do not count
	windowsAfter = 3   // how much longer than the break-even by theory an attack is watched, in windows
)

// Check returns what is wrong with the configuration.
func (c *BreakEvenConfig) Check() error {
	if err := c.SelfishConfig.Check(); err != nil {
		return err
	}
	if c.Window < 100 || c.Window > 10_000 {
		return fmt.Errorf("a window of %d blocks: want 100 to 10,000", c.Window)
	}
	return nil
}

// NeverPaysError is a strategy that gains nothing however long it goes on.
type NeverPaysError struct {
	Attacker, Revenue float64
	Strategy          Strategy
}

func (e *NeverPaysError) Error() string {
	return fmt.Sprintf("%s with %s of the hash power has %s of the chain, so it never breaks even: want a larger share or gamma",
		e.Strategy, percent(e.Attacker), percent(e.Revenue))
}

// Run runs attacks until about Blocks blocks were mined. By theory (Grunspan, Pérez-Marco, On
// Profitability of Selfish Mining, arXiv 1805.08281): of the mined blocks the part ρ ends in the
// chain, so the first window lasts 1/ρ windows, in which the attacker has ρR of the blocks mined,
// less than its share α; after it R of the blocks of each window. It has what honest mining would
// have paid after (1/ρ)(1 + (α − ρR)/(R − α)) windows.
func (c BreakEvenConfig) Run(ctx context.Context, w Watch) (*BreakEven, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	p, theirs, others, revenue := c.plan(ctx)
	if revenue < c.Attacker+1e-6 {
		return nil, &NeverPaysError{c.Attacker, revenue, c.Strategy}
	}
	kept := theirs + others
	theory := (1 + (c.Attacker-kept*revenue)/(revenue-c.Attacker)) / kept
	r := &attackRun{config: c, policy: p, until: theory + windowsAfter}
	groups := max(10, int(float64(c.Blocks)/(r.until*float64(c.Window))/attacksEach))
	out := &BreakEven{Attacks: groups * attacksEach, Strategy: c.Strategy, Seed: c.Seed, share: c.Attacker}
	rng := source(c.Seed)
	r.log = newLedger(w.Events)
	r.random, r.exp = rng.Float64, rng.ExpFloat64
	var evens []float64
	var sum [gainPoints]float64
	err := w.each(ctx, out.Attacks, func(i int) {
		r.attack()
		if (i+1)%attacksEach == 0 {
			evens = append(evens, r.crossing(&r.gain))
			for k := range sum {
				sum[k] += r.gain[k]
			}
			r.gain = [gainPoints]float64{}
		}
	})
	if err != nil {
		return nil, err
	}
	e := Average(evens)
	shift := r.crossing(&sum) - e.Rate // the mean of crossings is not the crossing of the mean
	e = Estimate{e.Rate + shift, e.Low + shift, e.High + shift}
	if c.Attacker-kept*revenue < 1e-9 {
		e = open(e.Rate) // it loses nothing while it waits, and chance alone says when it has begun to gain
	}
	out.BreakEven = e.Rate
	out.Before = measured(ratio(r.early, r.earlyMined), kept*revenue)
	out.After = measured(ratio(r.late, r.lateAll), revenue)
	out.FirstFall = measured(Average(r.firsts), 1/kept)
	out.Judgment = e.judge(theory)
	out.Verdict = worst(out.Verdict, out.Before.Verdict, out.After.Verdict, out.FirstFall.Verdict)
	for k := 0; k < gainPoints; k += 6 {
		out.curve.add(r.at(k), sum[k]/float64(out.Attacks*c.Window))
	}
	out.predicted = Series{X: []float64{0, 1 / kept, r.until}, Y: []float64{0, revenue - c.Attacker/kept,
		revenue - c.Attacker/kept + (r.until-1/kept)*(revenue-c.Attacker)}}
	return out, nil
}

const gainPoints = 200

// attackRun is attacks of which each starts with a new window.
type attackRun struct {
	config BreakEvenConfig
	policy policy
	until  float64 // windows
	log    *ledger // of the first attack
	random func() float64
	exp    func() float64

	gain                             [gainPoints]float64 // what the attacks had above honest mining, in blocks, by time
	early, earlyMined, late, lateAll []float64
	firsts                           []float64
}

// at returns the time of a point of the gain, in windows.
func (r *attackRun) at(k int) float64 { return r.until * float64(k) / (gainPoints - 1) }

// nominal is the spacing of the run; only ratios of times count.
const nominal = 600

// attack runs one attack, with the node's own rule for the target.
func (r *attackRun) attack() {
	limit, target := easyTargets()
	s := withheld{mine: r.policy, log: r.log}
	r.log = nil
	n, length := r.config.Window, float64(r.config.Window*nominal)
	hashes := target.Work().Float() / nominal
	for range runIn { // then it withholds as much when the window begins as at any later time
		s.step(r.random() < r.config.Attacker, r.random() < r.config.Gamma)
	}
	s.earned = earned{}
	now, begun, retargets, mined, point := 0.0, 0.0, 0, 0, 0
	for now < r.until*length {
		now += target.Work().Float() / hashes * r.exp()
		for ; point < gainPoints && r.at(point)*length < now; point++ { // of the time before this block
			r.gain[point] += float64(s.earned.theirs) - r.config.Attacker*r.at(point)*float64(n)
		}
		s.step(r.random() < r.config.Attacker, r.random() < r.config.Gamma)
		mined++
		if s.earned.theirs+s.earned.others < (retargets+1)*n {
			continue
		}
		target = pow.Retarget(target, limit, uint32(math.Round((now-begun)*float64(n-1)/float64(n))), uint32(length))
		retargets, begun = retargets+1, now
		if retargets == 1 {
			r.firsts = append(r.firsts, now/length)
			r.early, r.earlyMined = append(r.early, float64(s.earned.theirs)), append(r.earlyMined, float64(mined))
		}
	}
	r.late = append(r.late, float64(s.earned.theirs)-r.early[len(r.early)-1])
	r.lateAll = append(r.lateAll, float64(s.earned.theirs+s.earned.others-n))
}

// crossing returns when a gain is zero for good, in windows.
func (r *attackRun) crossing(gain *[gainPoints]float64) float64 {
	k := gainPoints - 1
	for k > 0 && gain[k-1] > 0 {
		k--
	}
	if k == 0 {
		return 0
	}
	before, after := gain[k-1], gain[k]
	return r.at(k-1) + (r.at(k)-r.at(k-1))*(-before)/(after-before)
}

// easyTargets returns the easiest target of a network, and one that is far from it.
func easyTargets() (limit, target pow.Target) {
	limit, err := pow.TargetFromBits(0x207fffff)
	if err != nil {
		panic(err) // constants
	}
	target, err = pow.TargetFromBits(0x1c00ffff)
	if err != nil {
		panic(err)
	}
	return limit, target
}

// Rows returns the table.
func (r *BreakEven) Rows() [][]string {
	windows := func(v float64) string { return fmt.Sprintf("%.4g", v) }
	return [][]string{heading,
		row("break-even, windows", r.BreakEven, r.alone(), windows),
		row("before the difficulty falls", r.Before.Value, r.Before.Judgment, percent),
		row("after it", r.After.Value, r.After.Judgment, percent),
		row("the first window lasts", r.FirstFall.Value, r.FirstFall.Judgment, windows),
		{fmt.Sprintf("%s of the hash power, %s: below its share until the difficulty falls, above it after; %d attacks, seed %d",
			percent(r.share), r.Strategy, r.Attacks, r.Seed)}}
}

// alone returns the judgment of the break-even alone.
func (r *BreakEven) alone() Judgment {
	return Estimate{r.BreakEven, r.Low, r.High}.judge(r.Theory)
}

// Figure returns the gain by time.
func (r *BreakEven) Figure() *Figure {
	r.curve.Name, r.curve.Measured, r.predicted.Name = "measured", true, "theory"
	return &Figure{Title: fmt.Sprintf("What withholding with %s gains over honest mining", percent(r.share)),
		X: "windows", Y: "windows' worth of blocks", Series: []Series{r.predicted, r.curve}}
}
