package votes

import (
	"fmt"
	"math"
	"math/rand/v2"

	"toychain/lab"
)

// An attacker with the share b of the stake signs in secret, as in a private attack by work. What it
// needs follows from how fast its own chain grows: g·b, where the honest one grows by 1-b. So it
// wins from 1/(1+g) on.
//
//	one lottery a slot     its chain gets one block for each slot that it wins: g = 1
//	a lottery per parent   it plays on every block of its tree at once, and the deepest branch
//	                       counts: g = e (V. Bagaria and others, arXiv 1910.02218)

// The heights between which the growth of a tree is measured, and how many trees there are at most.
const (
	lowHeight  = 12
	highHeight = 26
	maxTrees   = 400
)

// lotteries measures the two thresholds.
func (t *table) lotteries() {
	rng := rand.New(rand.NewPCG(t.seed(), 0))
	trees := min(t.Runs, maxTrees)
	perSlot, perParent := make([]float64, trees), make([]float64, trees)
	for i := range trees {
		if t.err = t.ctx.Err(); t.err != nil {
			return
		}
		const levels = highHeight - lowHeight
		for range levels {
			perSlot[i] += rng.ExpFloat64() / levels
		}
		perParent[i] = (grow(rng, lowHeight, highHeight) - late()) / levels
	}
	t.estimated("share that a liar needs", byStake, byStake.n, thresholdOf(lab.Average(perSlot)), .5, "with one lottery a slot")
	raw := lab.Average(perParent).Rate + late()/(highHeight-lowHeight)
	t.estimated("share that a liar needs", byStake, byStake.n, thresholdOf(lab.Average(perParent)), 1/(1+math.E),
		fmt.Sprintf("with a lottery per parent: %d trees of height %d; %.4f before the correction for their height", trees, highHeight, raw/(1+raw)))
}

// thresholdOf turns the time for a block, in units of the attacker's wins, into the share that it
// needs: 1/(1+g), where g is one over the time.
func thresholdOf(e lab.Estimate) lab.Estimate {
	of := func(time float64) float64 { return time / (1 + time) }
	return lab.Estimate{Rate: of(e.Rate), Low: of(e.Low), High: of(e.High)}
}

// grow grows the tree of an attacker that plays on each of its blocks, from one height to another,
// and returns the time between. All blocks win at the same rate, so the next one is the child of
// any of them, drawn at random, and comes the sooner the more there are.
func grow(rng *rand.Rand, from, to uint8) (took float64) {
	heights := []uint8{0}
	for top := uint8(0); top < to; {
		wait := rng.ExpFloat64() / float64(len(heights))
		if top >= from {
			took += wait
		}
		h := heights[rng.IntN(len(heights))] + 1
		heights = append(heights, h)
		top = max(top, h)
	}
	return took
}

// late is by how much more than (n2-n1)/e a tree needs from the height n1 to n2: 3/(2e) ln(n2/n1),
// which vanishes beside the height, but slowly (L. Addario-Berry, B. Reed, Minima in Branching
// Random Walks, 2009).
func late() float64 { return 1.5 / math.E * math.Log(float64(highHeight)/lowHeight) }
