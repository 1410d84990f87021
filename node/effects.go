package node

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/p2p"
)

// perform carries an effect out, without waiting for the network.
func (n *Node) perform(run context.Context, f Effect) {
	switch f := f.(type) {
	case PublishBlock:
		n.chore(run, func(ctx context.Context) error { return n.net.PublishBlock(ctx, f.Block.Bytes()) })
	case PublishTx:
		n.chore(run, func(ctx context.Context) error { return n.net.PublishTx(ctx, f.Tx.Bytes()) })
	case Announce:
		n.net.Announce(f.Status)
	case Blame:
		n.punish(f.Peer, f.Reason)
	case Drop:
		n.log.Warn("a peer is of no use: dropped", "peer", f.Peer, "reason", f.Reason)
		n.chore(run, func(context.Context) error { return n.net.Disconnect(f.Peer) })
	case AskHeaders:
		n.ask(run, f.Peer, f, func(ctx context.Context) error {
			headers, err := n.net.RequestHeaders(ctx, f.Peer, f.Locator, block.Hash{})
			if err != nil {
				return err
			}
			return n.submitQuietly(ctx, GotHeaders{f.Peer, headers})
		})
	case AskBlocks:
		n.ask(run, f.Peer, f, func(ctx context.Context) error { return n.fetchBlocks(ctx, f) })
	case AskPool:
		n.ask(run, f.Peer, f, func(ctx context.Context) error {
			ids, err := n.net.RequestPool(ctx, f.Peer)
			if err != nil {
				return err
			}
			return n.submitQuietly(ctx, GotPool{f.Peer, ids})
		})
	case AskTxs:
		n.ask(run, f.Peer, f, func(ctx context.Context) error { return n.fetchTxs(ctx, f) })
	case Happened:
		n.tell(f.Event)
	default:
		panic(fmt.Sprintf("effect of type %T", f))
	}
}

// chore does something on a goroutine of its own that Run waits for.
func (n *Node) chore(run context.Context, f func(context.Context) error) {
	n.chores.Go(func() {
		if err := f(run); err != nil && run.Err() == nil {
			n.log.Debug("network", "err", err)
		}
	})
}

// ask makes a request and tells the engine when it is over.
func (n *Node) ask(run context.Context, peer p2p.PeerID, f Effect, request func(context.Context) error) {
	n.chore(run, func(ctx context.Context) error {
		err := request(ctx)
		if told := n.submitQuietly(ctx, AskEnded{peer, f, err}); told != nil {
			return told
		}
		return err
	})
}

// submitQuietly is submit for inputs whose Answer is for nobody: the engine has
// blamed whom it should.
func (n *Node) submitQuietly(ctx context.Context, in Input) error {
	var trouble error
	err := n.do(ctx, func(run context.Context) { _, trouble = n.step(run, in) })
	return cmp.Or(err, trouble)
}

// fetchBlocks hands each block to the engine as it comes in. Parsing is done here,
// off the engine's goroutine.
func (n *Node) fetchBlocks(ctx context.Context, f AskBlocks) error {
	return n.net.RequestBlocks(ctx, f.Peer, f.IDs, func(raw []byte) error {
		b, err := parseBlock(raw)
		if err == nil && !slices.Contains(f.IDs, b.Hash()) {
			err = fmt.Errorf("block %s: not one that was asked for", b.Hash())
		}
		if err != nil {
			n.garbage(f.Peer, err)
			return err
		}
		return n.submitQuietly(ctx, GotBlock{Peer: f.Peer, Block: b, Asked: true})
	})
}

// parseBlock reads a block that may be one: what is too large for a block is not taken
// apart, which would take several times its bytes.
func parseBlock(raw []byte) (*block.Block, error) {
	if len(raw) > consensus.MaxBlockSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", consensus.BadLength, len(raw), consensus.MaxBlockSize)
	}
	return block.Parse(raw)
}

func (n *Node) fetchTxs(ctx context.Context, f AskTxs) error {
	return n.net.RequestTxs(ctx, f.Peer, f.IDs, func(raw []byte) error {
		tx, err := block.ParseTx(raw)
		if err != nil {
			n.garbage(f.Peer, err)
			return err
		}
		return n.submitQuietly(ctx, GotTx{Peer: f.Peer, Tx: tx})
	})
}

// punish drops a peer and refuses it for a while.
func (n *Node) punish(peer p2p.PeerID, reason error) {
	n.log.Warn("a peer broke a rule: dropped and refused for a while", "peer", peer, "reason", reason, "for", p2p.BanTime)
	n.net.Ban(peer, p2p.BanTime)
}

// garbage blames a peer for bytes that are not what they claim to be.
func (n *Node) garbage(peer p2p.PeerID, err error) {
	n.punish(peer, err)
	n.watch.tell(Event{Kind: PeerBlamed, Time: n.Now(), Peer: peer, Reason: err.Error()})
}

// handler is what p2p asks of the node.
type handler struct{ n *Node }

func (h handler) Joined(peer p2p.PeerID, inbound bool) {
	h.input(PeerJoined{peer, inbound})
}

func (h handler) Left(peer p2p.PeerID) { h.input(PeerLeft{peer}) }

func (h handler) PeerStatus(peer p2p.PeerID, s p2p.Status) { h.input(PeerTold{peer, s}) }

func (h handler) input(in Input) { _ = h.n.submitQuietly(context.Background(), in) }

func (h handler) Status(ctx context.Context) (s p2p.Status, err error) {
	err = h.n.Look(ctx, func(e *Engine) { s = e.Status() })
	return s, err
}

func (h handler) Block(ctx context.Context, from p2p.PeerID, raw []byte) p2p.Verdict {
	b, err := parseBlock(raw)
	if err != nil {
		h.n.garbage(from, err)
		return p2p.Reject
	}
	return Classify(h.n.submit(ctx, GotBlock{Peer: from, Block: b})).Verdict()
}

func (h handler) Tx(ctx context.Context, from p2p.PeerID, raw []byte) p2p.Verdict {
	tx, err := block.ParseTx(raw)
	if err != nil {
		h.n.garbage(from, err)
		return p2p.Reject
	}
	return ClassifyTx(h.n.submit(ctx, GotTx{Peer: from, Tx: tx})).Verdict()
}

func (h handler) Headers(ctx context.Context, locator []block.Hash, stop block.Hash) (out []block.Header, err error) {
	err = h.n.Look(ctx, func(e *Engine) { out = e.Tree().HeadersAfter(locator, stop, headersPerAnswer) })
	return out, err
}

// BlockBytes does not trouble the engine for what is on the disk, which is nearly all
// that a peer can ask for.
func (h handler) BlockBytes(ctx context.Context, id block.Hash) ([]byte, error) {
	if raw, err := h.n.db.BlockBytes(id); err == nil {
		return raw, nil
	}
	var b *block.Block
	if err := h.n.Look(ctx, func(e *Engine) { b, _ = e.Tree().Block(id) }); err != nil || b == nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (h handler) PoolIDs(ctx context.Context) (ids []block.Hash, err error) {
	err = h.n.Look(ctx, func(e *Engine) { ids = e.Pool().IDs() })
	return ids, err
}

func (h handler) BlockAges(_ context.Context, ids []block.Hash) ([]time.Duration, error) {
	return h.n.births.ages(ids), nil
}

func (h handler) TxBytes(ctx context.Context, id block.Hash) ([]byte, error) {
	var tx *block.Tx
	err := h.n.Look(ctx, func(e *Engine) {
		if entry, ok := e.Pool().Get(id); ok {
			tx = entry.Tx
		}
	})
	if err != nil || tx == nil {
		return nil, err
	}
	return tx.Bytes(), nil
}
