package swarm

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/peer"
	"toychain/sim"
)

// Plan is what a seed draws: a network, and what happens in it.
type Plan struct {
	Seed    uint64
	Config  sim.Config
	Deep    int           // blocks that all nodes have at the start
	Liars   []liarAt      // x1, x2, …
	Twin    []int         // nodes that are connected to a second engine under n1's ID; nil: none
	Actions []Action      // the phase with faults, by time
	Calm    []Action      // the phase without: blocks, from its own beginning
	length  time.Duration // of the phase with faults
}

// liarAt is an adversary and the nodes that it is connected to.
type liarAt struct {
	habit habit
	nodes []int
}

// Action is something that is done to the network at a moment.
type Action struct {
	At    time.Duration
	Do    Verb
	Node  int // n1 is 0; of Lie the liar
	To    int
	Nodes []int         // one side of a partition
	Link  peer.Link     // of SetLink
	Clock time.Duration // of SetClock
	Draw  uint64        // decides what else there is to decide
	Luck  float64       // of Mine: the share of its attempts that are luckier
}

// Verb is what an action does.
type Verb string

// The verbs.
const (
	Mine     Verb = "mine"    // a node finds a block, if its target is easy enough
	Pay      Verb = "pay"     // a node's user pays
	Double   Verb = "double"  // two conflicting payments, at two nodes
	Cut      Verb = "cut"     // Nodes from the others: connections end
	Hush     Verb = "hush"    // Nodes from the others: connections stay, and nothing arrives; Node is a bridge
	OneWay   Verb = "one-way" // Nodes hear nothing of the others
	Heal     Verb = "heal"    // every cut and every fault of a link
	SetLink  Verb = "link"    // of Node, towards To
	Kill     Verb = "kill"    // and what was not synced may be lost
	CutPower Verb = "power"   // likewise, in the middle of a step
	Shut     Verb = "shut"    // in good order: nothing is lost
	Restart  Verb = "restart"
	Pause    Verb = "pause"
	Resume   Verb = "resume"
	SetClock Verb = "clock"
	Lie      Verb = "lie"
)

// String describes the action in a line.
func (a Action) String() string {
	names := make([]string, len(a.Nodes))
	for i, n := range a.Nodes {
		names[i] = name(n)
	}
	text := fmt.Sprintf("%.3f s  %s ", a.At.Seconds(), a.Do)
	switch a.Do {
	case Cut, OneWay:
		return text + strings.Join(names, " ")
	case Hush:
		return text + strings.Join(names, " ") + ", bridge " + name(a.Node)
	case Heal:
		return strings.TrimSpace(text)
	case SetLink:
		return text + name(a.Node) + " to " + name(a.To) + " " + a.Link.String()
	case SetClock:
		return text + name(a.Node) + " " + a.Clock.String()
	case Double:
		return text + name(a.Node) + " " + name(a.To)
	case CutPower:
		return text + fmt.Sprintf("%s at write %d", name(a.Node), writes(a))
	case Lie:
		return text + fmt.Sprintf("x%d", a.Node+1)
	}
	return text + name(a.Node)
}

func name(n int) string { return fmt.Sprintf("n%d", n+1) }

// writes is at which write the power fails.
func writes(a Action) int { return int(a.Draw%9) + 1 }

// drawer draws a plan.
type drawer struct {
	*Plan
	rng    *rand.Rand
	shares []float64 // of the hash power, now
}

// Draw returns the plan of a seed.
func Draw(seed uint64) *Plan {
	d := &drawer{Plan: &Plan{Seed: seed}, rng: rand.New(rand.NewPCG(seed, 0x73776172))}
	d.network()
	d.adversaries()
	interval := d.Config.Interval
	d.length = d.between(40*interval, 90*interval)
	if d.Config.Params.Window > 0 {
		d.length = d.length * 5 / 2 // fewer attempts find a block
	}
	d.Actions = d.mining(d.length)
	for range d.rng.IntN(9) {
		d.episode()
	}
	d.payments()
	slices.SortStableFunc(d.Actions, func(a, b Action) int { return cmp.Compare(a.At, b.At) })
	d.Calm = d.mining(30 * interval)
	return d.Plan
}

func (d *drawer) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.rng.Int64N(int64(high-low)+1))
}

func (d *drawer) chance(p float64) bool { return d.rng.Float64() < p }

// network draws nodes, links and parameters.
func (d *drawer) network() {
	rng := d.rng
	c := &d.Config
	c.Nodes, c.Seed, c.Faults = 3+rng.IntN(6), d.Seed, true
	c.Interval = []time.Duration{2, 5, 10}[rng.IntN(3)] * time.Second
	c.Topology, c.Degree = sim.Topologies[rng.IntN(len(sim.Topologies))], 2+rng.IntN(2)
	switch rng.IntN(4) {
	case 0:
		c.Delay = sim.Constant(d.between(10*time.Millisecond, c.Interval/5))
	case 1, 2:
		low := d.between(5*time.Millisecond, 100*time.Millisecond)
		c.Delay = sim.Uniform(low, low+d.between(0, c.Interval/5))
	default:
		c.Delay, _ = sim.ParseDelay("regions")
	}
	if d.chance(.5) {
		c.Loss = rng.Float64() * .3
	}
	if d.chance(.3) {
		c.Bandwidth = 5_000 + rng.Int64N(100_000)
	}
	p := consensus.Regtest()
	p.Name, p.Maturity, p.Halving = "swarm", block.Height(1+rng.IntN(8)), 60
	p.Spacing = c.Interval
	if d.chance(.4) { // a target that follows the hash power
		p.Window, p.Maturity = 3+rng.IntN(6), block.Height(4+rng.IntN(10))
		p.Spacing = c.Interval * time.Duration(2+rng.IntN(4))
		p.Future = consensus.FutureFor(p.Window, p.Spacing)
	} else if d.chance(.06) {
		d.Deep = 292 + rng.IntN(20)
	}
	c.Params = p
}

// adversaries draws who does not keep the rules.
func (d *drawer) adversaries() {
	for d.chance(.45) && len(d.Liars) < 3 {
		at := liarAt{habit: habits[d.rng.IntN(len(habits))], nodes: d.some(1 + d.rng.IntN(d.Config.Nodes))}
		if d.Deep == 0 && at.habit == thin {
			at.habit = boastful
		}
		d.Liars = append(d.Liars, at)
	}
	if d.Deep > 0 && len(d.Liars) == 0 {
		d.Liars = []liarAt{{thin, d.some(2)}}
	}
	if d.chance(.08) {
		d.Twin = d.some(1 + d.rng.IntN(d.Config.Nodes-1))
	}
}

// some draws n nodes.
func (d *drawer) some(n int) []int {
	all := d.rng.Perm(d.Config.Nodes)[:n]
	slices.Sort(all)
	return all
}

// mining draws which node finds a block when, while the hash power moves.
func (d *drawer) mining(long time.Duration) (out []Action) {
	if d.shares == nil {
		d.move()
	}
	for at := time.Duration(0); ; {
		at += time.Duration(d.rng.ExpFloat64() * float64(d.Config.Interval))
		if at >= long {
			return out
		}
		if d.chance(.02) {
			d.move()
		}
		x, n := d.rng.Float64(), 0
		for n < len(d.shares)-1 && x >= d.shares[n] {
			x -= d.shares[n]
			n++
		}
		out = append(out, Action{At: at, Do: Mine, Node: n, Luck: d.rng.Float64()})
	}
}

// move draws shares of the hash power: now and then one node has most of it.
func (d *drawer) move() {
	d.shares = make([]float64, d.Config.Nodes)
	total := 0.0
	for i := range d.shares {
		d.shares[i] = d.rng.ExpFloat64()
		total += d.shares[i]
	}
	for i := range d.shares {
		d.shares[i] /= total
	}
}

// payments draws who pays when.
func (d *drawer) payments() {
	nodes := d.Config.Nodes
	for range d.rng.IntN(int(d.length / d.Config.Interval)) {
		a := Action{At: d.between(0, d.length), Do: Pay, Node: d.rng.IntN(nodes), To: d.rng.IntN(nodes), Draw: d.rng.Uint64()}
		if d.chance(.2) {
			a.Do = Double
		}
		d.Actions = append(d.Actions, a)
	}
	for i, l := range d.Liars {
		for range 1 + d.rng.IntN(l.habit.acts()) {
			d.Actions = append(d.Actions, Action{At: d.between(0, d.length), Do: Lie, Node: i, Draw: d.rng.Uint64()})
		}
	}
}
