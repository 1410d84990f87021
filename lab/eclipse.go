package lab

import (
	"context"
	"fmt"
	"math"
	"time"
)

// EclipseConfig is a merchant whose every connection is an attacker's, which feeds it its own
// blocks.
type EclipseConfig struct {
	Attacker      float64 // share of the hash power
	Confirmations int     // that the merchant waits for
	Links         int     // connections that the merchant opens
	Poisoned      float64 // of the addresses that it knows, the share of the attacker's
	Interval      time.Duration
	Races         int
	Seed          uint64
}

// Eclipse is how often the payment is undone when the merchant sees the others again.
type Eclipse struct {
	Undone   float64  `json:"undone"` // of the eclipsed merchants
	Judgment          // of that
	Wait     Measured `json:"wait"`     // seconds until the confirmations have come, which is what betrays the attacker
	Eclipsed Measured `json:"eclipsed"` // of the merchants, those all of whose connections are the attacker's
	Races    int      `json:"races"`
	Seed     uint64   `json:"seed"`
	config   EclipseConfig
}

// Check returns what is wrong with the configuration.
func (c *EclipseConfig) Check() error {
	switch {
	case !(c.Attacker > 0 && c.Attacker < 1):
		return fmt.Errorf("an attacker with a share of %v: want more than 0 and less than 1", c.Attacker)
	case c.Confirmations < 1 || c.Confirmations > maxWaited:
		return fmt.Errorf("%d confirmations: want 1 to %d", c.Confirmations, maxWaited)
	case c.Links < 1 || c.Links > 125:
		return fmt.Errorf("%d links: want 1 to 125", c.Links)
	case !(c.Poisoned > 0 && c.Poisoned <= 1):
		return fmt.Errorf("a share of %v of the addresses: want more than 0, at most 1", c.Poisoned)
	case c.Interval < time.Millisecond:
		return fmt.Errorf("an interval of %s: want a millisecond or more", c.Interval)
	}
	return checkRaces(c.Races)
}

// outrun returns the chance that the others have found more than n blocks when the attacker has
// found n: then the merchant leaves the attacker's blocks as soon as it hears of theirs. Their
// number is negative binomial; a tie keeps what was seen first.
func outrun(q float64, n int) float64 {
	sum, term := 0.0, math.Pow(q, float64(n)) // no block of the others
	for h := range n + 1 {
		if h > 0 {
			term *= (1 - q) * float64(n-1+h) / float64(h)
		}
		sum += term
	}
	return 1 - sum
}

// Run runs eclipses: links drawn from the addresses, and then a race of blocks that the
// merchant sees one side of (Heilman and others, Eclipse Attacks on Bitcoin's Peer-to-Peer Network,
// USENIX Security 2015). By theory a merchant is eclipsed with the share to the power of the links,
// and its confirmations take n·T/q instead of n·T.
func (c EclipseConfig) Run(ctx context.Context, w Watch) (*Eclipse, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng, t := source(c.Seed), c.Interval.Seconds()
	eclipsed, undone, ev := 0, 0, w.Events
	var waits []float64
	err := w.each(ctx, c.Races, func(int) {
		caught := true
		for range c.Links {
			caught = rng.Float64() < c.Poisoned && caught
		}
		if caught {
			eclipsed++
		}
		honest, theirs := chainOf("h"), chainOf("a")
		a, h, now := 0, 0, 0.0
		for a < c.Confirmations {
			now += t * rng.ExpFloat64()
			found := rng.Float64() < c.Attacker
			if found {
				a++
			} else {
				h++
			}
			ev.feed(now, found, honest, theirs)
		}
		waits = append(waits, now)
		if h > a {
			undone++
		}
		ev.uncover(honest, theirs)
		ev = nil // the first race only
	})
	if err != nil {
		return nil, err
	}
	e := Proportion(undone, c.Races)
	out := &Eclipse{Undone: e.Rate, Judgment: e.judge(outrun(c.Attacker, c.Confirmations)), Races: c.Races, Seed: c.Seed, config: c,
		Wait:     measured(Average(waits), float64(c.Confirmations)*t/c.Attacker),
		Eclipsed: measured(Proportion(eclipsed, c.Races), math.Pow(c.Poisoned, float64(c.Links)))}
	out.Verdict = worst(out.Verdict, out.Wait.Verdict)
	return out, nil
}

// feed takes down a block, which the merchant hears of if it is the attacker's.
func (e *Events) feed(now float64, attacker bool, honest, theirs *namedChain) {
	if e.full() {
		return
	}
	e.now = now
	if !attacker {
		parent := honest.tip()
		e.found("miners", honest.grow(), parent)
		return
	}
	parent := theirs.tip()
	e.found("attacker", theirs.grow(), parent)
	e.sent("attacker", "merchant", theirs.tip(), 0)
}

// uncover has the merchant hear of the others' blocks.
func (e *Events) uncover(honest, theirs *namedChain) {
	if e.full() {
		return
	}
	for _, b := range honest.blocks {
		e.sent("miners", "merchant", b, 0)
	}
	if len(honest.blocks) > len(theirs.blocks) {
		e.tip("merchant", honest.tip())
	} else {
		e.tip("merchant", theirs.tip())
	}
}

// Rows returns the table.
func (r *Eclipse) Rows() [][]string {
	normal := float64(r.config.Confirmations) * r.config.Interval.Seconds()
	return [][]string{heading,
		row("payment undone", r.Undone, Estimate{r.Undone, r.Low, r.High}.judge(r.Theory), percent),
		row("wait", r.Wait.Value, r.Wait.Judgment, seconds),
		{"wait, not eclipsed", "", "", seconds(normal), ""},
		row("eclipsed", r.Eclipsed.Value, r.Eclipsed.Judgment, percent),
		{fmt.Sprintf("%s of the hash power, %s of the addresses; %d merchants, seed %d", percent(r.config.Attacker), percent(r.config.Poisoned), r.Races, r.Seed)}}
}

// Figure returns how often the payment is undone by confirmations.
func (r *Eclipse) Figure() *Figure {
	n := max(8, 2*r.config.Confirmations)
	theory := curve("theory", steps(1, float64(n), n), func(x float64) float64 { return outrun(r.config.Attacker, int(x)) })
	return &Figure{Title: fmt.Sprintf("A payment to a merchant eclipsed by %s of the hash power", percent(r.config.Attacker)), X: "confirmations that it waits for",
		Y: "share of payments undone", Series: []Series{theory, point(float64(r.config.Confirmations), Estimate{r.Undone, r.Low, r.High})}}
}
