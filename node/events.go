package node

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"toychain/engine"
	"toychain/pow"
)

// watchBuffer is how many events a watcher may be behind before it misses some.
const watchBuffer = 256

// watchers are those who want to be told of events.
type watchers struct {
	mu     sync.Mutex
	all    map[chan engine.Event]struct{}
	closed bool
}

func (w *watchers) add(ctx context.Context) <-chan engine.Event {
	ch := make(chan engine.Event, watchBuffer)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		close(ch)
		return ch
	}
	if w.all == nil {
		w.all = make(map[chan engine.Event]struct{})
	}
	w.all[ch] = struct{}{}
	context.AfterFunc(ctx, func() { w.remove(ch) })
	return ch
}

func (w *watchers) remove(ch chan engine.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, on := w.all[ch]; on {
		delete(w.all, ch)
		close(ch)
	}
}

func (w *watchers) tell(ev engine.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.all {
		select {
		case ch <- ev:
		default:
		}
	}
}

func (w *watchers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for ch := range w.all {
		delete(w.all, ch)
		close(ch)
	}
}

// tell logs an event and passes it on. It runs on the engine's goroutine.
func (n *Node) tell(ev engine.Event) {
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
		n.births.came(arrival{ev.Block.Hash, ev.Peer, n.posted, n.net.PartitionChanged()})
	case engine.BlockRejected:
		n.log.Warn("block refused", "hash", ev.Block.Hash, "peer", ev.Peer, "reason", ev.Reason)
	case engine.TxRemoved:
		n.log.Info("payment dropped", "txid", ev.Tx, "reason", ev.Reason)
	case engine.PeerUp, engine.PeerDown:
		n.log.Info(string(ev.Kind), "peer", ev.Peer)
	}
	n.watch.tell(ev)
}

// sinceHeard returns how long ago a block came, its waiting for the engine included; 0 if
// heard is zero. heard is by the node's clock, which may be far from the machine's.
func (n *Node) sinceHeard(heard time.Time) time.Duration {
	if heard.IsZero() {
		return 0
	}
	if posted := n.posted.Add(n.Clock()); posted.Before(heard) {
		heard = posted
	}
	return n.Now().Sub(heard)
}

// difficulty is for people: how many times harder than the easiest target of
// Bitcoin, to three digits.
func difficulty(bits uint32) string {
	t, err := pow.TargetFromBits(bits)
	if err != nil {
		return "?"
	}
	d := t.Difficulty()
	if d == 0 || math.IsInf(d, 0) {
		return "?"
	}
	return fmt.Sprintf("%.3g", d)
}
