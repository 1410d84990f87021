package lab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"toychain/pow"
)

// Clockwork is what moves the difficulty in a run, beside chance.
type Clockwork string

// What can move it.
const (
	Steady     Clockwork = "steady"     // constant hash power
	Growth     Clockwork = "growth"     // hash power that grows by a factor in each nominal window
	Hop        Clockwork = "hop"        // a share of it that leaves every other window
	Collapse   Clockwork = "collapse"   // it falls to a tenth
	Timestamps Clockwork = "timestamps" // a miner that lies about the time of a window's last block
	Timewarp   Clockwork = "timewarp"   // a majority that lies on every window's edge
)

// DifficultyConfig is a network whose difficulty follows the times in the blocks.
type DifficultyConfig struct {
	Window   int           // blocks between changes of the target
	Spacing  time.Duration // wanted time between blocks, whole seconds
	Blocks   int
	What     Clockwork
	Growth   float64       // of the hash power in each nominal window, for Growth
	Hop      float64       // share that leaves, for Hop
	Attacker float64       // share of the miner that lies, for Timestamps; Timewarp's has a majority
	Ahead    time.Duration // how far into the future it lies
	Grace    time.Duration // by which BIP54 lets a window's first block be earlier than the last one before it
	Seed     uint64
}

// Difficulty is how fast blocks come, and how much the difficulty varies. Times are in seconds.
type Difficulty struct {
	MeanInterval float64 `json:"mean_interval"`
	Judgment             // of the mean interval
	Jitter       float64 `json:"jitter"` // standard deviation of the difficulty over its mean
	TheoryJitter float64 `json:"theory_jitter"`
	Ratio        float64 `json:"ratio"`        // of the mean interval to the wanted one
	TheoryRatio  float64 `json:"theory_ratio"` // for long windows, without the noise of short ones

	Windows []Measured `json:"windows,omitempty"` // for collapse: how long each lasts, in nominal windows
	BIP54   *Ruled     `json:"bip54,omitempty"`   // mean interval with that rule, for lies about the time

	Blocks int    `json:"blocks"`
	Seed   uint64 `json:"seed"`
	what   Clockwork
	line   Series // mean interval that the difficulty gives, by window
	ruled  Series // with BIP54's rule
}

// Ruled is the mean interval with BIP54's rule. There is no theory for lies of more than half a
// window.
type Ruled struct {
	Value float64 `json:"mean_interval"`
	*Judgment
}

// Check returns what is wrong with the configuration.
func (c *DifficultyConfig) Check() error {
	switch {
	case c.Window < 15 || c.Window > 100_000:
		return fmt.Errorf("a window of %d blocks: want 15 to 100,000", c.Window)
	case c.Spacing < time.Second || c.Spacing > 24*time.Hour || c.Spacing%time.Second != 0:
		return fmt.Errorf("a spacing of %s: want whole seconds, from 1 to a day", c.Spacing)
	case c.Spacing.Seconds()*float64(c.Window) > math.MaxUint32/16:
		return fmt.Errorf("a window of %d blocks every %s is longer than 8 years", c.Window, c.Spacing)
	case c.Blocks < c.windows()*c.Window || c.Blocks > maxBlocks:
		return fmt.Errorf("%d blocks: want %d (%d windows) to %d", c.Blocks, c.windows()*c.Window, c.windows(), maxBlocks)
	case c.What == Growth && !(c.Growth >= .9 && c.Growth <= 16 && c.Growth != 1):
		return fmt.Errorf("growth by %v: want 0.9 (below, a window may never end) to 16, and not 1", c.Growth)
	case c.What == Hop && !(c.Hop > 0 && c.Hop <= .7):
		return fmt.Errorf("a share of %v that leaves: want more than 0, at most 0.7, above which a window cannot follow", c.Hop)
	case c.What == Timestamps && !(c.Attacker > 0 && c.Attacker < 1):
		return fmt.Errorf("a share of %v that lies: want more than 0 and less than 1", c.Attacker)
	case c.Ahead < 0 || c.Ahead > 24*time.Hour || c.Grace < 0 || c.Grace > 24*time.Hour:
		return fmt.Errorf("lies of %s, a grace of %s: want 0 to a day", c.Ahead, c.Grace)
	}
	return nil
}

// nominal returns the wanted length of a window, in seconds.
func (c *DifficultyConfig) nominal() float64 { return float64(c.Window) * c.Spacing.Seconds() }

// episode is how many windows a run is cut into where the difficulty has no long-run mean, or where
// something happens once; before is how many of them come first and do not count.
func (c *DifficultyConfig) episode() (windows, before int) {
	switch c.What {
	case Growth:
		return 60, 10
	case Collapse:
		return 3 + 4, 3
	case Timewarp:
		return 1 + warpWindows, 1
	}
	return math.MaxInt, 10
}

// windows returns how many are needed to say anything: episodes that can be compared, or a few
// windows in a row.
func (c *DifficultyConfig) windows() int {
	const episodes, few = 6, 50
	if length, _ := c.episode(); length != math.MaxInt {
		return episodes * length
	}
	return few
}

// Run mines with the node's own rule for the target (pow.Retarget).
func (c DifficultyConfig) Run(ctx context.Context, w Watch) (*Difficulty, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	lies := c.What == Timestamps || c.What == Timewarp
	part := w
	if lies && w.Progress != nil {
		part.Progress = func(done, of int) { w.Progress(done, 2*of) }
	}
	run, err := c.mine(ctx, part, false)
	if err != nil {
		return nil, err
	}
	theory, ratio := c.theory(false)
	e := run.interval(c.Window)
	n := float64(c.Window)
	out := &Difficulty{MeanInterval: e.Rate, Judgment: e.judge(theory), Jitter: deviation(run.difficulties) / mean(run.difficulties),
		TheoryJitter: 1 / math.Sqrt(n-3), Ratio: e.Rate / c.Spacing.Seconds(), TheoryRatio: ratio,
		Blocks: c.Blocks / c.Window * c.Window, Seed: c.Seed, what: c.What, line: run.line}
	if c.What == Collapse {
		for k, theory := range collapses {
			lasted := run.window[k]
			out.Windows = append(out.Windows, measured(Average(lasted), theory*n/(n-2)))
			out.Verdict = worst(out.Verdict, out.Windows[k].Verdict)
		}
	}
	if lies {
		if w.Progress != nil {
			part.Progress = func(done, of int) { w.Progress(of+done, 2*of) }
		}
		part.Events = nil
		ruled, err := c.mine(ctx, part, true)
		if err != nil {
			return nil, err
		}
		e := ruled.interval(c.Window)
		out.BIP54, out.ruled = &Ruled{Value: e.Rate}, ruled.line
		if c.What == Timewarp || c.Ahead.Seconds() <= c.nominal()/2 {
			theory, _ := c.theory(true)
			j := e.judge(theory)
			out.BIP54.Judgment = &j
			out.Verdict = worst(out.Verdict, j.Verdict)
		}
	}
	return out, nil
}

// mining is a run of windows.
type mining struct {
	config DifficultyConfig
	rng    *rand.Rand
	rule   bool    // BIP54's
	now    float64 // in this episode
	index  int     // of the window in it
	target pow.Target
	hashes float64 // a second, before anything changes it
	stamps stamps

	times        []float64   // of windows that count
	difficulties []float64   // mean interval that each window's difficulty gives
	window       [][]float64 // how long the k-th of an episode that counts lasted, in nominal ones
	line         Series
}

// interval returns the estimate of the mean interval. Windows in a row are not independent; groups
// of them nearly are.
func (m *mining) interval(window int) Estimate {
	windows, before := m.config.episode()
	group := windows - before
	if windows == math.MaxInt {
		group = max(1, len(m.times)/batches)
		if m.config.What == Hop { // as many windows with the whole hash power as without
			group += group % 2
		}
	}
	var sums, blocks []float64
	for len(m.times) >= group {
		sum := 0.0
		for _, t := range m.times[:group] {
			sum += t
		}
		sums, blocks = append(sums, sum), append(blocks, float64(group*window))
		m.times = m.times[group:]
	}
	return ratio(sums, blocks)
}

// mine runs windows, with BIP54's rule or without.
func (c *DifficultyConfig) mine(ctx context.Context, w Watch, rule bool) (*mining, error) {
	limit, start := easyTargets()
	m := &mining{config: *c, rng: source(c.Seed), rule: rule, target: start}
	m.hashes = start.Work().Float() / c.Spacing.Seconds()
	length, before := c.episode()
	m.window = make([][]float64, 8)
	trace := traceWindows(w.Events)
	err := w.each(ctx, c.Blocks/c.Window, func(i int) {
		if m.index == length {
			m.index, m.now, m.target, m.stamps = 0, 0, start, stamps{}
		}
		begun := m.now
		mean := m.target.Work().Float() / m.hashes
		actual := m.oneWindow(mean, trace)
		lasted := m.now - begun
		if m.index >= before {
			m.times = append(m.times, lasted)
			m.difficulties = append(m.difficulties, mean)
			if k := m.index - before; k < len(m.window) {
				m.window[k] = append(m.window[k], lasted/c.nominal())
			}
		}
		if len(m.line.X) < 120 {
			m.line.add(float64(i), mean)
		}
		m.target = pow.Retarget(m.target, limit, actual, uint32(c.nominal()))
		m.index++
	})
	return m, err
}

// oneWindow mines the blocks of a window, and returns the time that the rule for the target sees.
func (m *mining) oneWindow(mean float64, trace func(now float64)) uint32 {
	n := m.config.Window
	m.stamps.begin()
	for i := range n {
		m.now += m.blockTime(mean)
		m.stamps.add(m.stamp(i))
		trace(m.now)
	}
	return uint32(max(0, m.stamps.last()-m.stamps.first))
}

// blockTime draws how long the next block takes, where the difficulty alone would give the mean.
func (m *mining) blockTime(mean float64) float64 {
	c, e := &m.config, m.rng.ExpFloat64()
	switch c.What {
	case Growth: // the hash power at t, in nominal windows, is Gᵗ: so many hashes take so long
		growth, t := math.Log(c.Growth), m.now/c.nominal()
		return c.nominal() * (math.Log(math.Exp(growth*t)+growth*mean*e/c.nominal())/growth - t)
	case Hop:
		if m.index%2 == 1 {
			return mean * e / (1 - c.Hop)
		}
	case Collapse:
		if _, before := c.episode(); m.index >= before {
			return mean * e * 10
		}
	}
	return mean * e
}

// stamp returns the time in the i-th block of a window, in whole seconds: of an honest miner the
// present, of one that lies what suits it, and of both what the rules allow.
func (m *mining) stamp(i int) float64 {
	c := &m.config
	t := math.Floor(m.now)
	earliest := m.stamps.median() + 1
	switch {
	case c.What == Timestamps && i == c.Window-1 && m.rng.Float64() < c.Attacker:
		t += c.Ahead.Seconds()
	case c.What == Timewarp && m.index > 0 && i < c.Window-1:
		t = earliest // as early as can be: the last block of the window tells the truth
	}
	if m.rule && i == 0 && m.stamps.total > 0 {
		earliest = max(earliest, m.stamps.last()-c.Grace.Seconds())
	}
	if m.rule && i == c.Window-1 {
		earliest = max(earliest, m.stamps.first)
	}
	return max(t, earliest)
}

// medianOf is of how many blocks the median time is taken, below which no block's time may be.
const medianOf = 11

// stamps are the times in the last blocks.
type stamps struct {
	recent [medianOf]float64
	total  int
	first  float64 // of this window
	begins bool
}

func (s *stamps) begin() { s.begins = true }

func (s *stamps) add(t float64) {
	if s.begins {
		s.first, s.begins = t, false
	}
	s.recent[s.total%medianOf] = t
	s.total++
}

// last returns the time of the last block.
func (s *stamps) last() float64 { return s.recent[(s.total+medianOf-1)%medianOf] }

// median returns the median time, or less than any at the start.
func (s *stamps) median() float64 {
	if s.total < medianOf {
		return -1
	}
	sorted := s.recent
	for i := 1; i < medianOf; i++ { // by insertion: they are nearly sorted
		for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	return sorted[medianOf/2]
}

// traceWindows returns what takes down the blocks of a run.
func traceWindows(ev *Events) func(now float64) {
	if ev == nil {
		return func(float64) {}
	}
	chain := chainOf("b")
	return func(now float64) {
		if ev.full() {
			return
		}
		ev.now = now
		parent := chain.tip()
		ev.found("miners", chain.grow(), parent)
	}
}

// Rows returns the table.
func (r *Difficulty) Rows() [][]string {
	out := [][]string{heading}
	alone := Estimate{r.MeanInterval, r.Low, r.High}.judge(r.Theory)
	switch r.what {
	case Collapse:
		for k, w := range r.Windows {
			out = append(out, row(fmt.Sprintf("window %d lasts", k+1), w.Value, w.Judgment, func(v float64) string { return fmt.Sprintf("%.4g windows", v) }))
		}
		return out
	case Timestamps, Timewarp:
		out = append(out, row("interval", r.MeanInterval, alone, seconds))
		if r.BIP54.Judgment == nil {
			out = append(out, []string{"with BIP54's rule", seconds(r.BIP54.Value), "", "none for lies of more than half a window"})
		} else {
			out = append(out, row("with BIP54's rule", r.BIP54.Value, *r.BIP54.Judgment, seconds))
		}
		if r.what == Timewarp {
			out = append(out, []string{fmt.Sprintf("mean of the first %d windows; it falls without end, and with the rule it does not", warpWindows)})
		}
		return out
	}
	out = append(out, row("interval", r.MeanInterval, alone, seconds))
	if r.what == Steady {
		out = append(out, []string{"jitter", percent(r.Jitter), "", percent(r.TheoryJitter), ""})
	}
	return append(out, []string{"of the wanted interval", fmt.Sprintf("%.4g", r.Ratio), "", fmt.Sprintf("%.4g for long windows", r.TheoryRatio), ""})
}

// Figure returns the difficulty by window.
func (r *Difficulty) Figure() *Figure {
	f := &Figure{Title: "The difficulty follows the times in the blocks: " + string(r.what), X: "window", Y: "seconds between blocks at constant hash power",
		LogY: r.what != Steady && r.what != Hop}
	r.line.Name = "difficulty"
	f.Series = append(f.Series, r.line)
	if r.BIP54 != nil {
		r.ruled.Name = "with BIP54's rule"
		f.Series = append(f.Series, r.ruled)
	}
	return f
}
