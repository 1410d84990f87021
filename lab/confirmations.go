package lab

import (
	"context"
	"fmt"
	"math"
	"time"
)

// ConfirmationsConfig is merchants that wait for confirmations, and an attacker.
type ConfirmationsConfig struct {
	Attacker      float64 // share of the hash power, below 1/2
	Confirmations int
	Interval      time.Duration // mean time between blocks
	Races         int           // payments, and attacks for each number of confirmations
	Seed          uint64
}

// Confirmations is what waiting costs, in seconds, and what it buys.
type Confirmations struct {
	Wait     float64  `json:"wait"` // mean, from the payment to the last confirmation
	Judgment          // of that
	Around   Measured `json:"around"`   // mean interval in which a payment is made
	LongGap  Measured `json:"long_gap"` // of the intervals, those of more than six mean ones
	Late     Measured `json:"late"`     // of the payments, those that wait more than one and a half times as long as on average
	Steps    []Waited `json:"steps"`    // for each number of confirmations
	Races    int      `json:"races"`
	Seed     uint64   `json:"seed"`
	share    float64
}

// Waited is what so many confirmations cost and buy.
type Waited struct {
	Confirmations int      `json:"confirmations"`
	Wait          Measured `json:"wait"` // seconds
	Risk          Measured `json:"risk"` // that an attacker takes the payment back
}

// maxWaited is up to how many confirmations are waited for.
const maxWaited = 100

// Check returns what is wrong with the configuration.
func (c *ConfirmationsConfig) Check() error {
	if c.Confirmations < 1 || c.Confirmations > maxWaited {
		return fmt.Errorf("%d confirmations: want 1 to %d", c.Confirmations, maxWaited)
	}
	d := c.doubleSpend()
	return d.Check()
}

func (c *ConfirmationsConfig) doubleSpend() DoubleSpendConfig {
	return DoubleSpendConfig{Attacker: c.Attacker, Confirmations: c.Confirmations, Races: c.Races, Interval: c.Interval}
}

// settled is how many mean intervals a chain has grown when a payment is made, so that nothing is
// left of its beginning.
const settled = 20

// Run makes payments at random moments of a growing chain. By theory the interval around
// a random moment is 2T on average, because long ones are met more often; the wait for the next
// block is T, and that for n confirmations Gamma(n, T).
func (c ConfirmationsConfig) Run(ctx context.Context, w Watch) (*Confirmations, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng, t, n := source(c.Seed), c.Interval.Seconds(), c.Confirmations
	out := &Confirmations{Races: c.Races, Seed: c.Seed, share: c.Attacker}
	waits := make([][]float64, n)
	var around []float64
	long, gaps, late, ev := 0, 0, 0, w.Events
	err := w.each(ctx, c.Races, func(int) {
		paid := settled + 10*rng.Float64()
		now, before := 0.0, 0.0
		for now <= paid {
			before = now
			now += rng.ExpFloat64()
			if gaps++; now-before > 6 {
				long++
			}
		}
		around = append(around, (now-before)*t)
		ev.payment(paid*t, now*t)
		for k := range n {
			if k > 0 {
				now += rng.ExpFloat64()
				ev.confirmed(now*t, k)
			}
			waits[k] = append(waits[k], (now-paid)*t)
		}
		if now-paid > 1.5*float64(n) {
			late++
		}
		ev = nil // the first payment only
	})
	if err != nil {
		return nil, err
	}
	out.Around = measured(Average(around), 2*t)
	out.LongGap = measured(Proportion(long, gaps), math.Exp(-6))
	tail := 0.0
	for k, chance := range poisson(1.5 * float64(n)) { // fewer than n blocks in that time
		if k < n {
			tail += chance
		}
	}
	out.Late = measured(Proportion(late, c.Races), tail)
	if err := c.risks(ctx, w, waits, out); err != nil {
		return nil, err
	}
	last := out.Steps[n-1].Wait
	out.Wait, out.Judgment = last.Value, last.Judgment
	out.Verdict = worst(out.Verdict, out.Around.Verdict, out.LongGap.Verdict, out.Late.Verdict)
	return out, nil
}

// risks runs attacks against each number of confirmations.
func (c *ConfirmationsConfig) risks(ctx context.Context, w Watch, waits [][]float64, out *Confirmations) error {
	w.Events = nil
	for k := range waits {
		d := c.doubleSpend()
		d.Confirmations, d.Seed = k+1, c.Seed+uint64(k)
		r, err := d.Run(ctx, w)
		if err != nil {
			return err
		}
		out.Steps = append(out.Steps, Waited{k + 1, measured(Average(waits[k]), float64(k+1)*c.Interval.Seconds()), Measured{r.Rate, r.Judgment}})
	}
	return nil
}

// payment takes down a payment, and the block that comes after it.
func (e *Events) payment(paid, now float64) {
	if e == nil {
		return
	}
	e.now = paid
	e.add(Event{At: paid, Kind: Sent, From: "customer", To: "miners", Until: paid, Block: "payment"})
	e.confirmed(now, 0)
}

// confirmed takes down a block; before is how many came since the payment.
func (e *Events) confirmed(now float64, before int) {
	if e == nil {
		return
	}
	e.now = now
	parent := genesis
	if before > 0 {
		parent = fmt.Sprintf("b%d", before)
	}
	name := fmt.Sprintf("b%d", before+1)
	e.found("miners", name, parent)
	e.sent("miners", "merchant", name, 0)
}

// Rows returns the table.
func (r *Confirmations) Rows() [][]string {
	out := [][]string{{"", "mean wait", "theory", "", "taken back", "99.9 %", "Rosenfeld", ""}}
	for _, s := range r.Steps {
		out = append(out, []string{fmt.Sprintf("%d", s.Confirmations), seconds(s.Wait.Value), seconds(s.Wait.Theory), string(s.Wait.Verdict),
			percent(s.Risk.Value), percent(s.Risk.Low) + " to " + percent(s.Risk.High), percent(s.Risk.Theory), string(s.Risk.Verdict)})
	}
	line := func(name string, m Measured, write func(float64) string) []string {
		return []string{name, write(m.Value), write(m.Theory), string(m.Verdict)}
	}
	return append(out, line("interval around", r.Around, seconds), line("gaps over 6 intervals", r.LongGap, percent), line("half as long again", r.Late, percent),
		[]string{fmt.Sprintf("an attacker with %s of the hash power; %d payments, seed %d", percent(r.share), r.Races, r.Seed)})
}

// Figure returns the risk by the time waited.
func (r *Confirmations) Figure() *Figure {
	theory, seen := Series{Name: "Rosenfeld"}, Series{Name: "measured", Measured: true}
	for _, s := range r.Steps {
		theory.add(s.Wait.Theory, s.Risk.Theory)
		if s.Risk.Value > 0 {
			seen.add(s.Wait.Value, s.Risk.Value)
			seen.Low, seen.High = append(seen.Low, s.Risk.Low), append(seen.High, s.Risk.High)
		}
	}
	return &Figure{Title: fmt.Sprintf("What waiting buys against %s of the hash power", percent(r.share)), X: "seconds waited, on average",
		Y: "share of attacks that succeed", LogY: true, Series: []Series{theory, seen}}
}
