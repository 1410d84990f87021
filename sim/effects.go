package sim

import (
	"fmt"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/peer"
)

// perform carries out an effect of a node.
func (w *world) perform(n *node, in engine.Input, f engine.Effect) error {
	switch f := f.(type) {
	case engine.Result:
		w.relay(n, in, f.Err)
	case engine.PublishBlock:
		w.gossipBlock(n, f.Block)
	case engine.PublishTx:
		w.gossipTx(n, f.Tx)
	case engine.Announce:
		for _, l := range n.links {
			w.send(l.to, l.delay, engine.PeerStatus{Peer: n.id, Status: f.Status})
		}
	case engine.RequestHeaders:
		w.answer(n, f.Peer, f, func(from *node) []engine.Input {
			return []engine.Input{engine.HeadersReceived{Peer: from.id, Headers: from.engine.Tree().HeadersAfter(f.Locator, block.Hash{}, peer.MaxHeaders)}}
		})
	case engine.RequestBlocks:
		w.answer(n, f.Peer, f, func(from *node) (out []engine.Input) {
			for _, id := range f.IDs {
				if b, err := from.engine.Tree().Block(id); err == nil {
					out = append(out, engine.BlockReceived{Peer: from.id, Block: b, Requested: true})
				}
			}
			return out
		})
	case engine.RequestMempool:
		w.answer(n, f.Peer, f, func(from *node) []engine.Input {
			return []engine.Input{engine.MempoolReceived{Peer: from.id, IDs: from.engine.Pool().IDs()}}
		})
	case engine.RequestTxs:
		w.answer(n, f.Peer, f, func(from *node) (out []engine.Input) {
			for _, id := range f.IDs {
				if entry, ok := from.engine.Pool().Get(id); ok {
					out = append(out, engine.TxReceived{Peer: from.id, Tx: entry.Tx})
				}
			}
			return out
		})
	case engine.Penalize:
		return fmt.Errorf("%s penalizes %s, and no node here breaks a rule: %w", n.id, f.Peer, f.Reason)
	case engine.Emit:
		w.tally.event(w, &f.Event)
	}
	return nil
}

// relay passes on what a node heard from another one and accepted.
func (w *world) relay(n *node, in engine.Input, err error) {
	if err != nil {
		return
	}
	switch in := in.(type) {
	case engine.BlockReceived:
		if in.Peer != "" && !in.Requested {
			w.gossipBlock(n, in.Block)
		}
	case engine.TxReceived:
		if in.Peer != "" {
			w.gossipTx(n, in.Tx)
		}
	}
}

func (w *world) gossipBlock(n *node, b *block.Block) {
	w.gossip(n, b.Hash(), engine.BlockReceived{Peer: n.id, Block: b})
}

func (w *world) gossipTx(n *node, tx *block.Tx) {
	w.gossip(n, tx.ID(), engine.TxReceived{Peer: n.id, Tx: tx})
}

// gossip sends a message to all neighbours that have not had it yet.
func (w *world) gossip(n *node, id block.Hash, in engine.Input) {
	n.seen[id] = struct{}{}
	for _, l := range n.links {
		if _, had := l.to.seen[id]; !had {
			w.put(event{to: l.to, in: in, once: id}, l.delay)
		}
	}
}

// answer has a peer answer a request, at the moment when it arrives there. The answer takes as
// long.
func (w *world) answer(n *node, id peer.ID, request engine.Effect, read func(from *node) []engine.Input) {
	for _, l := range n.links {
		if l.to.id != id {
			continue
		}
		w.after(l.delay, func() error {
			for _, in := range read(l.to) {
				w.send(n, l.delay, in)
			}
			w.send(n, l.delay, engine.RequestDone{Peer: id, Request: request})
			return nil
		})
		return
	}
	w.send(n, time.Millisecond, engine.RequestDone{Peer: id, Request: request, Err: errNoPeer})
}
