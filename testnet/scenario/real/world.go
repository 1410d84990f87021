// Package real is the world of node processes for scenarios: a testnet in its own directory,
// called by RPC.
//
// It knows testnets: [World] is a [testnet.Testnet] with what else a script needs, such as
// rogue peers. It must not know scripts: names of blocks or people, and what a script waits
// for.
package real

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"toychain/consensus"
	"toychain/testnet"
	"toychain/testnet/rogue"
	"toychain/testnet/scenario"
)

// World is real nodes. Make one with New, and end it with Close.
type World struct {
	*testnet.Testnet // nil until Up

	cfg    testnet.Config
	begun  time.Time
	rogues map[string]*rogue.Peer // by the node that each is a peer of
	told   map[string][]told
	crowd  map[string][]*rogue.Peer
}

var _ scenario.World = (*World)(nil)

// New returns a world without nodes. Nothing is started yet. A script says how many nodes there
// are and on which network.
func New(cfg testnet.Config) *World {
	return &World{cfg: cfg, begun: time.Now(), rogues: map[string]*rogue.Peer{},
		told: map[string][]told{}, crowd: map[string][]*rogue.Peer{}}
}

// Close stops all nodes, and removes the directory if remove is set.
func (w *World) Close(ctx context.Context, remove bool) error {
	var err error
	if w.Testnet != nil {
		for _, node := range w.Names() {
			for _, p := range w.roguesOf(node) {
				err = errors.Join(err, p.Leave())
			}
			for _, t := range w.told[node] {
				err = errors.Join(err, t.target.Close())
			}
		}
		clear(w.rogues)
		clear(w.told)
		clear(w.crowd)
		err = errors.Join(err, w.Down(ctx, false))
	}
	if remove && err == nil {
		err = os.RemoveAll(w.cfg.Dir)
	}
	return err
}

// Up starts the nodes.
func (w *World) Up(ctx context.Context, nodes int, params *consensus.Params, blockMax int) (err error) {
	w.cfg.Nodes, w.cfg.Params, w.cfg.BlockMax = nodes, params, blockMax
	w.Testnet, err = testnet.Up(ctx, w.cfg)
	w.begun = time.Now()
	return err
}

// Time returns the time since Up by the wall clock.
func (w *World) Time() time.Duration { return time.Since(w.begun) }

// The real world does not notify anyone of a change: a script that waits looks again, soon
// at first and then less often, so that many nodes leave the machine time to work.
const (
	soon = 5 * time.Millisecond
	late = 50 * time.Millisecond
)

// Step waits a moment.
func (w *World) Step(ctx context.Context, n int) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(min(late, soon*time.Duration(n))):
		return nil
	}
}

// Node returns the RPC's client of a node.
func (w *World) Node(name string) (scenario.Node, error) {
	c, err := w.Client(name)
	if err != nil {
		return nil, err // and no interface around a nil client
	}
	return c, nil
}

// Status asks all nodes at once.
func (w *World) Status(ctx context.Context) ([]scenario.NodeStatus, error) {
	all, err := w.Testnet.Status(ctx)
	if err != nil {
		return nil, err
	}
	known := w.Names()
	out := make([]scenario.NodeStatus, len(all))
	for i, s := range all {
		g := scenario.NodeStatus{Node: s.Name, State: scenario.Up}
		switch {
		case !s.Running:
			g.State = scenario.Down
		case s.Paused:
			g.State = scenario.Paused
		case s.Error != "":
			g.State = scenario.Silent
		default:
			g.Tip, g.Height, g.Work = s.Tip, s.Height, s.Work
			g.Peers = slices.DeleteFunc(s.Peers, func(p string) bool { return !slices.Contains(known, p) })
			if s.Pool == 0 {
				break // saves a call
			}
			c, err := w.Client(s.Name)
			if err == nil {
				g.Pool, err = c.RawMempool(ctx)
			}
			if err != nil {
				g = scenario.NodeStatus{Node: s.Name, State: scenario.Silent}
			}
		}
		out[i] = g
	}
	return out, nil
}
