package real

import (
	"context"
	"errors"
	"fmt"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/testnet/rogue"
)

// liars are the strangers in the world, by the node that each is a peer of.
type liars map[string]*rogue.Peer

// rogueTime bounds what waits for a liar: until it is in, or out again.
const rogueTime = 60 * time.Second

// liar returns the stranger at a node. One that was thrown out is followed by another.
func (w *World) liar(ctx context.Context, node string) (*rogue.Peer, error) {
	if l := w.liars[node]; l != nil {
		if l.Welcome() > 0 {
			return l, nil
		}
		delete(w.liars, node)
		if err := l.Leave(); err != nil {
			return nil, err
		}
	}
	for _, n := range w.net.Nodes() {
		if n.Name != node {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, rogueTime)
		defer cancel()
		l, err := rogue.Join(ctx, rogue.Config{Params: w.net.Params(), Call: []string{n.Multiaddr}})
		if err == nil {
			w.liars[node] = l
		}
		return l, err
	}
	return nil, fmt.Errorf("no node %s", node)
}

// dismiss sends all liars home.
func (w *World) dismiss() error {
	var errs []error
	for node, l := range w.liars {
		errs = append(errs, l.Leave())
		delete(w.liars, node)
	}
	return errors.Join(errs...)
}

// Lie gives the node an invalid block, and waits until it refuses to hear any more.
func (w *World) Lie(ctx context.Context, node, rule string) (block.Hash, error) {
	l, err := w.liar(ctx, node)
	if err != nil {
		return block.Hash{}, err
	}
	made, err := l.InvalidBlock(ctx, consensus.Rule(rule))
	if err != nil {
		return made, err
	}
	ctx, cancel := context.WithTimeout(ctx, rogueTime)
	defer cancel()
	return made, w.did(l.Refused(ctx))
}

func (w *World) Withhold(ctx context.Context, node string, n int, txs ...*block.Tx) ([]block.Hash, error) {
	l, err := w.liar(ctx, node)
	if err != nil {
		return nil, err
	}
	c, err := w.net.Client(node)
	if err != nil {
		return nil, err
	}
	tip, err := c.BestBlockHash(ctx)
	if err != nil {
		return nil, err
	}
	following, cancel := context.WithTimeout(ctx, rogueTime)
	defer cancel()
	if err := l.Follow(following, tip); err != nil {
		return nil, fmt.Errorf("the liar did not catch up with %s: %w", node, err)
	}
	made, err := l.Withhold(ctx, n, txs...)
	return made, w.did(err)
}

func (w *World) Release(ctx context.Context, node string) error {
	l, err := w.liar(ctx, node)
	if err != nil {
		return err
	}
	_, err = l.Release(ctx)
	return w.did(err)
}

// Flood sends garbage calls itself, and leaves the rest to a liar, who holds nothing
// open afterwards.
func (w *World) Flood(ctx context.Context, node, what string, n int) error {
	if what == "calls" {
		return w.did(w.garbageCalls(ctx, node, n))
	}
	l, err := w.liar(ctx, node)
	if err != nil {
		return err
	}
	_, err = l.Flood(ctx, rogue.Kind(what), n)
	if err == nil {
		// While a flood holds connections open, the node must still answer.
		_, err = w.Look(ctx)
	}
	l.Calm()
	return w.did(err)
}
