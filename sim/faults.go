package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"toychain/engine"
	"toychain/peer"
)

// What can happen to nodes and to the connections between them. Each of these methods is for
// an action (After), or for the time between two runs.

// Cut divides the network: a node reaches only those of its own group. Every node is in exactly
// one; one in none is in a group of the rest.
func (w *World) Cut(groups ...[]*Node) error {
	clear(w.group)
	for i, g := range groups {
		for _, n := range g {
			w.group[n.index] = i + 1
		}
	}
	if len(groups) > 0 {
		w.Tell(nil, "partition", w.groups()...)
	}
	w.rewire()
	return w.settle(&w.main)
}

// groups are the names of the nodes of each group.
func (w *World) groups() (out []string) {
	names := map[int][]string{}
	for _, n := range w.nodes {
		g := w.group[n.index]
		names[g] = append(names[g], n.Name())
	}
	for _, g := range slices.Sorted(maps.Keys(names)) {
		out = append(out, strings.Join(names[g], ","))
	}
	return out
}

// Heal ends every cut, and every fault of a link.
func (w *World) Heal() error {
	w.Tell(nil, "heal")
	for _, n := range w.nodes {
		for _, l := range n.lines {
			l.Link, l.barred = peer.Link{}, 0
		}
	}
	return w.Cut()
}

// Connect makes these the only connections. New ones have the delay that the configuration
// draws.
func (w *World) Connect(pairs [][2]*Node) error {
	wanted := map[*line]bool{}
	for _, p := range pairs {
		l := p[0].wireTo(p[1])
		if l == nil {
			w.wire(p[0], p[1], w.draw(p[0], p[1]))
			l = p[0].wireTo(p[1])
		}
		wanted[l], wanted[l.back] = true, true
	}
	for _, n := range w.nodes {
		for _, l := range n.lines {
			l.unwanted = !wanted[l] && !l.to.Outside()
		}
	}
	w.rewire()
	return w.settle(&w.main)
}

// wireTo returns the line to a node, up or down; nil if there never was one.
func (n *Node) wireTo(to *Node) *line {
	if i := slices.IndexFunc(n.lines, func(l *line) bool { return l.to == to }); i >= 0 {
		return n.lines[i]
	}
	return nil
}

// SetLink sets the faults of the link from one node to another, as the first one sees them:
// see peer.Link. The delay comes on top of the link's own. Both state their tips again, as real
// nodes do every 20 seconds.
func (w *World) SetLink(from, to *Node, faults peer.Link) error {
	if err := faults.Check(); err != nil {
		return err
	}
	l := from.wireTo(to)
	if l == nil {
		return fmt.Errorf("%s has no connection to %s", from.ID, to.ID)
	}
	w.Tell(nil, "link", from.Name(), to.Name(), faults.String())
	l.Link = faults
	for _, l := range [2]*line{l, l.back} {
		if l.up && l.from.engine != nil && !l.from.paused {
			w.state(l)
		}
	}
	return w.settle(&w.main)
}

// Kill ends a node's process, like a power failure: what its disk had not synced may be lost.
// Its mempool is.
func (w *World) Kill(n *Node) error {
	if n.engine == nil {
		return nil
	}
	if !w.cfg.Faults {
		return fmt.Errorf("kill %s: a restart needs Config.Faults", n.ID)
	}
	w.Tell(n, "kill")
	n.engine = nil
	n.life++
	n.disk.crash(n.rng)
	w.rewire()
	return w.settle(&w.main)
}

// Restart starts a node on what its disk holds. It is connected again at once.
func (w *World) Restart(n *Node) error {
	if n.engine != nil {
		return nil
	}
	w.rewire() // its power may have failed just now: its peers must see that it was gone
	if err := n.start(); err != nil {
		return err
	}
	w.Tell(n, "restart")
	w.restore(n)
	w.rewire()
	return w.settle(&w.main)
}

// Pause holds a node still: it does nothing, and what arrives waits. Its peers notice nothing.
func (w *World) Pause(n *Node) {
	w.Tell(n, "pause")
	n.paused = true
}

// Resume lets a paused node go on, with what has arrived meanwhile.
func (w *World) Resume(n *Node) error {
	if !n.paused {
		return nil
	}
	w.Tell(n, "resume")
	n.paused = false
	held := n.held
	n.held = nil
	for _, e := range held {
		e.at = w.now
		if _, timer := e.what.(tick); timer {
			n.due = w.now
		}
		w.main.at = moment{w.now, n.index, n.steps}
		n.receive(&w.main, &e)
	}
	return w.settle(&w.main)
}

// SetClock sets a node's clock fast or, below zero, slow.
func (w *World) SetClock(n *Node, offset time.Duration) error {
	w.Tell(n, "clock", offset.String())
	n.offset = offset
	if n.paused {
		n.held = append(n.held, event{to: n, life: n.life, what: engine.ClockSet{}})
	} else if n.engine != nil {
		w.inform(n, engine.ClockSet{})
	}
	return w.settle(&w.main)
}

// SetShare sets the hash power of a node, in the unit of Config.Shares: 1 finds a block each
// Interval, at the easiest target.
func (w *World) SetShare(n *Node, share float64) {
	n.share = share
	if w.mining > 0 {
		w.StartMining() // a Poisson process has no memory: the time of its next event can be drawn anew
	}
}

// Give gives a node an input, as its own user does, and returns the engine's verdict.
func (w *World) Give(n *Node, in engine.Input) error {
	if n.engine == nil {
		return fmt.Errorf("%s is down", n.ID)
	}
	n.verdict = nil
	w.inform(n, in)
	if err := w.settle(&w.main); err != nil {
		return err
	}
	return n.verdict
}

// Up reports whether the node runs, paused or not.
func (n *Node) Up() bool { return n.engine != nil || n.liar != nil || n.light != nil }

// Paused reports whether it is held still.
func (n *Node) Paused() bool { return n.paused }

// Has reports whether there is a connection to a node, up or down.
func (n *Node) Has(to *Node) bool { return n.wireTo(to) != nil }

// Peers returns the nodes that it is connected to, n1 first.
func (n *Node) Peers() []*Node {
	var out []*Node
	for _, l := range n.lines {
		if l.up {
			out = append(out, l.to)
		}
	}
	slices.SortFunc(out, func(a, b *Node) int { return int(a.index - b.index) })
	return out
}
