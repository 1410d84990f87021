package sim

import (
	"fmt"
	"math/rand/v2"

	"toychain/engine"
	"toychain/peer"
)

// Liar is a peer that need not keep any rule. It runs no engine: it gets what arrives and
// sends what it likes.
type Liar interface {
	// Receive gets an engine.Input that a peer sent, a PeerJoined or PeerLeft, or a [Request].
	Receive(l *Lies, from *Node, what any)
}

// Request is what a liar gets when a peer asks for something: a RequestHeaders, RequestBlocks,
// RequestMempool or RequestTxs. An honest node answers with inputs and a RequestDone.
type Request struct{ Effect engine.Effect }

// Lies is how a liar sends, during a call of Receive, or of the function that Act got.
type Lies struct {
	node *Node
	c    *worker
}

// ID returns the liar's peer ID, for the inputs that it sends.
func (l *Lies) ID() peer.ID { return l.node.ID }

// Rand returns the liar's generator.
func (l *Lies) Rand() *rand.Rand { return l.node.rng }

// Send sends a peer an input: its Peer should be l.ID(). A peer that is not connected gets
// nothing.
func (l *Lies) Send(to *Node, in engine.Input) {
	if line := l.node.lineTo(to.ID); line != nil {
		l.node.send(l.c, line, 0, l.topic(in), in)
	}
}

// topic returns the number of a message of gossip; 0 for any other.
func (l *Lies) topic(in engine.Input) int32 {
	switch in := in.(type) {
	case engine.BlockReceived:
		if !in.Requested {
			return l.node.world.ids.number(in.Block.Hash())
		}
	case engine.TxReceived:
		return l.node.world.ids.number(in.Tx.ID())
	}
	return 0
}

// AddLiar connects a liar to some nodes.
func (w *World) AddLiar(liar Liar, peers ...*Node) (*Node, error) {
	n := w.outsider("")
	n.liar = liar
	for _, p := range peers {
		w.wire(p, n, w.draw(p, n))
	}
	w.rewire()
	return n, w.settle(&w.main)
}

// outsider returns a new node that is none of Nodes: x1, x2, …, if id is empty.
func (w *World) outsider(id peer.ID) *Node {
	index := len(w.nodes) + w.liars
	w.liars++
	if id == "" {
		id = peer.ID(fmt.Sprintf("x%d", w.liars))
	}
	return &Node{ID: id, index: int32(index), world: w, rng: rand.New(rand.NewPCG(w.cfg.Seed, uint64(index)+1))}
}

// Act lets a liar do something of its own accord.
func (w *World) Act(liar *Node, do func(*Lies)) error {
	w.main.at = moment{w.now, liar.index, liar.steps}
	do(&Lies{liar, &w.main})
	return w.settle(&w.main)
}

// lie hands a liar what arrived.
func (n *Node) lie(c *worker, from *Node, what any) {
	n.steps++
	if ask, is := what.(request); is {
		what = Request{ask.effect}
	}
	n.liar.Receive(&Lies{n, c}, from, what)
}
