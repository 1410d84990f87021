package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/peer"
)

var (
	errNoPeer   = errors.New("not connected to this peer")
	errNoAnswer = errors.New("no answer")
)

// request is a message that wants an answer.
type request struct{ effect engine.Effect }

// perform carries out an effect of a node's step, all but relay.
func (n *Node) perform(c *worker, f engine.Effect) {
	switch f := f.(type) {
	case engine.PublishBlock:
		n.publish(c, f.Block.Hash(), f.Block.Size(), engine.BlockReceived{Peer: n.ID, Block: f.Block})
	case engine.PublishTx:
		n.publish(c, f.Tx.ID(), f.Tx.Size(), engine.TxReceived{Peer: n.ID, Tx: f.Tx})
	case engine.Announce:
		var what any = engine.PeerStatus{Peer: n.ID, Status: f.Status}
		for _, l := range n.lines {
			if l.up {
				n.send(c, l, statusBytes, 0, what)
			}
		}
	case engine.RequestHeaders:
		n.ask(c, f.Peer, askBytes+len(f.Locator)*hashBytes, f)
	case engine.RequestBlocks:
		n.ask(c, f.Peer, askBytes+len(f.IDs)*hashBytes, f)
	case engine.RequestMempool:
		n.ask(c, f.Peer, askBytes, f)
	case engine.RequestTxs:
		n.ask(c, f.Peer, askBytes+len(f.IDs)*hashBytes, f)
	case engine.Penalize:
		n.penalize(c, f)
	case engine.Disconnect:
		if l := n.lineTo(f.Peer); l != nil {
			c.later(func() error { return n.world.bar(l, 0) })
		}
	case engine.Emit:
		if f.Event.Kind == engine.BlockAdded {
			if born, mined := n.world.tally.born[f.Event.Block.Hash]; mined {
				c.took = append(c.took, c.at.time-born)
			}
		}
		if n.world.cfg.Trace != nil {
			ev := f.Event // a copy on the heap, for those who watch
			c.record(n, Record{Event: &ev})
		}
	}
}

// relay passes on what a node heard by gossip and accepted. e is what brought the input; nil if
// it came from the node itself.
func (n *Node) relay(c *worker, e *event, err error) {
	if err != nil || e == nil || e.topic == 0 {
		return
	}
	switch in := e.what.(type) {
	case engine.BlockReceived:
		n.gossip(c, e.topic, in.Block.Size(), e.line.back, engine.BlockReceived{Peer: n.ID, Block: in.Block})
	case engine.TxReceived:
		n.gossip(c, e.topic, in.Tx.Size(), e.line.back, engine.TxReceived{Peer: n.ID, Tx: in.Tx})
	}
}

// publish sends a message of the node's own to all its neighbours.
func (n *Node) publish(c *worker, id block.Hash, bytes int, what engine.Input) {
	topic := n.world.ids.number(id)
	n.hear(topic, c.at.time)
	n.gossip(c, topic, bytes, nil, what)
}

// gossip sends a message to all neighbours but the one that it came from.
func (n *Node) gossip(c *worker, topic int32, bytes int, except *line, what any) {
	for _, l := range n.lines {
		if l.up && l != except {
			n.send(c, l, bytes, topic, what)
		}
	}
}

// ask sends a request.
func (n *Node) ask(c *worker, to peer.ID, bytes int, f engine.Effect) {
	if l := n.lineTo(to); l != nil {
		n.send(c, l, bytes, 0, request{f})
		return
	}
	var what any = engine.RequestDone{Peer: to, Request: f, Err: errNoPeer}
	c.put(n, event{at: c.at.time + n.world.width, to: n, life: n.life, what: what})
}

// unanswered ends a request that did not reach the node, at the node that sent it.
func (n *Node) unanswered(c *worker, l *line, ask request) {
	var what any = engine.RequestDone{Peer: n.ID, Request: ask.effect, Err: errNoAnswer}
	c.put(n, event{at: c.at.time + answerWithin, to: l.from, line: l, life: l.life, what: what})
}

// answerWithin is how long a request may take (p2p: its stream's deadline).
const answerWithin = 10 * time.Second

// answer answers a request of the peer at the end of a line, as package node does.
func (n *Node) answer(c *worker, l *line, f engine.Effect) {
	done := engine.RequestDone{Peer: n.ID, Request: f}
	switch f := f.(type) {
	case engine.RequestHeaders:
		headers := n.engine.Tree().HeadersAfter(f.Locator, block.Hash{}, peer.MaxHeaders)
		n.send(c, l, askBytes+len(headers)*headerBytes, 0, engine.HeadersReceived{Peer: n.ID, Headers: headers})
	case engine.RequestBlocks:
		var missing []block.Hash
		for _, id := range f.IDs {
			b, err := n.engine.Tree().Block(id)
			if err != nil {
				missing = append(missing, id)
				continue
			}
			n.send(c, l, b.Size(), 0, engine.BlockReceived{Peer: n.ID, Block: b, Requested: true})
		}
		if missing != nil {
			done.Err = &peer.MissingError{Peer: n.ID, IDs: missing}
		}
	case engine.RequestMempool:
		ids := n.engine.Pool().IDs()
		ids = ids[:min(len(ids), peer.MaxPoolIDs)]
		n.send(c, l, askBytes+len(ids)*hashBytes, 0, engine.MempoolReceived{Peer: n.ID, IDs: ids})
	case engine.RequestTxs:
		for _, id := range f.IDs {
			if entry, ok := n.engine.Pool().Get(id); ok {
				n.send(c, l, entry.Size, 0, engine.TxReceived{Peer: n.ID, Tx: entry.Tx})
			}
		}
	}
	n.send(c, l, 0, 0, done)
}

// penalize bans a liar for ten minutes. No honest node may ban another.
func (n *Node) penalize(c *worker, f engine.Penalize) {
	of := func(l *line) bool { return l.to.ID == f.Peer }
	if !slices.ContainsFunc(n.lines, func(l *line) bool { return of(l) && l.to.Outside() }) {
		if slices.ContainsFunc(n.lines, of) {
			c.fail(fmt.Errorf("%s penalizes %s, which breaks no rule: %w", n.ID, f.Peer, f.Reason))
		}
		return
	}
	for _, l := range n.lines {
		if of(l) {
			c.later(func() error { return n.world.bar(l, banned) })
		}
	}
}

// banned is for how long (p2p: BanTime).
const banned = 10 * time.Minute

// bar ends a connection, which may come up again after a while.
func (w *World) bar(l *line, d time.Duration) error {
	if l.to.index < l.from.index {
		l = l.back
	}
	l.barred = w.now + d
	if l.up {
		w.lower(l)
	}
	w.After(max(d, redialAfter), func() error { w.rewire(); return nil })
	return nil
}

// redialAfter is how soon a node dials a peer again that it lost (p2p: its redial).
const redialAfter = 5 * time.Second

// arrived records a message for those who watch.
func (n *Node) arrived(c *worker, e *event) {
	if e.line == nil || n.world.cfg.Trace == nil {
		return
	}
	kind, id := describe(e.what)
	c.record(n, Record{From: e.line.from.ID, Sent: e.sent, Kind: kind, ID: id})
}

// describe names a message.
func describe(what any) (kind string, id block.Hash) {
	switch what := what.(type) {
	case engine.BlockReceived:
		return "block", what.Block.Hash()
	case engine.TxReceived:
		return "tx", what.Tx.ID()
	case engine.PeerStatus:
		return "status", what.Status.Tip
	case engine.HeadersReceived:
		return "headers", block.Hash{}
	case engine.MempoolReceived:
		return "mempool", block.Hash{}
	case engine.RequestDone:
		return "done", block.Hash{}
	case request:
		switch what.effect.(type) {
		case engine.RequestHeaders:
			return "getheaders", block.Hash{}
		case engine.RequestBlocks:
			return "getblocks", block.Hash{}
		case engine.RequestMempool:
			return "getmempool", block.Hash{}
		case engine.RequestTxs:
			return "gettxs", block.Hash{}
		}
	}
	return "", block.Hash{}
}
