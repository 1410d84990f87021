package virtual

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/sim"
	"toychain/testnet/scenario"
	"toychain/testnet/topology"
)

// World is simulated nodes. Make one with New.
type World struct {
	seed   uint64
	sim    *sim.World // nil until Up
	params *consensus.Params
	net    topology.Network
	links  []topology.Link
	rogues map[string]*rogue // by the node that each is a peer of
	count  uint64            // of rogues
	mining bool
	begun  time.Time // on the nodes' clocks
	places places
}

var _ scenario.World = (*World)(nil)

// New returns a world without nodes. What is random in it follows from the seed.
func New(seed uint64) *World {
	return &World{seed: seed, rogues: map[string]*rogue{}, places: places{seen: map[block.Hash]bool{}, at: map[block.Hash][]block.Hash{}}}
}

// Impossible is the error of a step that means nothing in virtual time.
type Impossible struct {
	What string // that the step would do
	Why  string // it cannot
}

func (i Impossible) Error() string {
	return fmt.Sprintf("%s: in virtual time %s; play the script in the real world", i.What, i.Why)
}

const (
	// age is how long ago the network began when a script starts, as a real one was made long before:
	// else the first blocks would come too fast for its difficulty.
	age = 180 * 24 * time.Hour
	// step is how much virtual time passes while a script waits: about a message's way.
	step = 20 * time.Millisecond
	// shortest and longest are the delays of links.
	shortest, longest = 5 * time.Millisecond, 25 * time.Millisecond
)

// Up starts the nodes.
func (w *World) Up(_ context.Context, nodes int, params *consensus.Params, blockMax int) (err error) {
	cfg := sim.Config{Nodes: nodes, Seed: w.seed, Params: params, Since: age, Interval: time.Second, Faults: true, BlockMax: blockMax,
		Delay: sim.Uniform(shortest, longest), Topology: sim.Mesh}
	w.params, w.net = params, topology.Network{Nodes: topology.Names(nodes)}
	planned := w.net.Planned()
	if len(planned) < nodes*(nodes-1)/2 {
		cfg.Topology = sim.Ring // which is a part of the plan
	}
	if w.sim, err = sim.New(cfg); err != nil {
		return err
	}
	for _, n := range w.sim.Nodes() {
		w.begun = n.Clock()
		w.sim.SetShare(n, 0)
	}
	return w.replan()
}

// Wall returns the time on a node's clock that is right.
func (w *World) Wall() time.Time { return w.begun.Add(w.Time()) }

// Time returns how much virtual time has passed.
func (w *World) Time() time.Duration {
	if w.sim == nil {
		return 0
	}
	return w.sim.Now()
}

// LogHash returns a hash of all that has happened: for one script and seed it is always the same; ""
// before Up.
func (w *World) LogHash() string {
	if w.sim == nil {
		return ""
	}
	return w.sim.Result().LogHash
}

// RunFor lets virtual time pass.
func (w *World) RunFor(ctx context.Context, d time.Duration) error { return w.sim.RunFor(ctx, d) }

// Step lets a moment pass.
func (w *World) Step(ctx context.Context, _ int) error { return w.sim.RunFor(ctx, step) }

// named returns a node.
func (w *World) named(name string) (*sim.Node, error) {
	i, err := strconv.Atoi(name[min(1, len(name)):])
	if err != nil || i < 1 || i > len(w.net.Nodes) {
		return nil, topology.NoNode(name, w.net.Nodes)
	}
	return w.sim.Nodes()[i-1], nil
}

// do does something with a node.
func (w *World) do(name string, f func(*sim.Node) error) error {
	n, err := w.named(name)
	if err == nil {
		err = f(n)
	}
	return err
}

// Partition divides the network.
func (w *World) Partition(_ context.Context, groups [][]string) error {
	if err := topology.CheckGroups(w.net.Nodes, groups); err != nil {
		return fmt.Errorf("partition: %w", err)
	}
	w.net.Groups = slices.Clone(groups)
	return w.replan()
}

// Heal ends a partition.
func (w *World) Heal(context.Context) error {
	w.net.Groups = nil
	return w.replan()
}

// Connect makes these the only connections.
func (w *World) Connect(_ context.Context, pairs []topology.Pair) error {
	w.net.Pairs = slices.Clone(pairs)
	return w.replan()
}

// Link sets the faults of a link, whether it is connected now or not.
func (w *World) Link(_ context.Context, l topology.Link) error {
	if err := l.Check(w.net.Nodes); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	w.links = append(slices.DeleteFunc(w.links, func(old topology.Link) bool { return old.Pair().Joins(l.A, l.B) }), l)
	return w.replan()
}

// replan makes the connections that are planned and gives them their faults.
func (w *World) replan() error {
	var pairs [][2]*sim.Node
	planned := w.net.Planned()
	for _, p := range planned {
		pair, err := w.pair(p)
		if err != nil {
			return err
		}
		pairs = append(pairs, pair)
	}
	if err := w.sim.Connect(pairs); err != nil {
		return err
	}
	for _, l := range w.links {
		if !slices.ContainsFunc(planned, func(p topology.Pair) bool { return p.Joins(l.A, l.B) }) {
			continue
		}
		ends, err := w.pair(l.Pair())
		if err != nil {
			return err
		}
		for i, end := range ends {
			if err := w.sim.SetLink(end, ends[1-i], l.At(end.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *World) pair(p topology.Pair) (out [2]*sim.Node, err error) {
	for i, name := range p {
		if out[i], err = w.named(name); err != nil {
			return out, err
		}
	}
	return out, nil
}

// Talking returns the nodes that run, are not paused and can reach each other as planned: one group
// for each part of the network.
func (w *World) Talking() [][]string {
	var awake []string
	for _, n := range w.sim.Nodes() {
		if n.Up() && !n.Paused() {
			awake = append(awake, n.Name())
		}
	}
	heard := slices.DeleteFunc(w.net.Planned(), func(p topology.Pair) bool {
		return slices.ContainsFunc(w.links, func(l topology.Link) bool { return l.OneWay() && l.Pair().Joins(p[0], p[1]) })
	})
	return topology.Parts(awake, heard)
}

// Status returns the status of all nodes.
func (w *World) Status(context.Context) ([]scenario.NodeStatus, error) {
	var out []scenario.NodeStatus
	for _, n := range w.sim.Nodes() {
		s := scenario.NodeStatus{Node: n.Name(), State: scenario.Up}
		switch {
		case !n.Up():
			s.State = scenario.Down
		case n.Paused():
			s.State = scenario.Paused
		default:
			tip := n.Engine().Tree().Tip()
			s.Tip, s.Height, s.Work, s.Pool = tip.Hash, tip.Height, tip.Work.String(), n.Engine().Pool().IDs()
			for _, p := range n.Peers() {
				if slices.Contains(w.sim.Nodes(), p) {
					s.Peers = append(s.Peers, p.Name())
				}
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// Node returns a node that is up, to call.
func (w *World) Node(name string) (scenario.Node, error) {
	n, err := w.named(name)
	switch {
	case err != nil:
		return nil, err
	case !n.Up():
		return nil, fmt.Errorf("%s is not running", name)
	case n.Paused():
		return nil, fmt.Errorf("%s is paused", name)
	}
	return &node{w, n}, nil
}
