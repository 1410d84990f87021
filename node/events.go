package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"toychain/engine"
	"toychain/pow"
)

// eventBuffer is how many events a subscriber may be behind before it misses some.
const eventBuffer = 256

// subscribers are the channels that receive events. A slow one misses events and never
// holds up the engine: events are hints, and what happened can be asked for.
type subscribers struct {
	mu  sync.Mutex
	all map[chan engine.Event]struct{} // nil: closed
}

func (w *subscribers) add(ctx context.Context) <-chan engine.Event {
	ch := make(chan engine.Event, eventBuffer)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		close(ch)
		return ch
	}
	w.all[ch] = struct{}{}
	context.AfterFunc(ctx, func() { w.remove(ch) })
	return ch
}

func (w *subscribers) remove(ch chan engine.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, on := w.all[ch]; on {
		delete(w.all, ch)
		close(ch)
	}
}

func (w *subscribers) emit(ev engine.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.all {
		select {
		case ch <- ev:
		default:
		}
	}
}

func (w *subscribers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.all {
		close(ch)
	}
	w.all = nil
}

// emit logs an event and passes it to the subscribers. It runs on the engine's goroutine.
func (n *Node) emit(ev engine.Event) {
	switch ev.Kind {
	case engine.TipChanged:
		close(n.tipMove)
		n.tipMove = make(chan struct{})
		n.log.Info("new tip", "height", ev.Tip.Height, "hash", ev.Tip.Hash)
		ev.Duration = n.sinceHeard(ev.Tip.Heard)
		if ev.Tip.Bits != ev.Tip.OldBits {
			n.log.Info("difficulty changed", "height", ev.Tip.Height, "bits", fmt.Sprintf("%08x", ev.Tip.Bits),
				"from", difficulty(ev.Tip.OldBits), "to", difficulty(ev.Tip.Bits))
		}
	case engine.Reorganised:
		r := ev.Reorg
		n.log.Warn("reorganisation", "depth", r.Depth(), "from", r.From.Hash, "to", r.To.Hash, "fork", r.Fork.Height,
			"returned", len(r.Returned), "reconfirmed", len(r.Reconfirmed), "conflicted", len(r.Conflicted))
	case engine.BlockAdded:
		if !ev.Block.Active {
			n.log.Info("block on a side branch", "height", ev.Block.Height, "hash", ev.Block.Hash)
		}
	case engine.BlockRejected:
		n.log.Warn("block rejected", "hash", ev.Block.Hash, "peer", ev.Peer, "reason", ev.Reason)
	case engine.TxRemoved:
		n.log.Info("transaction dropped", "txid", ev.Tx, "reason", ev.Reason)
	case engine.PeerUp, engine.PeerDown:
		n.log.Info(string(ev.Kind), "peer", ev.Peer)
	}
	n.subscribers.emit(ev)
}

// sinceHeard returns how long ago a block arrived, its wait for the engine included; 0 if
// heard is zero. heard is by the node's clock, which may differ from the machine's.
func (n *Node) sinceHeard(heard time.Time) time.Duration {
	if heard.IsZero() {
		return 0
	}
	if posted := n.posted.Add(n.Clock()); posted.Before(heard) {
		heard = posted
	}
	return n.Now().Sub(heard)
}

// difficulty returns how many times harder than Bitcoin's easiest target a target is, to
// three digits, for the log.
func difficulty(bits uint32) string {
	t, _ := pow.TargetFromBits(bits) // which a validated header has
	return fmt.Sprintf("%.3g", t.Difficulty())
}
