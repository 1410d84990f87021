package sim

import (
	"time"

	"toychain/engine"
	"toychain/peer"
)

// line is one direction of a connection. Its sender changes it, or an action does.
type line struct {
	from, to  *Node
	back      *line         // the other direction
	delay     time.Duration // of the link, both ways
	size      int64         // bytes a second; 0: no limit
	peer.Link               // faults, as the sender sees them
	up        bool
	unwanted  bool          // the topology is another one by now
	barred    time.Duration // until when it stays down
	life      uint32        // how often it went up or down
	free      time.Duration // when the last byte of it has left, by its bandwidth
	last      time.Duration // when the last message arrives: none overtakes another
}

// send sends a message.
func (n *Node) send(c *worker, l *line, bytes int, topic int32, what any) {
	now := c.at.time
	at := now
	for _, rate := range [2]int64{l.size, l.Bandwidth} {
		if rate > 0 {
			l.free = max(l.free, now) + time.Duration(float64(bytes)/float64(rate)*float64(time.Second))
			at = max(at, l.free)
		}
	}
	at += l.delay + l.Delay.Duration()
	if l.Jitter > 0 {
		at += time.Duration(n.rng.Int64N(int64(l.Jitter.Duration())))
	}
	at = max(at, l.last)
	l.last = at
	c.messages++
	c.bytes += uint64(bytes)
	c.put(n, event{at: at, sent: now, to: l.to, line: l, life: l.life, topic: topic, what: what})
}

// lineTo returns the line to a peer; nil if there is none.
func (n *Node) lineTo(id peer.ID) *line {
	for _, l := range n.lines {
		if l.to.ID == id && l.up {
			return l
		}
	}
	return nil
}

// Delay returns how long a message of no size is under way to a node, without the faults of the
// link; false if they are not connected.
func (n *Node) Delay(to *Node) (time.Duration, bool) {
	for _, l := range n.lines {
		if l.to == to && l.up {
			return l.delay, true
		}
	}
	return 0, false
}

// connect makes the lines of the topology.
func (w *World) connect() {
	for _, pair := range w.pairs() {
		a, b := w.nodes[pair[0]], w.nodes[pair[1]]
		w.wire(a, b, w.draw(a, b))
	}
	w.rewire()
}

// draw draws the delay of a link.
func (w *World) draw(a, b *Node) time.Duration { return w.cfg.Delay.draw(w.rng, a.region, b.region) }

// wire makes a connection that is still down.
func (w *World) wire(a, b *Node, delay time.Duration) {
	faults := peer.Link{Loss: w.cfg.Loss}
	there := &line{from: a, to: b, delay: delay, size: w.cfg.Bandwidth, Link: faults}
	back := &line{from: b, to: a, delay: delay, size: w.cfg.Bandwidth, Link: faults, back: there}
	there.back = back
	a.lines, b.lines = append(a.lines, there), append(b.lines, back)
}

// rewire brings up the connections that should be up, and takes down the others.
func (w *World) rewire() {
	for _, n := range w.nodes {
		for _, l := range n.lines {
			if l.to.index < n.index {
				continue // each connection once
			}
			up := n.Up() && l.to.Up() && w.together(n, l.to) && w.now >= l.barred && !l.unwanted
			switch {
			case up && !l.up:
				w.raise(l)
			case !up && l.up:
				w.lower(l)
			}
		}
	}
}

// together reports whether two nodes are on the same side of every cut. A liar is on each.
func (w *World) together(a, b *Node) bool {
	return a.Outside() || b.Outside() || w.group[a.index] == w.group[b.index]
}

// raise connects two nodes: each hears that the other is there, and what it states.
func (w *World) raise(l *line) {
	for _, l := range [2]*line{l, l.back} {
		l.up = true
		l.life++
		l.last, l.free = 0, 0
	}
	if w.cfg.Light {
		return // what follows is about engines
	}
	w.tell(l.from, l.to, engine.PeerJoined{Peer: l.to.ID})
	w.tell(l.to, l.from, engine.PeerJoined{Peer: l.from.ID, Inbound: true})
	for _, l := range [2]*line{l, l.back} {
		if l.from.engine == nil {
			continue // a liar states what it likes, when it likes
		}
		w.state(l)
	}
}

// state has a node state its tip to the peer at the end of a line.
func (w *World) state(l *line) {
	w.main.at = moment{w.now, l.from.index, l.from.steps}
	l.from.send(&w.main, l, statusBytes, 0, engine.PeerStatus{Peer: l.from.ID, Status: l.from.engine.Status()})
}

// lower ends a connection. What is on its way is lost.
func (w *World) lower(l *line) {
	for _, l := range [2]*line{l, l.back} {
		l.up = false
		l.life++
	}
	for _, l := range [2]*line{l, l.back} {
		if l.from.Up() && l.from.lineTo(l.to.ID) == nil { // a twin may still be there
			w.tell(l.from, l.to, engine.PeerLeft{Peer: l.to.ID})
		}
	}
}

// tell tells a node of a peer that came or went.
func (w *World) tell(n, of *Node, in engine.Input) {
	if n.liar != nil {
		w.main.at = moment{w.now, n.index, n.steps}
		n.lie(&w.main, of, in)
		return
	}
	w.inform(n, in)
}

// inform gives a node an input, in an action.
func (w *World) inform(n *Node, in engine.Input) {
	w.main.at = moment{w.now, n.index, n.steps}
	n.step(&w.main, in, nil)
}

// Bytes of messages that have no bytes of their own here, about those of package p2p.
const (
	statusBytes = 120
	askBytes    = 60 // and its hashes
	hashBytes   = 32
	headerBytes = 80
)
