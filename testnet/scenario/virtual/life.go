package virtual

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"toychain/sim"
)

// Kill has the power of a node fail.
func (w *World) Kill(_ context.Context, node string) error {
	return w.do(node, func(n *sim.Node) error {
		if !n.Up() {
			return fmt.Errorf("%s: the node does not run", node)
		}
		return w.sim.Kill(n)
	})
}

// Restart starts a node on its disk. One that runs is ended in good order before.
func (w *World) Restart(_ context.Context, node string) error {
	return w.do(node, func(n *sim.Node) error {
		if err := w.sim.Shut(n); err != nil {
			return err
		}
		return w.sim.Restart(n)
	})
}

// Start starts a node that is down.
func (w *World) Start(_ context.Context, node string) error {
	return w.do(node, func(n *sim.Node) error {
		if n.Up() {
			return fmt.Errorf("%s runs already", node)
		}
		return w.sim.Restart(n)
	})
}

// Pause holds a node still.
func (w *World) Pause(_ context.Context, node string) error {
	return w.do(node, func(n *sim.Node) error {
		if !n.Up() {
			return fmt.Errorf("%s: the node does not run", node)
		}
		w.sim.Pause(n)
		return nil
	})
}

// Resume lets a paused node go on.
func (w *World) Resume(_ context.Context, node string) error {
	return w.do(node, func(n *sim.Node) error {
		if !n.Paused() {
			return fmt.Errorf("%s is not paused", node)
		}
		return w.sim.Resume(n)
	})
}

// Clock sets a node's clock.
func (w *World) Clock(_ context.Context, node string, offset time.Duration) error {
	return w.do(node, func(n *sim.Node) error { return w.sim.SetClock(n, offset) })
}

// down does something with the disk of a node that is down.
func (w *World) down(verb, node string, f func(*sim.Node) error) error {
	return w.do(node, func(n *sim.Node) error {
		if n.Up() {
			return fmt.Errorf("%s: %s runs: kill it first", verb, node)
		}
		return f(n)
	})
}

// Wipe empties the disk of a node, its key too.
func (w *World) Wipe(_ context.Context, node string) error { return w.down("wipe", node, w.sim.Wipe) }

// Reindex rebuilds what follows from the blocks of a node: here nothing is kept besides, so a start
// does all of it.
func (w *World) Reindex(_ context.Context, node string) error {
	return w.down("reindex", node, func(*sim.Node) error { return nil })
}

// Lose removes a node's key or pool.
func (w *World) Lose(_ context.Context, node, what string) error {
	return w.down("lose", node, func(n *sim.Node) error {
		switch {
		case what == "key":
			return w.sim.NewKey(n)
		case what != "pool":
			return Impossible{"lose " + what, "a node has no file of the peers that it knows: they are those of its configuration"}
		case !w.sim.LosePool(n):
			return fmt.Errorf("%s has lost its pool already, or never had any", node)
		}
		return nil
	})
}

// Corrupt is Impossible.
func (w *World) Corrupt(context.Context, string) error {
	return Impossible{"corrupt", "a disk holds blocks and coins as values, not as bytes that can be damaged"}
}

// Disk is Impossible.
func (w *World) Disk(context.Context, string) (fs.FS, error) {
	return nil, Impossible{"seize", "a disk holds blocks and coins as values, and no files to search"}
}

// Memory is Impossible.
func (w *World) Memory(string) (int64, error) {
	return 0, Impossible{"expect memory", "no node is a process whose memory could be measured"}
}

// Tell is Impossible.
func (w *World) Tell(context.Context, string, int) error {
	return Impossible{"lie addresses", noAddresses}
}

// Dials is Impossible.
func (w *World) Dials(string) (int, error) { return 0, Impossible{"expect dials", noAddresses} }

// Crowd is Impossible.
func (w *World) Crowd(context.Context, string, int) error {
	return Impossible{"crowd", noSlots}
}

// Connected is Impossible.
func (w *World) Connected(string) (int, error) { return 0, Impossible{"expect rogues", noSlots} }

const (
	noAddresses = "nodes have no addresses, and hear of none: which to dial is decided in package p2p"
	noSlots     = "nodes count no connections and no useless bytes: those limits are of package p2p"
)
