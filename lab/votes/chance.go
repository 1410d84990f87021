package votes

import (
	"fmt"
	"math"

	"toychain/lab"
)

// sideBeats is how long a cut lasts whose depth is measured: 20 blocks of both sides together.
const sideBeats = 20

// undone measures what a cut of 3 nodes from 2 costs where no votes are counted: how many blocks
// the lighter side loses.
func (t *table) undone() {
	for _, p := range []*protocol{byWork, byStake} {
		depths, weak := t.depths(p)
		mean, wins := depthOf(.4, sideBeats, map[*protocol]func(s float64, n, a, b int) float64{byWork: poisson, byStake: slots}[p])
		t.estimated("blocks undone by a heal", p, p.n, lab.Average(depths), mean, fmt.Sprintf("after %d blocks of both sides together, cut 3 to 2", sideBeats))
		t.estimated("cuts won by the 2 nodes", p, p.n, lab.Proportion(weak, len(depths)), wins, "")
	}
}

// depths cuts and heals a network again and again. It returns how many blocks were undone each
// time, and how often the smaller side's chain was longer.
func (t *table) depths(p *protocol) (depths []float64, weak int) {
	w := t.world(p, p.n)
	for range t.Runs {
		w.split(3)
		t.run(w, p, sideBeats)
		strong, small := w.members[0], w.members[p.n-1]
		if len(small.decided) > len(strong.decided) {
			weak++
		}
		had := []int{strong.undone, small.undone}
		w.heal()
		t.sleep(w, p.beat/4)               // no slot begins on an edge of what is counted
		for t.err == nil && !w.sameTip() { // in a tie, the next block decides
			t.run(w, p, 1)
		}
		if t.err != nil {
			return []float64{0}, 0
		}
		depths = append(depths, float64(max(strong.undone-had[0], small.undone-had[1])))
		t.sleep(w, 3*p.beat/4)
	}
	t.end(w)
	return depths, weak
}

// sameTip reports whether all nodes have the same chain.
func (w *world) sameTip() bool {
	first := w.members[0].decided
	for _, m := range w.members[1:] {
		if len(m.decided) != len(first) || m.decided[len(first)] != first[len(first)] {
			return false
		}
	}
	return true
}

// lchoose is the logarithm of n over k.
func lchoose(n, k int) float64 {
	of := func(n int) float64 { l, _ := math.Lgamma(float64(n) + 1); return l }
	return of(n) - of(k) - of(n-k)
}

// poisson is the chance that a and b blocks are found where n are expected, the first ones with the
// share s of the hash power; slots is that of a and b among n slots.
func poisson(s float64, n, a, b int) float64 {
	both, _ := math.Lgamma(float64(a+b) + 1)
	return math.Exp(float64(a+b)*math.Log(float64(n)) - float64(n) - both + lchoose(a+b, a) + float64(a)*math.Log(s) + float64(b)*math.Log(1-s))
}

func slots(s float64, n, a, b int) float64 {
	if a+b != n {
		return 0
	}
	return math.Exp(lchoose(n, a) + float64(a)*math.Log(s) + float64(b)*math.Log(1-s))
}

// depthOf returns the mean of the smaller number of blocks, which is what is undone, and the chance
// that the first is larger.
func depthOf(s float64, n int, chance func(s float64, n, a, b int) float64) (mean, ahead float64) {
	for a := range 6 * n {
		for b := range 6 * n {
			p := chance(s, n, a, b)
			mean += p * float64(min(a, b))
			if a > b {
				ahead += p
			}
		}
	}
	return mean, ahead
}
