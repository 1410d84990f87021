package votes

import (
	"fmt"
	"math"
	"slices"
	"time"

	"toychain/lab"
)

// invented is how many names an attacker makes up, and machines how many nodes there are.
const (
	machines = 5
	invented = 10
)

// names adds ten names without machines, hash power or coins, where any may take part. They keep
// silent; then they decide among themselves.
func (t *table) names() {
	all, honest, made := upTo(1, machines+invented), upTo(1, machines), upTo(machines+1, machines+invented)
	for _, p := range engines {
		silent := t.sybil(p, all, honest, made)
		alone := t.sybil(p, all, made, honest)
		own, theirs := 0., 1.
		if !p.byVotes {
			own, theirs = 1, 0
		}
		t.rate("decisions an interval, 10 names silent", p, len(all), silent, own)
		t.rate("decisions of the 10 names alone", p, len(all), alone, theirs)
	}
}

// sybil returns how many decisions some nodes make, while the others are silent.
func (t *table) sybil(p *protocol, all, alive, silent []int) []float64 {
	w := t.world(p, len(all))
	w.crash(silent...)
	return t.progress(w, p, alive)
}

// progress returns how many decisions the first of some nodes makes in each of many beats. What is
// proposed in a beat may be decided in the next one: so votes are averaged.
func (t *table) progress(w *world, p *protocol, alive []int) (out []float64) {
	beats, first := during, w.members[alive[0]-1]
	if p == byWork {
		beats = 2 * t.Runs // a matter of chance
	}
	t.run(w, p, react)
	p.clients(w, beats, alive...)
	for range beats {
		made := first.count
		t.run(w, p, 1)
		out = append(out, float64(first.count-made))
	}
	if p.byVotes {
		made := first.count
		t.run(w, p, settle)
		mean := (lab.Average(out).Rate*during + float64(first.count-made)) / during
		out = []float64{mean, mean}
	}
	t.end(w)
	return out
}

// rate adds a cell about decisions in beats: with an interval if they are a matter of chance.
func (t *table) rate(question string, p *protocol, n int, perBeat []float64, theory float64) {
	e := lab.Average(perBeat)
	if slices.Max(perBeat) == slices.Min(perBeat) {
		t.counted(question, p, n, e.Rate, theory, "")
		return
	}
	t.estimated(question, p, n, e, theory, "")
}

// leaving has three of five nodes leave without a word.
func (t *table) leaving() {
	for _, p := range engines {
		w := t.world(p, machines)
		w.crash(3, 4, 5)
		theory := 0.
		if !p.byVotes {
			theory = .4
		}
		var perBeat []float64
		if p == byStake { // whose slots are a matter of chance, too
			for range t.Runs / 6 {
				perBeat = append(perBeat, t.progress(w, p, upTo(1, 2))...)
			}
		}
		perBeat = append(perBeat, t.progress(w, p, upTo(1, 2))...)
		t.rate("decisions an interval, 60 % gone", p, machines, perBeat, theory)
	}
	t.slower()
}

// slower has 60 % of the hash power leave in the middle of a window of a network whose target
// changes, and measures the interval before and after, and in the windows that follow.
func (t *table) slower() {
	const spacing = 10 * time.Second
	window := 4 * t.Runs
	params := workParams(spacing, window)
	hashrate := 16 * powerFor(spacing) // so that the target can fall and rise
	w := newWorld(t.seed(), machines, func(id int) Node { return newWork(id, machines, params, hashrate/machines) })
	node := w.members[0].node.(*work)
	t.sleep(w, 0)
	wait := func(height int) time.Duration { // until the chain has this height
		for t.err == nil && int(node.engine.Tree().Tip().Height) < height {
			t.sleep(w, time.Second)
		}
		return w.now
	}
	// Three windows, until the target fits the hash power; then a half one before and after.
	from := wait(4*window - 1)
	half := wait(4*window + window/2)
	w.crash(3, 4, 5)
	full := wait(5*window - 1)
	next := wait(6*window - 1)
	last := wait(7*window - 1)
	t.end(w)
	if t.err != nil {
		return
	}
	perBlock := func(d time.Duration, blocks int) float64 { return d.Seconds() / float64(blocks) }
	faster, slower := perBlock(half-from, window/2+1), perBlock(full-half, window/2-1)
	t.estimated("interval, 60 % gone", byWork, machines, ratio(slower/faster, window/2, window/2), 2.5, fmt.Sprintf("times the one before, until the target changes: %.1f s and then %.1f s", faster, slower))
	t.estimated("and after two retargets", byWork, machines, ratio(perBlock(last-next, window)/spacing.Seconds(), window, window), 1, fmt.Sprintf("times the interval that is wanted; %.1f s in the window between", perBlock(next-full, window)))
}

// ratio returns the estimate of a ratio of two times that are sums of a and b random intervals: its
// logarithm varies by the root of 1/a + 1/b.
func ratio(r float64, a, b int) lab.Estimate {
	spread := math.Exp(lab.Quantile * math.Sqrt(1/float64(a)+1/float64(b)))
	return lab.Estimate{Rate: r, Low: r / spread, High: r * spread}
}
