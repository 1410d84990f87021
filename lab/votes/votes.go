package votes

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"toychain/lab"
)

// Config is what the experiments follow from.
type Config struct {
	Runs     int    // of each experiment whose result is a matter of chance
	Only     string // the name of one experiment; empty: all
	Messages bool   // the table ends with the messages that break Raft
	Seed     uint64
}

// Result is the table of all experiments.
type Result struct {
	lab.Judgment          // theory: the number of figures; low: of those that agree; high: of those that may
	Cells        []Cell   `json:"cells"`
	Shown        []string `json:"shown"` // the messages of a run in which one lying node of three breaks Raft
	Runs         int      `json:"runs"`
	Seed         uint64   `json:"seed"`
	LogHash      string   `json:"log_hash"` // of all messages and decisions
	messages     bool
}

// Cell is one figure of one engine. Low and High are those of an interval of 99.9 %; of what is
// counted and no matter of chance, they are the figure itself.
type Cell struct {
	Question string      `json:"question"`
	Engine   string      `json:"engine"`
	Nodes    int         `json:"nodes"`
	Measured float64     `json:"measured"`
	Low      float64     `json:"low"`
	High     float64     `json:"high"`
	Theory   float64     `json:"theory"`
	Verdict  lab.Verdict `json:"verdict"`
	Note     string      `json:"note"` // what else was seen
}

// Limits of a run.
const (
	minRuns = 10
	maxRuns = 10_000
)

// experiments are what is tried, in this order.
var experiments = []struct {
	name string
	try  func(*table)
}{
	{"crashes", (*table).crashes}, {"liars", (*table).liars}, {"cuts", (*table).cuts}, {"undone", (*table).undone}, {"messages", (*table).messages},
	{"names", (*table).names}, {"leaving", (*table).leaving}, {"duels", (*table).duels}, {"lotteries", (*table).lotteries}, {"history", (*table).history},
}

// Names returns the names of the experiments.
func Names() (out []string) {
	for _, e := range experiments {
		out = append(out, e.name)
	}
	return out
}

// Check returns what is wrong with the configuration.
func (c *Config) Check() error {
	switch {
	case c.Runs < minRuns || c.Runs > maxRuns:
		return fmt.Errorf("%d runs: want %d to %d", c.Runs, minRuns, maxRuns)
	case c.Only != "" && !slices.Contains(Names(), c.Only):
		return fmt.Errorf("%q is no experiment: want one of %s", c.Only, strings.Join(Names(), ", "))
	}
	return nil
}

// table is a run of all experiments.
type table struct {
	Config
	ctx   context.Context
	cells []Cell
	shown []string
	log   hash.Hash
	err   error // the first one, after which nothing runs
	turn  uint64
}

// Run runs the experiments. The events of w are those of a run in which one lying node of three
// breaks Raft.
func (c Config) Run(ctx context.Context, w lab.Watch) (*Result, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	t := &table{Config: c, ctx: ctx, log: sha256.New()}
	t.breakRaft(w.Events)
	for i, e := range experiments {
		if c.Only != "" && e.name != c.Only {
			continue
		}
		if e.try(t); t.err != nil {
			return nil, t.err
		}
		if w.Progress != nil {
			w.Progress(i+1, len(experiments))
		}
	}
	t.order()
	out := &Result{Cells: t.cells, Shown: t.shown, Runs: c.Runs, Seed: c.Seed, LogHash: hex.EncodeToString(t.log.Sum(nil)), messages: c.Messages}
	out.Judgment = lab.Judgment{Theory: float64(len(t.cells)), Verdict: lab.Agrees}
	for _, cell := range t.cells {
		switch cell.Verdict {
		case lab.Agrees:
			out.Low, out.High = out.Low+1, out.High+1
		case lab.Undecided:
			out.High++
		}
		if cell.Verdict == lab.Disagrees || out.Verdict == lab.Agrees {
			out.Verdict = cell.Verdict
		}
	}
	return out, nil
}

// order puts the cells of each question together, where the first of them is.
func (t *table) order() {
	first := map[string]int{}
	for i, c := range t.cells {
		if _, ok := first[c.Question]; !ok {
			first[c.Question] = i
		}
	}
	slices.SortStableFunc(t.cells, func(a, b Cell) int { return cmp.Compare(first[a.Question], first[b.Question]) })
}

// world returns a new world of n nodes, with a new seed, half a beat after its start: what
// happens at every beat does not fall on the edges of what is counted.
func (t *table) world(p *protocol, n int) *world {
	seed := t.seed()
	w := newWorld(seed, n, p.make(n, seed))
	t.sleep(w, p.beat/2)
	return w
}

// seed returns another seed at each call.
func (t *table) seed() uint64 {
	t.turn++
	return t.Seed<<20 + t.turn
}

// run lets time pass in a world; after an error nothing happens any more.
func (t *table) run(w *world, p *protocol, beats int) { t.sleep(w, p.beats(beats)) }

func (t *table) sleep(w *world, d time.Duration) {
	if t.err == nil {
		t.err = w.run(t.ctx, w.now+d)
	}
}

// end adds the world's log to the whole one's.
func (t *table) end(w *world) { t.log.Write(w.log.Sum(nil)) }

// counted adds a cell whose figure is no matter of chance.
func (t *table) counted(question string, p *protocol, n int, measured, theory float64, note string) {
	verdict := lab.Agrees
	if measured != theory {
		verdict = lab.Disagrees
	}
	t.cells = append(t.cells, Cell{question, p.name, n, measured, measured, measured, theory, verdict, note})
}

// estimated adds a cell with an interval.
func (t *table) estimated(question string, p *protocol, n int, e lab.Estimate, theory float64, note string) {
	t.cells = append(t.cells, Cell{question, p.name, n, e.Rate, e.Low, e.High, theory, e.Against(theory), note})
}
