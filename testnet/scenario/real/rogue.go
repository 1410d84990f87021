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

// rogueTime bounds what waits for a liar: until it is in, or out again.
const rogueTime = 60 * time.Second

// liar returns the stranger at a node. One that was thrown out is followed by another.
func (w *World) rogue(ctx context.Context, node string) (*rogue.Peer, error) {
	if l := w.rogues[node]; l != nil {
		if l.Welcome() > 0 {
			return l, nil
		}
		delete(w.rogues, node)
		if err := l.Leave(); err != nil {
			return nil, err
		}
	}
	for _, n := range w.Nodes() {
		if n.Name != node {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, rogueTime)
		defer cancel()
		l, err := rogue.Join(ctx, rogue.Config{Params: w.Params(), Call: []string{n.Multiaddr}})
		if err == nil {
			w.rogues[node] = l
		}
		return l, err
	}
	return nil, fmt.Errorf("no node %s", node)
}

// dismiss sends all liars home.
func (w *World) dismiss() error {
	var errs []error
	for node, l := range w.rogues {
		errs = append(errs, l.Leave())
		delete(w.rogues, node)
	}
	return errors.Join(errs...)
}

// Lie gives the node an invalid block, and waits until it refuses to hear any more.
func (w *World) Lie(ctx context.Context, node, rule string) (block.Hash, error) {
	l, err := w.rogue(ctx, node)
	if err != nil {
		return block.Hash{}, err
	}
	made, err := l.InvalidBlock(ctx, consensus.Rule(rule))
	if err != nil {
		return made, err
	}
	ctx, cancel := context.WithTimeout(ctx, rogueTime)
	defer cancel()
	return made, l.Refused(ctx)
}

func (w *World) Withhold(ctx context.Context, node string, n int, txs ...*block.Tx) ([]block.Hash, error) {
	l, err := w.rogue(ctx, node)
	if err != nil {
		return nil, err
	}
	c, err := w.Client(node)
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
	return made, err
}

func (w *World) Release(ctx context.Context, node string) error {
	l, err := w.rogue(ctx, node)
	if err != nil {
		return err
	}
	_, err = l.Release(ctx)
	return err
}

// Flood sends garbage calls itself, and leaves the rest to a liar, who holds nothing
// open afterwards.
func (w *World) Flood(ctx context.Context, node, what string, n int) error {
	if what == "calls" {
		return w.garbageCalls(ctx, node, n)
	}
	l, err := w.rogue(ctx, node)
	if err != nil {
		return err
	}
	_, err = l.Flood(ctx, rogue.Kind(what), n)
	if err == nil {
		// While a flood holds connections open, the node must still answer.
		_, err = w.Status(ctx)
	}
	l.Calm()
	return err
}
