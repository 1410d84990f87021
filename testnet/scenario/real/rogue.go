package real

import (
	"context"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/rogue"
)

// rogueTime bounds the waiting for a rogue: until it has joined, or is banned.
const rogueTime = 60 * time.Second

// rogue returns the adversarial peer of a node. After one that was banned the next one comes.
func (w *World) rogue(ctx context.Context, node string) (*rogue.Peer, error) {
	if p := w.rogues[node]; p != nil {
		if p.Connected() > 0 {
			return p, nil
		}
		delete(w.rogues, node)
		if err := p.Leave(); err != nil {
			return nil, err
		}
	}
	i := slices.Index(w.Names(), node)
	if i < 0 {
		return nil, fmt.Errorf("no node %s", node)
	}
	ctx, cancel := context.WithTimeout(ctx, rogueTime)
	defer cancel()
	p, err := rogue.Join(ctx, rogue.Config{Params: w.Params(), Call: []string{w.Nodes()[i].Multiaddr}})
	if err == nil {
		w.rogues[node] = p
	}
	return p, err
}

// Lie sends the node an invalid block, and waits until it has banned the rogue or, if only
// connecting the block shows what is wrong with it, has rejected it.
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
	if rogue.Penalized(consensus.Rule(rule)) {
		return made, l.Refused(ctx)
	}
	c, err := w.Client(node)
	if err != nil {
		return made, err
	}
	err = testnet.Poll(ctx, func() (bool, error) {
		tips, err := rpc.GetChainTips.Call(ctx, c, rpc.None{})
		return slices.ContainsFunc(tips, func(t rpc.Tip) bool { return t.Hash == made && t.Status == "invalid" }), err
	})
	if err != nil {
		err = fmt.Errorf("the node has not rejected block %s: %w", made, err)
	}
	return made, err
}

// Withhold has a rogue mine in secret.
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
		return nil, fmt.Errorf("the rogue did not catch up with %s: %w", node, err)
	}
	return l.Withhold(ctx, n, txs...)
}

// Release has the rogue announce its blocks.
func (w *World) Release(ctx context.Context, node string) error {
	l, err := w.rogue(ctx, node)
	if err != nil {
		return err
	}
	_, err = l.Release(ctx)
	return err
}

// Flood sends malformed calls itself, and leaves the rest to a rogue, which holds nothing open
// afterwards.
func (w *World) Flood(ctx context.Context, node, what string, n int) error {
	if what == "calls" {
		return w.malformedCalls(ctx, node, n)
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
	l.StopFloods()
	return err
}
