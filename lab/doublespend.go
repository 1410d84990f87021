package lab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// DoubleSpendConfig is an attacker that takes a payment back after it was confirmed.
type DoubleSpendConfig struct {
	Attacker      float64 // share of the hash power, below 1/2
	Confirmations int     // after which the goods are handed over
	Races         int
	Interval      time.Duration // mean time between all mined blocks, for Guo and Ren
	Delay         time.Duration // that a block takes at most, for Guo and Ren
	Seed          uint64
}

// DoubleSpend is how often that succeeds, beside three computations. They differ because they are
// about different races; a race of blocks, as here, meets Rosenfeld's, which the verdict is about.
type DoubleSpend struct {
	Rate float64 `json:"rate"` // of the races, those that the attacker wins
	Judgment
	Rosenfeld   float64  `json:"rosenfeld"`    // exact; the attacker mines one block ahead, and must get ahead
	Nakamoto    float64  `json:"nakamoto"`     // the attacker's blocks as a Poisson number; it must catch up
	GuoRenLow   float64  `json:"guo_ren_low"`  // some attack succeeds at least as often
	GuoRenHigh  float64  `json:"guo_ren_high"` // no attack succeeds more often
	Meets       []string `json:"meets"`        // which of the three the runs meet
	Races       int      `json:"races"`
	Seed        uint64   `json:"seed"`
	share       float64
	needed      int
	overDelayed float64 // the delay in mean intervals
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
	case c.Interval < time.Millisecond:
		return fmt.Errorf("an interval of %s: want a millisecond or more", c.Interval)
	case c.Delay < 0:
		return fmt.Errorf("a delay of %s: want 0 or more", c.Delay)
	}
	return checkRaces(c.Races)
}

func checkRaces(races int) error {
	if races < 1 || races > maxRaces {
		return fmt.Errorf("%d races: want 1 to %d", races, maxRaces)
	}
	return nil
}

// rosenfeld returns the probability that an attacker with share q succeeds against n confirmations
// (M. Rosenfeld, Analysis of Hashrate-Based Double Spending, arXiv 1402.2009, equation 1). It adds up
// the cases in which the attacker wins, not those in which it loses: a small probability is a small
// sum, not what rounding leaves of one. With m blocks when the n-th confirmation comes it is ahead
// if m ≥ n, as it began with one; if not, it catches up with the chance (q/p)^(n−m).
func rosenfeld(q float64, n int) float64 {
	hasMined := func(m int, q float64) float64 { // C(m+n−1, m) pⁿ qᵐ
		return binomial(n+m, m, q) * float64(n) / float64(n+m)
	}
	sum := 0.0
	for m := range n + 1 {
		sum += hasMined(m, 1-q) // which is with qⁿ pᵐ, and so with the chance to catch up
	}
	for m := n + 1; ; m++ {
		more := hasMined(m, q)
		if sum += more; more <= sum*1e-17 {
			return sum
		}
	}
}

// nakamoto returns the same by the whitepaper, section 11.
func nakamoto(q float64, n int) float64 {
	r := q / (1 - q)
	lambda, sum := float64(n)*r, 0.0
	for k := 0; ; k++ {
		fact, _ := math.Lgamma(float64(k + 1))
		more := math.Exp(float64(k)*math.Log(lambda) - lambda - fact)
		if k < n {
			more *= math.Pow(r, float64(n-k)) // the chance to catch up
		}
		if sum += more; k > n && more <= sum*1e-17 {
			return sum
		}
	}
}

// guoRen returns between what the best attack of any kind succeeds, if a block takes at most x mean
// intervals (D. Guo, L. Ren, Bitcoin's Latency-Security Analysis Made Simple, arXiv 2203.06357,
// Theorem 2). The attacker's lead when the payment is made is random: it has mined all along.
// The upper bound gives it every honest block that may compete with another one.
func guoRen(q float64, n int, x float64) (low, high float64) {
	return catchesUp(1-q, n, 2), catchesUp((1-q)*math.Exp(-x), n, 1)
}

// catchesUp returns the sum of Theorem 2. p is the share of the blocks that count for the honest
// miners; beyond is 1 where the attacker wins a tie, 2 where it does not.
func catchesUp(p float64, n, beyond int) float64 {
	q := 1 - p
	r := q / p
	if r >= 1 {
		return 1
	}
	sum := math.Pow(r, float64(n)) // it is n ahead already
	for i := 1; i <= n; i++ {
		blocks := 2*n + 1 - i // after which it is decided, but for a late catch
		rest, late := 1.0, 0.0
		mined := float64(blocks) * math.Log(p) // logarithm of the chance of j blocks of the attacker's
		for j := range n - i + 1 {
			rest -= math.Exp(mined)
			late += math.Exp(mined + float64(2*n+beyond-2*i-2*j)*math.Log(r))
			mined += math.Log(r * float64(blocks-j) / float64(j+1))
		}
		sum += math.Pow(r, float64(i-1)) * (1 - r) * (max(rest, 0) + late)
	}
	return sum
}

// binomial returns the probability of k hits in n trials.
func binomial(n, k int, p float64) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	hit, _ := math.Lgamma(float64(k + 1))
	missed, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(all - hit - missed + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
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

// Run runs the races.
func (c DoubleSpendConfig) Run(ctx context.Context, w Watch) (*DoubleSpend, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng, won := source(c.Seed), 0
	found, end := c.trace(w.Events)
	err := w.each(ctx, c.Races, func(i int) {
		wins := c.attack(rng, found)
		if wins {
			won++
		}
		if found != nil { // the first race only
			end(wins)
			found = nil
		}
	})
	if err != nil {
		return nil, err
	}
	e := Proportion(won, c.Races)
	x := c.Delay.Seconds() / c.Interval.Seconds()
	out := &DoubleSpend{Rate: e.Rate, Rosenfeld: rosenfeld(c.Attacker, c.Confirmations), Nakamoto: nakamoto(c.Attacker, c.Confirmations),
		Races: c.Races, Seed: c.Seed, share: c.Attacker, needed: c.Confirmations, overDelayed: x}
	out.GuoRenLow, out.GuoRenHigh = guoRen(c.Attacker, c.Confirmations, x)
	out.Judgment = e.judge(out.Rosenfeld)
	out.Meets = out.meets()
	return out, nil
}

// meets returns the computations that the interval does not rule out.
func (r *DoubleSpend) meets() []string {
	out := []string{}
	if r.Verdict == Undecided {
		return out
	}
	for _, c := range []struct {
		name      string
		low, high float64
	}{{"rosenfeld", r.Rosenfeld, r.Rosenfeld}, {"nakamoto", r.Nakamoto, r.Nakamoto}, {"guo-ren", r.GuoRenLow, r.GuoRenHigh}} {
		if c.low <= r.High && c.high >= r.Low {
			out = append(out, c.name)
		}
	}
	return out
}

// trace returns what takes down the blocks of a race, and its end.
func (c *DoubleSpendConfig) trace(ev *Events) (found func(attacker bool), end func(won bool)) {
	if ev == nil {
		return nil, nil
	}
	honest, theirs := chainOf("h"), chainOf("a")
	theirs.grow()
	ev.found("attacker", theirs.tip(), genesis)
	found = func(attacker bool) {
		ev.pass(c.Interval.Seconds())
		chain, by := honest, "miners"
		if attacker {
			chain, by = theirs, "attacker"
		}
		parent := chain.tip()
		ev.found(by, chain.grow(), parent)
		if !attacker {
			ev.sent("miners", "merchant", chain.tip(), 0)
		}
	}
	return found, func(won bool) {
		if !won {
			ev.tip("merchant", honest.tip())
			return
		}
		for _, b := range theirs.blocks {
			ev.sent("attacker", "merchant", b, 0)
		}
		ev.tip("merchant", theirs.tip())
	}
}

// Rows returns the table.
func (r *DoubleSpend) Rows() [][]string {
	mark := func(name string) string {
		for _, m := range r.Meets {
			if m == name {
				return "met"
			}
		}
		return "not met"
	}
	return [][]string{
		{"", "taken back", "", ""},
		{"measured", percent(r.Rate), percent(r.Low) + " to " + percent(r.High), fmt.Sprintf("of %d races, seed %d", r.Races, r.Seed)},
		{"Rosenfeld", percent(r.Rosenfeld), string(r.Verdict), "a race of blocks; the attacker is one ahead and must get ahead"},
		{"Nakamoto", percent(r.Nakamoto), mark("nakamoto"), "the attacker's blocks as a Poisson number; it must catch up"},
		{"Guo and Ren", percent(r.GuoRenLow) + " to " + percent(r.GuoRenHigh), mark("guo-ren"), "any attack, blocks that take their delay, a lead from before"},
	}
}

// Figure returns the three computations by confirmations.
func (r *DoubleSpend) Figure() *Figure {
	f := &Figure{Title: fmt.Sprintf("A payment taken back by %s of the hash power", percent(r.share)),
		X: "confirmations", Y: "share of the races", LogY: true}
	n := max(min(2*r.needed, r.needed+100), 8) // Guo's and Ren's bounds take n² steps
	var xs []float64
	for k := 1; k <= n; k += 1 + n/64 {
		xs = append(xs, float64(k))
	}
	f.Series = []Series{
		curve("Rosenfeld", xs, func(x float64) float64 { return rosenfeld(r.share, int(x)) }),
		curve("Nakamoto", xs, func(x float64) float64 { return nakamoto(r.share, int(x)) }),
		curve("Guo and Ren, at least", xs, func(x float64) float64 { low, _ := guoRen(r.share, int(x), r.overDelayed); return low }),
		curve("Guo and Ren, at most", xs, func(x float64) float64 { _, high := guoRen(r.share, int(x), r.overDelayed); return high }),
		point(float64(r.needed), Estimate{r.Rate, r.Low, r.High}),
	}
	return f
}
