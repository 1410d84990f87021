package lab

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// StaleConfig is a network of miners without faults, and how long it is watched.
type StaleConfig struct {
	Shares    []float64     // of the hash power, one for each miner; only their ratios count
	Interval  time.Duration // mean time between all mined blocks
	DelayLow  time.Duration // between two miners: drawn uniformly from here
	DelayHigh time.Duration // to here, once for each pair
	Blocks    int           // mined in all
	Seed      uint64
}

// Stale is how many blocks went stale, beside how many the theory expects.
type Stale struct {
	StaleRate     float64 `json:"stale_rate"` // of all mined blocks, those that are not on the longest chain
	Judgment              // about the stale rate
	ForkedHeights float64 `json:"forked_heights"` // of all heights, those with more than one block
	TheoryHeights float64 `json:"theory_heights"` // an upper approximation of that
	Interval      float64 `json:"interval"`       // seconds, mean between all mined blocks
	Growth        float64 `json:"growth"`         // seconds, mean between the blocks of the longest chain
	Blocks        int     `json:"blocks"`         // mined
	Height        int     `json:"height"`         // of the longest chain
	Seed          uint64  `json:"seed"`
	counts        []int   // how many heights have 0, 1, 2 … blocks
	rivals        float64 // expected number of stale blocks of a height
}

// EqualShares and LinearShares return the shares of k miners: the same for each, or i for the i-th.
func EqualShares(k int) []float64 {
	out := make([]float64, k)
	for i := range out {
		out[i] = 1
	}
	return out
}

// LinearShares returns 1, 2, … k.
func LinearShares(k int) []float64 {
	out := make([]float64, k)
	for i := range out {
		out[i] = float64(i + 1)
	}
	return out
}

const (
	maxMiners = 1000
	maxBlocks = 10_000_000
)

// Check returns what is wrong with the configuration.
func (c *StaleConfig) Check() error {
	sum := 0.0
	for _, s := range c.Shares {
		if s < 0 || math.IsInf(s, 0) || math.IsNaN(s) {
			return fmt.Errorf("a share of %v: want 0 or more", s)
		}
		sum += s
	}
	switch {
	case len(c.Shares) < 1 || len(c.Shares) > maxMiners:
		return fmt.Errorf("%d miners: want 1 to %d", len(c.Shares), maxMiners)
	case sum == 0:
		return fmt.Errorf("all shares are 0")
	case c.Interval < time.Millisecond:
		return fmt.Errorf("an interval of %s: want a millisecond or more", c.Interval)
	case c.DelayLow < 0 || c.DelayHigh < c.DelayLow:
		return fmt.Errorf("delays from %s to %s: want 0 or more, and the lower one first", c.DelayLow, c.DelayHigh)
	case c.Blocks < 1 || c.Blocks > maxBlocks:
		return fmt.Errorf("%d blocks: want 1 to %d", c.Blocks, maxBlocks)
	case float64(c.Blocks+50)*c.Interval.Seconds()+c.DelayHigh.Seconds() > longestRace.Seconds():
		return fmt.Errorf("%d blocks every %s, with delays up to %s: want less than 140 years in all", c.Blocks, c.Interval, c.DelayHigh)
	}
	return nil
}

// longestRace is how long a race may last on average: half of what a time.Duration holds, because by
// chance it lasts longer.
const longestRace = time.Duration(math.MaxInt64 / 2)

// theory returns the stale rate and the share of forked heights that are to be expected. After the
// first block of a height the others mine on the old tip for the delay, so x(1 − Σ s²) more
// blocks of that height are found on average, where x is the delay over the interval and s a
// miner's share: a miner does not compete with itself.
func (c *StaleConfig) theory() (rate, heights float64) {
	others, x := c.others(), c.x()
	return others * x / (1 + x), 1 - math.Exp(-x*others)
}

// others returns 1 − Σ s²: the chance that two blocks are of different miners.
func (c *StaleConfig) others() float64 {
	sum, squares := 0.0, 0.0
	for _, s := range c.Shares {
		sum += s
		squares += s * s
	}
	return 1 - squares/(sum*sum)
}

// x returns the mean delay in mean intervals.
func (c *StaleConfig) x() float64 {
	return (c.DelayLow + c.DelayHigh).Seconds() / 2 / c.Interval.Seconds()
}

// mined is a block of the race.
type mined struct {
	height int
	name   string // for events; empty in most runs
}

// arrival is a block that a miner hears of.
type arrival struct {
	at    time.Duration
	turn  int
	miner int
	block *mined
}

type arrivals []arrival

func (a arrivals) Len() int { return len(a) }
func (a arrivals) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].turn < a[j].turn
}
func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *arrivals) Push(x any)   { *a = append(*a, x.(arrival)) }
func (a *arrivals) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = arrival{}
	*a = (*a)[:last]
	return x
}

// race is the model: each miner extends the longest chain that it knows, of equally long ones the
// one that it heard of first.
type race struct {
	rng    *rand.Rand
	sums   []float64         // of the shares up to each miner
	delays [][]time.Duration // between each pair
	tips   []*mined          // of each miner
	queue  arrivals
	turn   int
	events *Events
}

func newRace(c *StaleConfig) *race {
	k := len(c.Shares)
	r := &race{rng: source(c.Seed), tips: make([]*mined, k), delays: make([][]time.Duration, k)}
	first, sum := &mined{name: genesis}, 0.0
	for i, s := range c.Shares {
		sum += s
		r.sums = append(r.sums, sum)
		r.tips[i], r.delays[i] = first, make([]time.Duration, k)
		for j := range i {
			d := c.DelayLow + time.Duration(r.rng.Int64N(int64(c.DelayHigh-c.DelayLow)+1))
			r.delays[i][j], r.delays[j][i] = d, d
		}
	}
	return r
}

// winner draws who finds the next block.
func (r *race) winner() int {
	at := r.rng.Float64() * r.sums[len(r.sums)-1]
	i := 0
	for i < len(r.sums)-1 && r.sums[i] <= at {
		i++
	}
	return i
}

// hear lets all messages until a time arrive. A longer chain arrives as a whole: who lacks a block
// of it asks for it.
func (r *race) hear(until time.Duration) {
	for len(r.queue) > 0 && r.queue[0].at <= until {
		a := heap.Pop(&r.queue).(arrival)
		if a.block.height > r.tips[a.miner].height {
			r.tips[a.miner] = a.block
		}
	}
}

// find has a miner find a block, and the others hear of it after their delays.
func (r *race) find(now time.Duration, miner int) *mined {
	b := &mined{height: r.tips[miner].height + 1}
	if r.events != nil && !r.events.full() {
		r.turn++
		b.name = fmt.Sprintf("b%d", r.turn)
		r.events.now = now.Seconds()
		r.events.found(nameOf(miner), b.name, r.tips[miner].name)
	}
	r.tips[miner] = b
	for other, d := range r.delays[miner] {
		if other != miner {
			r.turn++
			heap.Push(&r.queue, arrival{now + d, r.turn, other, b})
			if b.name != "" {
				r.events.sent(nameOf(miner), nameOf(other), b.name, d.Seconds())
			}
		}
	}
	return b
}

func nameOf(miner int) string { return fmt.Sprintf("n%d", miner+1) }

// Run runs the race.
func (c StaleConfig) Run(ctx context.Context, w Watch) (*Stale, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	r := newRace(&c)
	r.events = w.Events
	now, best := time.Duration(0), r.tips[0]
	at := make([]int, 1, c.Blocks+1) // blocks by height
	err := w.each(ctx, c.Blocks, func(int) {
		now += time.Duration(r.rng.ExpFloat64() * float64(c.Interval))
		r.hear(now)
		b := r.find(now, r.winner())
		if b.height == len(at) {
			at = append(at, 0)
		}
		at[b.height]++
		if b.height > best.height {
			best = b
		}
	})
	if err != nil {
		return nil, err
	}
	out := c.judge(at[1:], best.height)
	out.Growth = now.Seconds() / float64(best.height)
	return out, nil
}

// judge compares what came out with the theory. The stale blocks of a height are counted as if
// each block were a trial of its own, which makes the interval a little too wide.
func (c *StaleConfig) judge(at []int, height int) *Stale {
	forked, counts := 0, []int{}
	for _, n := range at {
		if n > 1 {
			forked++
		}
		for len(counts) <= n {
			counts = append(counts, 0)
		}
		counts[n]++
	}
	e := Proportion(c.Blocks-height, c.Blocks)
	out := &Stale{StaleRate: e.Rate, ForkedHeights: float64(forked) / float64(len(at)), Interval: c.Interval.Seconds(),
		Blocks: c.Blocks, Height: height, Seed: c.Seed, counts: counts, rivals: c.x() * c.others()}
	theory, heights := c.theory()
	out.Judgment, out.TheoryHeights = e.judge(theory), heights
	return out
}

// Rows returns the table.
func (r *Stale) Rows() [][]string {
	return [][]string{heading, row("stale blocks", r.StaleRate, r.Judgment, percent),
		{"forked heights", percent(r.ForkedHeights), "", percent(r.TheoryHeights) + " at most", ""},
		{"six confirmations", seconds(6 * r.Growth), "", "", ""},
		{fmt.Sprintf("%d blocks mined, a chain of %d, seed %d", r.Blocks, r.Height, r.Seed)}}
}

// Figure returns how many blocks the heights have, beside a Poisson distribution.
func (r *Stale) Figure() *Figure {
	f := &Figure{Title: fmt.Sprintf("Blocks of the same height, %s between blocks", seconds(r.Interval)), X: "stale blocks of a height", Y: "share of the heights"}
	seen, theory := Series{Name: "measured", Measured: true}, Series{Name: "Poisson"}
	total := 0
	for _, n := range r.counts {
		total += n
	}
	chance := math.Exp(-r.rivals)
	for n := 1; n < max(len(r.counts), 5); n++ {
		if n < len(r.counts) {
			e := Proportion(r.counts[n], total)
			seen.add(float64(n-1), e.Rate)
			seen.Low, seen.High = append(seen.Low, e.Low), append(seen.High, e.High)
		}
		theory.add(float64(n-1), chance)
		chance *= r.rivals / float64(n)
	}
	f.Series = []Series{theory, seen}
	return f
}
