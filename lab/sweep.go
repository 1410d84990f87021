package lab

import (
	"context"
	"fmt"
	"time"
)

// StaleSweep is the race of Stale at several intervals: short ones fork, long ones wait.
type StaleSweep struct {
	*Stale          // at the interval that was asked for
	Points []*Stale `json:"points"`
}

// sweepFrom and sweepTo are the intervals of a sweep, in powers of two of the one asked for.
const sweepFrom, sweepTo = -3, 5

// Sweep runs the race at intervals from an eighth of the configured one to 32 times it.
func (c StaleConfig) Sweep(ctx context.Context, w Watch) (*StaleSweep, error) {
	out := &StaleSweep{}
	var verdicts []Verdict
	for power := sweepFrom; power <= sweepTo; power++ {
		at, part := c, Watch{}
		at.Interval = time.Duration(float64(c.Interval) * pow2(power))
		if w.Progress != nil {
			part.Progress = func(done, of int) { w.Progress((power-sweepFrom)*of+done, (sweepTo-sweepFrom+1)*of) }
		}
		if power == 0 {
			part.Events = w.Events
		}
		r, err := at.Run(ctx, part)
		if err != nil {
			return nil, err
		}
		if power == 0 {
			asked := *r
			out.Stale = &asked
		}
		out.Points = append(out.Points, r)
		verdicts = append(verdicts, r.Verdict)
	}
	out.Verdict = worst(verdicts...)
	return out, nil
}

// pow2 returns 2 to the power of n.
func pow2(n int) float64 {
	if n < 0 {
		return 1 / float64(int(1)<<-n)
	}
	return float64(int(1) << n)
}

// Rows returns the table.
func (r *StaleSweep) Rows() [][]string {
	out := [][]string{{"interval", "stale", "99.9 %", "theory", "", "forked heights", "six confirmations"}}
	for _, p := range r.Points {
		out = append(out, append(row(seconds(p.Interval), p.StaleRate, p.Judgment, percent), percent(p.ForkedHeights), seconds(6*p.Growth)))
	}
	return append(out, []string{fmt.Sprintf("%d blocks mined at each, seed %d", r.Blocks, r.Seed)})
}

// Figure returns the stale rate by interval.
func (r *StaleSweep) Figure() *Figure {
	f := &Figure{Title: "Short intervals fork, long ones wait", X: "seconds between blocks", Y: "share", LogX: true}
	theory, seen, wait := Series{Name: "stale, theory"}, Series{Name: "stale, measured", Measured: true}, Series{Name: "wait for six, of the longest"}
	longest := r.Points[len(r.Points)-1].Growth
	for _, p := range r.Points {
		theory.add(p.Interval, p.Theory)
		seen.add(p.Interval, p.StaleRate)
		seen.Low, seen.High = append(seen.Low, p.Low), append(seen.High, p.High)
		wait.add(p.Interval, p.Growth/longest)
	}
	f.Series = []Series{theory, seen, wait}
	return f
}
