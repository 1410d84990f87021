package sim

import (
	"errors"
	"fmt"

	"toychain/block"
	"toychain/chain"
)

// errPower is the error of a disk whose power has failed.
var errPower = errors.New("the power failed")

// CutPower has a node's power fail when it next touches its disk for the writes-th time: a Put, a
// Commit or a Sync, which then does nothing. What the node decided in that step is lost with it,
// and what its disk had not synced may be, as after [World.Kill]. With 0 it does not fail any more.
func (w *World) CutPower(n *Node, writes int) error {
	switch {
	case !w.cfg.Faults:
		return fmt.Errorf("cut the power of %s: a restart needs Config.Faults", n.ID)
	case writes < 0:
		return fmt.Errorf("cut the power of %s at write %d: want 0 or more", n.ID, writes)
	}
	if n.engine != nil {
		n.disk.fuse = writes
	}
	return nil
}

// die ends a node whose power failed in the middle of a step.
func (n *Node) die(c *worker) {
	c.record(n, Record{Fault: "kill"})
	n.engine = nil
	n.life++
	n.disk.crash(n.rng)
	c.later(func() error { n.world.rewire(); return nil })
}

// Stored returns what a node would start from: the tip on its disk, and the journal of its
// reorganisations, the oldest first. It needs Config.Faults.
func (n *Node) Stored() (tip block.Hash, journal []chain.Reorg) { return n.disk.tip, n.disk.journal }

// AddTwin starts a second engine under the ID of a node, with a disk that is empty, and connects it
// to some nodes: two machines with one key. Cuts do not touch it. That other nodes penalize its ID
// is not an error where they are connected to it.
func (w *World) AddTwin(of *Node, peers ...*Node) (*Node, error) {
	n := w.outsider(of.ID)
	n.twin, n.disk = true, w.newDisk()
	if err := n.start(); err != nil {
		return nil, err
	}
	for _, p := range peers {
		if p != of {
			w.wire(p, n, w.draw(p, n))
		}
	}
	w.rewire()
	return n, w.settle(&w.main)
}

// Outside reports whether a node is a liar or a twin: cuts do not touch it, and others may penalize it.
func (n *Node) Outside() bool { return n.liar != nil || n.twin }
