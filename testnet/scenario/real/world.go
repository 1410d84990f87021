package real

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"toychain/consensus"
	"toychain/network"
	"toychain/testnet"
	"toychain/testnet/rogue"
	"toychain/testnet/scenario"
)

// Config is how to make a world.
type Config struct {
	Dir      string       // for nodes, logs, wallets
	Binary   string       // what to start nodes from; "" is this program's own file
	Detach   bool         // the nodes outlive this program
	Progress func(string) // called with what is going on; may be nil
}

// World is real nodes. Make one with New, and end it with Close.
type World struct {
	*testnet.Testnet // nil until Up

	cfg    Config
	begun  time.Time
	rogues map[string]*rogue.Peer // by the node that each is a peer of
}

var _ scenario.World = (*World)(nil)

// New returns a world without nodes. Nothing is started yet.
func New(cfg Config) *World {
	return &World{cfg: cfg, begun: time.Now(), rogues: map[string]*rogue.Peer{}}
}

// Close stops all nodes, and removes the directory if remove is set.
func (w *World) Close(ctx context.Context, remove bool) error {
	err := w.dismiss()
	if w.Testnet != nil {
		err = errors.Join(err, w.Down(ctx, false))
	}
	if remove && err == nil {
		err = os.RemoveAll(w.cfg.Dir)
	}
	return err
}

// Up starts the nodes.
func (w *World) Up(ctx context.Context, nodes int, params *consensus.Params) (err error) {
	network := params.Name
	if _, preset := consensus.Preset(network); !preset {
		if network, err = w.writeParams(params); err != nil {
			return err
		}
	}
	w.Testnet, err = testnet.Up(ctx, testnet.Config{Dir: w.cfg.Dir, Nodes: nodes, Network: network, Binary: w.cfg.Binary,
		Detach: w.cfg.Detach, Progress: w.cfg.Progress})
	w.begun = time.Now()
	return err
}

// writeParams writes the parameters to a file for the nodes.
func (w *World) writeParams(params *consensus.Params) (path string, err error) {
	if err := os.MkdirAll(w.cfg.Dir, 0o700); err != nil {
		return "", err
	}
	path = filepath.Join(w.cfg.Dir, "script.toml")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	err = network.Write(f, params)
	return path, errors.Join(err, f.Close())
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
	t := time.NewTimer(min(late, soon*time.Duration(n)))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
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
