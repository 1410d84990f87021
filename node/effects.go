package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/peer"
)

// perform carries an effect out, without waiting for the network.
func (n *Node) perform(run context.Context, f engine.Effect) {
	switch f := f.(type) {
	case engine.PublishBlock:
		n.background(run, func(ctx context.Context) error { return n.net.PublishBlock(ctx, f.Block.Bytes()) })
	case engine.PublishTx:
		n.background(run, func(ctx context.Context) error { return n.net.PublishTx(ctx, f.Tx.Bytes()) })
	case engine.Announce:
		n.net.Announce(f.Status)
	case engine.Penalize:
		n.net.Penalize(f.Peer, f.Reason)
	case engine.Disconnect:
		n.log.Warn("peer disconnected: it does not help", "peer", f.Peer, "reason", f.Reason)
		n.background(run, func(context.Context) error { return n.net.Disconnect(f.Peer) })
	case engine.RequestHeaders:
		n.request(run, f.Peer, f, func(ctx context.Context) error {
			headers, err := n.net.RequestHeaders(ctx, f.Peer, f.Locator, block.Hash{})
			if err != nil {
				return err
			}
			return n.submitQuietly(ctx, engine.HeadersReceived{Peer: f.Peer, Headers: headers})
		})
	case engine.RequestBlocks:
		n.request(run, f.Peer, f, func(ctx context.Context) error { return n.fetchBlocks(ctx, f) })
	case engine.RequestMempool:
		n.request(run, f.Peer, f, func(ctx context.Context) error {
			ids, err := n.net.RequestPool(ctx, f.Peer)
			if err != nil {
				return err
			}
			return n.submitQuietly(ctx, engine.MempoolReceived{Peer: f.Peer, IDs: ids})
		})
	case engine.RequestTxs:
		n.request(run, f.Peer, f, func(ctx context.Context) error { return n.fetchTxs(ctx, f) })
	case engine.Emit:
		n.emit(f.Event)
	default:
		panic(fmt.Sprintf("effect of type %T", f))
	}
}

// background runs f on a new goroutine, which Run waits for.
func (n *Node) background(run context.Context, f func(context.Context) error) {
	n.tasks.Go(func() {
		if err := f(run); err != nil && run.Err() == nil {
			n.log.Debug("network", "err", err)
		}
	})
}

// request makes a request to a peer and informs the engine when it is over.
func (n *Node) request(run context.Context, peer peer.ID, f engine.Effect, request func(context.Context) error) {
	n.background(run, func(ctx context.Context) error {
		err := request(ctx)
		if ended := n.submitQuietly(ctx, engine.RequestDone{Peer: peer, Request: f, Err: err}); ended != nil {
			return ended
		}
		return err
	})
}

// submitQuietly is submit for inputs whose Result no caller waits for: the engine has
// penalized the sender if it should be.
func (n *Node) submitQuietly(ctx context.Context, in engine.Input) error {
	_, err := n.submitMany(ctx, in)
	return err
}

// fetchBlocks hands each block to the engine as it comes in. Parsing is done here,
// off the engine's goroutine.
func (n *Node) fetchBlocks(ctx context.Context, f engine.RequestBlocks) error {
	return n.net.RequestBlocks(ctx, f.Peer, f.IDs, func(raw []byte) error {
		b, err := parseBlock(raw)
		if err == nil && !slices.Contains(f.IDs, b.Hash()) {
			err = fmt.Errorf("block %s: not one that was asked for", b.Hash())
		}
		if err != nil {
			n.malformed(f.Peer, err)
			return err
		}
		return n.submitQuietly(ctx, engine.BlockReceived{Peer: f.Peer, Block: b, Requested: true})
	})
}

// parseBlock parses a block that is not too large to be one: parsed, it takes several times
// its bytes.
func parseBlock(raw []byte) (*block.Block, error) {
	if len(raw) > consensus.MaxBlockSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", consensus.BadLength, len(raw), consensus.MaxBlockSize)
	}
	return block.Parse(raw)
}

func (n *Node) fetchTxs(ctx context.Context, f engine.RequestTxs) error {
	return n.net.RequestTxs(ctx, f.Peer, f.IDs, func(raw []byte) error {
		tx, err := block.ParseTx(raw)
		if err != nil {
			n.malformed(f.Peer, err)
			return err
		}
		return n.submitQuietly(ctx, engine.TxReceived{Peer: f.Peer, Tx: tx})
	})
}

// malformed bans a peer for bytes that are not what they claim to be.
func (n *Node) malformed(peer peer.ID, err error) {
	n.net.Penalize(peer, err)
	n.subscribers.emit(engine.Event{Kind: engine.PeerPenalized, Time: n.Now(), Peer: peer, Reason: err.Error()})
}

// handler answers p2p.
type handler struct{ n *Node }

func (h handler) Joined(peer peer.ID, inbound bool) {
	h.input(engine.PeerJoined{Peer: peer, Inbound: inbound})
}

func (h handler) Left(peer peer.ID) { h.input(engine.PeerLeft{Peer: peer}) }

func (h handler) PeerStatus(peer peer.ID, s peer.Status) {
	h.input(engine.PeerStatus{Peer: peer, Status: s})
}

func (h handler) input(in engine.Input) { _ = h.n.submitQuietly(context.Background(), in) }

func (h handler) Status(ctx context.Context) (s peer.Status, err error) {
	err = h.n.Look(ctx, func(e *engine.Engine) { s = e.Status() })
	return s, err
}

func (h handler) Block(ctx context.Context, from peer.ID, raw []byte) (peer.Verdict, time.Duration) {
	b, err := parseBlock(raw)
	if err != nil {
		h.n.malformed(from, err)
		return peer.Reject, 0
	}
	return h.judge(ctx, engine.BlockReceived{Peer: from, Block: b}, engine.Classify)
}

func (h handler) Tx(ctx context.Context, from peer.ID, raw []byte) (peer.Verdict, time.Duration) {
	tx, err := block.ParseTx(raw)
	if err != nil {
		h.n.malformed(from, err)
		return peer.Reject, 0
	}
	return h.judge(ctx, engine.TxReceived{Peer: from, Tx: tx}, engine.ClassifyTx)
}

// judge hands an input to the engine, and measures how long it is busy with that. A block is accepted
// before it is validated in full, if it may be: see engine.Check. What remains is done on the engine's
// goroutine, before anything else: so p2p's memory budget, which such a block has left, lacks one block
// at most.
func (h handler) judge(ctx context.Context, in engine.Input, classify func(error) engine.Class) (v peer.Verdict, took time.Duration) {
	err := h.n.begin(ctx, h.n.mailbox, func(run context.Context, release func()) {
		begun := time.Now()
		if b, is := in.(engine.BlockReceived); is && !h.n.broken {
			checked, pass := h.n.engine.Check(h.n.Now(), b)
			if pass {
				v = peer.Accept
				release()
				_, _ = h.n.step(run, checked) // step has logged it
				return
			}
			in = checked
		}
		answers, err := h.n.step(run, in)
		if err == nil && len(answers) > 0 {
			err = answers[len(answers)-1]
		}
		v, took = classify(err).Verdict(), time.Since(begun)
	})
	if err != nil {
		return peer.Ignore, 0
	}
	return v, took
}

func (h handler) Headers(ctx context.Context, locator []block.Hash, stop block.Hash) (out []block.Header, err error) {
	err = h.n.Look(ctx, func(e *engine.Engine) { out = e.Tree().HeadersAfter(locator, stop, peer.MaxHeaders) })
	return out, err
}

// BlockBytes reads what is on the disk, nearly all that a peer can ask for, without the
// engine's goroutine.
func (h handler) BlockBytes(ctx context.Context, id block.Hash) ([]byte, error) {
	if raw, err := h.n.db.BlockBytes(id); err == nil {
		return raw, nil
	}
	var b *block.Block
	if err := h.n.Look(ctx, func(e *engine.Engine) { b, _ = e.Tree().Block(id) }); err != nil || b == nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (h handler) PoolIDs(ctx context.Context) (ids []block.Hash, err error) {
	err = h.n.Look(ctx, func(e *engine.Engine) { ids = e.Pool().IDs() })
	return ids, err
}

func (h handler) TxBytes(ctx context.Context, id block.Hash) ([]byte, error) {
	var tx *block.Tx
	err := h.n.Look(ctx, func(e *engine.Engine) {
		if entry, ok := e.Pool().Get(id); ok {
			tx = entry.Tx
		}
	})
	if err != nil || tx == nil {
		return nil, err
	}
	return tx.Bytes(), nil
}
