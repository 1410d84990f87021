package sim

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/peer"
)

// What the operator of a node does with it, and can read of it. As in faults.go, methods that change
// something are for an action, or for the time between two runs.

// MineTo is Mine with the script that the block pays.
func (w *World) MineTo(n *Node, script []byte) (*block.Block, error) {
	before := n.script
	n.script = script
	defer func() { n.script = before }()
	return w.Mine(n)
}

// SetMiner has a node's blocks pay a script from now on, and sets its share: see SetShare. Nil: they
// pay the node's own miner.
func (w *World) SetMiner(n *Node, script []byte, share float64) {
	n.script = script
	w.SetShare(n, share)
}

// Shut ends a node in good order: nothing is lost, and its mempool is on the disk.
func (w *World) Shut(n *Node) error {
	if n.engine == nil {
		return nil
	}
	if err := n.engine.Stop(); err != nil {
		return err
	}
	n.disk.pool = slices.Clone(n.engine.Pool().Entries())
	return w.Kill(n)
}

// restore gives a node that starts the mempool of its disk.
func (w *World) restore(n *Node) {
	for _, e := range n.disk.pool {
		if n.engine != nil {
			w.inform(n, engine.TxReceived{Tx: e.Tx, Since: e.Time})
		}
	}
}

// Wipe empties the disk of a node that is down. Its key is gone, too.
func (w *World) Wipe(n *Node) error {
	err := w.NewKey(n)
	if err == nil {
		n.disk = w.newDisk()
	}
	return err
}

// NewKey gives a node that is down a new peer ID, under which it is a stranger to its peers.
func (w *World) NewKey(n *Node) error {
	if n.Up() {
		return fmt.Errorf("%s runs: end it first", n.Name())
	}
	n.keys++
	n.ID = peer.ID(fmt.Sprintf("%s.%d", n.Name(), n.keys))
	return nil
}

// LosePool removes the mempool from the disk of a node that is down, and reports whether there was any.
func (w *World) LosePool(n *Node) bool {
	there := n.disk.pool != nil
	n.disk.pool = nil
	return there
}

// Flush has a node write what it still holds in memory.
func (w *World) Flush(n *Node) error {
	if n.engine == nil {
		return nil
	}
	return n.engine.Tree().Flush()
}

// Name returns n1 for the first of Nodes. The ID is the same, until the node loses its key.
func (n *Node) Name() string { return fmt.Sprintf("n%d", n.index+1) }

// Clock returns the time on the node's clock.
func (n *Node) Clock() time.Time { return n.clock(n.world.now) }

// Coins returns the unspent coins on its disk, in no order.
func (n *Node) Coins() iter.Seq2[block.Outpoint, *consensus.Coin] { return n.disk.coins.all() }

// Reorgs returns the journal on its disk, the oldest first.
func (n *Node) Reorgs() []chain.Reorg { return n.disk.journal }

// Banned returns the peers that it has banned, in the order of their IDs.
func (n *Node) Banned() []peer.ID {
	out := map[peer.ID]bool{}
	for _, l := range n.lines {
		if l.barred > n.world.now {
			out[l.to.ID] = true
		}
	}
	return slices.Sorted(maps.Keys(out))
}
