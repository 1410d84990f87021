package lab

import (
	"context"
	"fmt"
	"math"

	"toychain/pow"
)

// PartitionConfig is a network that is cut into two sides, which mine on, and healed.
type PartitionConfig struct {
	Share  float64 // of the hash power on the weaker side, at most 1/2
	Blocks int     // that the whole network would mine on average while it is cut
	Window int     // blocks between changes of the target, for Work
	Races  int
	Seed   uint64
}

// Partition is which side wins, and how deep the other's reorganisation is.
type Partition struct {
	WeakWins float64  `json:"weak_wins"` // of the races
	Judgment          // of that
	Ties     Measured `json:"ties"`  // of the races: both sides keep what they have
	Depth    Measured `json:"depth"` // mean number of blocks that the loser mined, ties included
	Races    int      `json:"races"`
	Seed     uint64   `json:"seed"`
	config   PartitionConfig
	leads    map[int]int // races by the lead of the weak side
}

// PartitionWork is a partition so long that the difficulty changes on both sides.
type PartitionWork struct {
	WeakWork    float64 `json:"weak_work"` // the weak side's share of the work of both
	Judgment            // of that
	WeakBlocks  float64 `json:"weak_blocks"`  // its share of the blocks
	ShorterWins float64 `json:"shorter_wins"` // of the races, those that the side with fewer blocks wins by work
	ByWork      float64 `json:"by_work"`      // of the races, those that the weak side wins
	Shorter     *ByWork `json:"shorter"`      // the first of these; null if there is none
	Races       int     `json:"races"`
	Seed        uint64  `json:"seed"`
	config      PartitionConfig
	weak        Series // share of the blocks, by time, in the first race
	work        Series
}

// ByWork is a partition that the chain with fewer blocks wins. Work is in blocks of the difficulty
// before the cut.
type ByWork struct {
	Blocks      int     `json:"blocks"` // of the winner
	Work        float64 `json:"work"`
	LoserBlocks int     `json:"loser_blocks"`
	LoserWork   float64 `json:"loser_work"`
}

// Check returns what is wrong with the configuration.
func (c *PartitionConfig) Check() error {
	switch {
	case !(c.Share > 0 && c.Share <= .5):
		return fmt.Errorf("a share of %v on the weaker side: want more than 0, at most 0.5", c.Share)
	case c.Blocks < 1 || c.Blocks > 10_000:
		return fmt.Errorf("%d blocks: want 1 to 10,000", c.Blocks)
	case float64(c.Races)*float64(c.Blocks) > 1e9:
		return fmt.Errorf("%d races of %d blocks: want a billion blocks at most", c.Races, c.Blocks)
	}
	return checkRaces(c.Races)
}

// CheckWork is Check for Work.
func (c *PartitionConfig) CheckWork() error {
	if c.Window < 10 || c.Window > 10_000 {
		return fmt.Errorf("a window of %d blocks: want 10 to 10,000", c.Window)
	}
	return c.Check()
}

// poisson returns the probabilities of 0, 1, 2 … events, as far as they count.
func poisson(mean float64) []float64 {
	n := int(mean+12*math.Sqrt(mean)) + 20
	out := make([]float64, n)
	for k := range out {
		gamma, _ := math.Lgamma(float64(k + 1))
		out[k] = math.Exp(float64(k)*math.Log(mean) - mean - gamma)
	}
	return out
}

// skellam returns the chance of each lead of the weak side, by lead: the difference of two Poisson
// numbers (J. G. Skellam, 1946).
func (c *PartitionConfig) skellam() map[int]float64 {
	out := map[int]float64{}
	weak, strong := poisson(c.Share*float64(c.Blocks)), poisson((1-c.Share)*float64(c.Blocks))
	for i, a := range weak {
		if a < 1e-12 {
			continue
		}
		for j, b := range strong {
			out[i-j] += a * b
		}
	}
	return out
}

// theory returns the chance that the weak side wins, that neither does, and the mean depth.
func (c *PartitionConfig) theory() (wins, ties, depth float64) {
	weak, strong := poisson(c.Share*float64(c.Blocks)), poisson((1-c.Share)*float64(c.Blocks))
	below, above, moreWeak := 0.0, 1.0, 1.0
	for k := range min(len(weak), len(strong)) {
		wins += weak[k] * below
		ties += weak[k] * strong[k]
		below += strong[k]
		above -= strong[k]
		moreWeak -= weak[k]
		depth += max(0, above) * max(0, moreWeak) // both have more than k
	}
	return wins, ties, depth
}

// Run runs partitions without a change of the difficulty.
func (c PartitionConfig) Run(ctx context.Context, w Watch) (*Partition, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	rng := source(c.Seed)
	won, ties, n, ev := 0, 0, float64(c.Blocks), w.Events
	leads, depths := map[int]int{}, []float64{}
	err := w.each(ctx, c.Races, func(int) {
		weak, strong := chainOf("w"), chainOf("s")
		a, b := 0, 0
		for now := rng.ExpFloat64(); now < n; now += rng.ExpFloat64() {
			theirs := rng.Float64() < c.Share
			if theirs {
				a++
			} else {
				b++
			}
			ev.side(now, theirs, weak, strong)
		}
		if ev != nil {
			ev.heal(n, weak, strong)
			ev = nil // the first race only
		}
		leads[a-b]++
		depths = append(depths, float64(min(a, b)))
		switch {
		case a > b:
			won++
		case a == b:
			ties++
		}
	})
	if err != nil {
		return nil, err
	}
	wins, tie, depth := c.theory()
	e := Proportion(won, c.Races)
	out := &Partition{WeakWins: e.Rate, Judgment: e.judge(wins), Ties: measured(Proportion(ties, c.Races), tie),
		Depth: measured(Average(depths), depth), Races: c.Races, Seed: c.Seed, config: c, leads: leads}
	out.Verdict = worst(out.Verdict, out.Ties.Verdict, out.Depth.Verdict)
	return out, nil
}

// side takes down a block of one side.
func (e *Events) side(now float64, weaker bool, weak, strong *namedChain) {
	if e.full() {
		return
	}
	e.now = now
	chain, by := strong, "strong side"
	if weaker {
		chain, by = weak, "weak side"
	}
	parent := chain.tip()
	e.found(by, chain.grow(), parent)
}

// heal has both sides send each other what they have, and take what has more blocks.
func (e *Events) heal(now float64, weak, strong *namedChain) {
	e.exchange(now, weak, strong)
	best := func(own, other *namedChain) string {
		if len(other.blocks) > len(own.blocks) {
			return other.tip()
		}
		return own.tip()
	}
	e.tip("weak side", best(weak, strong))
	e.tip("strong side", best(strong, weak))
}

// byWork takes down a partition that a shorter chain wins.
func (e *Events) byWork(weak, strong *cutOff, until float64) {
	if e.full() {
		return
	}
	w, s := chainOf("w"), chainOf("s")
	for i, k := 0, 0; i < len(weak.times) || k < len(strong.times); {
		if theirs := k == len(strong.times) || i < len(weak.times) && weak.times[i] < strong.times[k]; theirs {
			e.side(weak.times[i]/nominal, true, w, s)
			i++
		} else {
			e.side(strong.times[k]/nominal, false, w, s)
			k++
		}
	}
	e.exchange(until/nominal, w, s)
	best := s
	if weak.work > strong.work {
		best = w
	}
	e.tip("weak side", best.tip())
	e.tip("strong side", best.tip())
}

// exchange has both sides send each other what they have.
func (e *Events) exchange(now float64, weak, strong *namedChain) {
	e.now = now
	for _, b := range weak.blocks {
		e.sent("weak side", "strong side", b, 0)
	}
	for _, b := range strong.blocks {
		e.sent("strong side", "weak side", b, 0)
	}
}

// cutOff is one side of a partition whose difficulty changes.
type cutOff struct {
	hashes     float64 // a second
	target     pow.Target
	now, begun float64
	blocks     int
	work       float64 // in blocks of the first difficulty
	next       float64 // when the next block is found
	first      float64 // work of a block when the cut came
	times      []float64
}

// mine mines until a time, with the node's own rule for the target.
func (s *cutOff) mine(until float64, window int, limit pow.Target, exp func() float64) {
	for {
		if s.next == 0 {
			s.next = s.now + s.target.Work().Float()/s.hashes*exp()
		}
		if s.next > until {
			return
		}
		s.now, s.next = s.next, 0
		s.blocks, s.times = s.blocks+1, append(s.times, s.now)
		s.work += s.target.Work().Float() / s.first
		switch s.blocks % window {
		case 1:
			s.begun = s.now
		case 0:
			s.target = pow.Retarget(s.target, limit, uint32(math.Round(s.now-s.begun)), uint32(window*nominal))
		}
	}
}

// Work runs partitions whose difficulty changes on both sides. Blocks level out then, and work does
// not: on average a side has the share of the work that it has of the hash power, at any time,
// because the chance of a block is its hash power over the work of the block.
func (c PartitionConfig) Work(ctx context.Context, w Watch) (*PartitionWork, error) {
	if err := c.CheckWork(); err != nil {
		return nil, err
	}
	rng := source(c.Seed)
	limit, start := easyTargets()
	out := &PartitionWork{Races: c.Races, Seed: c.Seed, config: c}
	var works, all []float64
	weakBlocks, blocks, shorter, byWork := 0, 0, 0, 0
	first := start.Work().Float()
	ev := w.Events // takes down the first partition that a shorter chain wins, or else the last one
	var lastWeak, lastStrong *cutOff
	err := w.each(ctx, c.Races, func(i int) {
		weak := &cutOff{hashes: c.Share * first / nominal, target: start, first: first}
		strong := &cutOff{hashes: (1 - c.Share) * first / nominal, target: start, first: first}
		for k := range 50 {
			until := float64(c.Blocks) * nominal * float64(k+1) / 50
			weak.mine(until, c.Window, limit, rng.ExpFloat64)
			strong.mine(until, c.Window, limit, rng.ExpFloat64)
			if i == 0 {
				out.weak.add(until/nominal, float64(weak.blocks)/max(1, float64(weak.blocks+strong.blocks)))
				out.work.add(until/nominal, weak.work/max(1, weak.work+strong.work))
			}
		}
		lastWeak, lastStrong = weak, strong
		works, all = append(works, weak.work), append(all, weak.work+strong.work)
		weakBlocks, blocks = weakBlocks+weak.blocks, blocks+weak.blocks+strong.blocks
		if weak.work > strong.work {
			byWork++
		}
		if (weak.work-strong.work)*float64(weak.blocks-strong.blocks) < 0 {
			shorter++
			if out.Shorter == nil {
				out.Shorter = shorterOf(weak, strong)
				ev.byWork(weak, strong, float64(c.Blocks)*nominal)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	e := ratio(works, all)
	if out.Shorter == nil {
		ev.byWork(lastWeak, lastStrong, float64(c.Blocks)*nominal)
	}
	out.WeakWork, out.Judgment = e.Rate, e.judge(c.Share)
	out.WeakBlocks = float64(weakBlocks) / float64(max(1, blocks))
	out.ShorterWins, out.ByWork = float64(shorter)/float64(c.Races), float64(byWork)/float64(c.Races)
	return out, nil
}

// shorterOf says how a shorter chain won.
func shorterOf(a, b *cutOff) *ByWork {
	if a.work < b.work {
		a, b = b, a
	}
	return &ByWork{a.blocks, a.work, b.blocks, b.work}
}

// Rows returns the table.
func (r *Partition) Rows() [][]string {
	blocks := func(v float64) string { return fmt.Sprintf("%.4g", v) }
	return [][]string{heading,
		row("weak side wins", r.WeakWins, Estimate{r.WeakWins, r.Low, r.High}.judge(r.Theory), percent),
		row("tie", r.Ties.Value, r.Ties.Judgment, percent),
		row("blocks undone", r.Depth.Value, r.Depth.Judgment, blocks),
		{fmt.Sprintf("%s of the hash power against the rest, over %d blocks; %d partitions, seed %d", percent(r.config.Share), r.config.Blocks, r.Races, r.Seed)}}
}

// Figure returns the distribution of the lead.
func (r *Partition) Figure() *Figure {
	theory := r.config.skellam()
	seen, curve := Series{Name: "measured", Measured: true}, Series{Name: "Skellam"}
	sd := math.Sqrt(float64(r.config.Blocks))
	middle := (2*r.config.Share - 1) * float64(r.config.Blocks)
	for lead := int(middle - 4*sd - 1); lead <= int(middle+4*sd+1); lead++ {
		curve.add(float64(lead), theory[lead])
		e := Proportion(r.leads[lead], r.Races)
		seen.add(float64(lead), e.Rate)
		seen.Low, seen.High = append(seen.Low, e.Low), append(seen.High, e.High)
	}
	return &Figure{Title: fmt.Sprintf("A partition with %s on the weak side", percent(r.config.Share)), X: "blocks that the weak side is ahead",
		Y: "share of the partitions", Series: []Series{curve, seen}}
}

// Rows returns the table.
func (r *PartitionWork) Rows() [][]string {
	return [][]string{heading, row("weak side's work", r.WeakWork, r.Judgment, percent),
		{"weak side's blocks", percent(r.WeakBlocks), "", "", ""},
		{"weak side wins", percent(r.ByWork), "", "", ""},
		{"a shorter chain wins", percent(r.ShorterWins), "", "", ""},
		{r.Shorter.String()},
		{fmt.Sprintf("%d intervals, a window of %d blocks; %d partitions, seed %d", r.config.Blocks, r.config.Window, r.Races, r.Seed)}}
}

func (s *ByWork) String() string {
	if s == nil {
		return "no shorter chain won: a longer partition, or sides that are nearly equal, have one"
	}
	return fmt.Sprintf("the first one: %d blocks with the work of %.1f undo %d with that of %.1f", s.Blocks, s.Work, s.LoserBlocks, s.LoserWork)
}

// Figure returns the weak side's share by time.
func (r *PartitionWork) Figure() *Figure {
	r.weak.Name, r.work.Name = "of the blocks", "of the work"
	power := curve("of the hash power", []float64{r.weak.X[0], r.weak.X[len(r.weak.X)-1]}, func(float64) float64 { return r.config.Share })
	return &Figure{Title: "The weak side's share in one partition", X: "nominal intervals", Y: "share", Series: []Series{power, r.weak, r.work}}
}
