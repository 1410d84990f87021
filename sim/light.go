package sim

import (
	"time"

	"toychain/block"
	"toychain/pow"
)

// header is a block of a light world: its place in the tree and nothing else.
type header struct {
	number int32 // from 1, in the order of their birth; as a topic of gossip
	height block.Height
	parent *header
	work   pow.Work
}

// birth is when a header came into the world.
type birth struct {
	*header
	born time.Duration
}

// light is a node without an engine: it knows headers, and follows the chain with the most
// work, of equal ones the first that it saw. It has no transactions, no mempool, no disk,
// and asks for nothing: so nothing may be lost, and no connection may fail.
type light struct {
	tip     *header
	waiting []*header // whose parents are not known yet
}

// take takes a header, and those that were waiting for it.
func (n *Node) take(c *worker, h *header) {
	l := n.light
	if h.parent.number != 0 && n.heard[h.parent.number] == 0 {
		l.waiting = append(l.waiting, h)
		return
	}
	n.known(c, h)
	for i := 0; i < len(l.waiting); i++ {
		if w := l.waiting[i]; w.parent == h {
			l.waiting = append(l.waiting[:i], l.waiting[i+1:]...)
			n.take(c, w)
			i = -1
		}
	}
}

// known follows a header whose ancestors are all known.
func (n *Node) known(c *worker, h *header) {
	n.steps++
	n.note(c.at.time, 9, block.Hash{byte(h.number), byte(h.number >> 8), byte(h.number >> 16), byte(h.number >> 24)})
	c.took = append(c.took, c.at.time-n.world.headers[h.number-1].born)
	if h.work.Cmp(n.light.tip.work) > 0 {
		n.light.tip = h
	}
}

// findHeader has a light node find a block.
func (w *World) findHeader(n *Node) {
	tip := n.light.tip
	h := &header{number: int32(len(w.headers) + 1), height: tip.height + 1, parent: tip, work: tip.work.Add(w.params.PowLimit().Work())}
	w.headers = append(w.headers, birth{h, w.now})
	w.tally.heights[h.height]++
	w.main.at = moment{w.now, n.index, n.steps}
	n.hear(h.number, w.now)
	n.known(&w.main, h)
	n.gossip(&w.main, h.number, headerBytes, nil, h)
	w.grown(int(h.height))
}
