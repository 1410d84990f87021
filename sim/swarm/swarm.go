package swarm

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
)

// Config is which seeds are played.
type Config struct {
	Seeds    int
	From     uint64
	Enough   func() bool    // asked before each seed, whether to end; may be nil
	Progress func(done int) // called now and then; may be nil
}

// Report is what a search came to.
type Report struct {
	Seeds     int          `json:"seeds"` // that were played
	From      uint64       `json:"from"`
	Events    uint64       `json:"events"`
	Blocks    int          `json:"blocks"`
	Marks     map[Mark]int `json:"marks"`            // seeds that reached each
	Unreached []Mark       `json:"unreached"`        // marks that none reached, of more seeds than that takes
	Seed      uint64       `json:"seed,omitempty"`   // the first that violates a property
	Found     *Violation   `json:"found,omitempty"`  // by it
	Shrunk    *Violation   `json:"shrunk,omitempty"` // by the fewest actions
	Actions   []string     `json:"actions,omitempty"`
	Network   string       `json:"network,omitempty"`
}

// twiceEvery is how often a seed is played twice, to compare the two plays.
const twiceEvery = 8

// ShrinkPlays is how many plans are played to shrink one.
const ShrinkPlays = 400

// Search plays seeds side by side, one on each core, and stops at the first that violates a
// property. Which seed that is does not depend on the number of cores.
func Search(ctx context.Context, c Config) (*Report, error) {
	s := &search{Config: c, report: &Report{From: c.From, Marks: map[Mark]int{}, Unreached: []Mark{}}, bad: map[uint64]*Violation{}}
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() { s.work(ctx) })
	}
	group.Wait()
	if s.err != nil {
		return nil, s.err
	}
	s.report.missMarks()
	for seed, v := range s.bad {
		if s.report.Found == nil || seed < s.report.Seed {
			s.report.Seed, s.report.Found = seed, v
		}
	}
	if s.report.Found != nil {
		p, v := Shrink(ctx, Draw(s.report.Seed), s.report.Found, ShrinkPlays)
		s.report.Shrunk, s.report.Network = v, p.Network()
		for _, a := range p.Actions {
			s.report.Actions = append(s.report.Actions, a.String())
		}
	}
	return s.report, nil
}

// missMarks finds the marks that should have been reached.
func (r *Report) missMarks() {
	for _, m := range AllMarks {
		if r.Marks[m] += 0; r.Marks[m] == 0 && r.Seeds >= m.within() {
			r.Unreached = append(r.Unreached, m)
		}
	}
}

// search is a Search in progress.
type search struct {
	Config
	mu     sync.Mutex
	next   int
	report *Report
	bad    map[uint64]*Violation
	err    error
}

func (s *search) work(ctx context.Context) {
	for {
		s.mu.Lock()
		if s.next == s.Seeds || len(s.bad) > 0 || s.err != nil || s.Enough != nil && s.Enough() {
			s.mu.Unlock()
			return
		}
		seed := s.From + uint64(s.next)
		s.next++
		s.mu.Unlock()
		out, err := Try(ctx, seed)
		s.mu.Lock()
		s.done(seed, out, err)
		s.mu.Unlock()
	}
}

func (s *search) done(seed uint64, out *Outcome, err error) {
	if err != nil {
		s.err = err
		return
	}
	r := s.report
	r.Seeds++
	r.Events += out.Events
	r.Blocks += out.Blocks
	for m := range out.Marks {
		r.Marks[m]++
	}
	if out.Violation != nil {
		s.bad[seed] = out.Violation
	}
	if s.Progress != nil {
		s.Progress(r.Seeds)
	}
}

// Try plays a seed, and some seeds twice: the same seed must give the same bytes.
func Try(ctx context.Context, seed uint64) (*Outcome, error) {
	out, err := Play(ctx, Draw(seed), nil)
	if err != nil || out.Violation != nil || seed%twiceEvery != 0 {
		return out, err
	}
	again, err := Play(ctx, Draw(seed), nil)
	if err == nil && again.LogHash != out.LogHash {
		out.Violation = &Violation{Property: "bytes", Text: fmt.Sprintf("two plays of the seed differ: log %s and %s", out.LogHash, again.LogHash)}
	}
	return out, err
}

// Network describes the drawn network in a line.
func (p *Plan) Network() string {
	c := p.Config
	text := fmt.Sprintf("%d nodes, %s, delay %s, loss %.0f %%, a block each %s", c.Nodes, c.Topology, c.Delay, 100*c.Loss, c.Interval)
	if c.Params.Window > 0 {
		text += fmt.Sprintf(", retarget each %d to %s", c.Params.Window, c.Params.Spacing)
	}
	if c.Bandwidth > 0 {
		text += fmt.Sprintf(", %d bytes/s", c.Bandwidth)
	}
	if p.Deep > 0 {
		text += fmt.Sprintf(", %d blocks at the start", p.Deep)
	}
	for i, x := range p.Liars {
		names := make([]string, len(x.nodes))
		for n, at := range x.nodes {
			names[n] = name(at)
		}
		text += fmt.Sprintf("; x%d %s, with %s", i+1, x.habit, strings.Join(names, " "))
	}
	if p.Twin != nil {
		text += "; a twin of n1"
	}
	return text
}
