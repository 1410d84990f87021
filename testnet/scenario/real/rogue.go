package real

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/rogue"
	"toychain/testnet/rogue/forge"
)

// rogueTime bounds the waiting for a rogue: until it has joined, or is banned.
const rogueTime = 60 * time.Second

// passingTime is how long a block may take from one node to the next.
const passingTime = 3 * time.Second

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
	p, err := w.join(ctx, node, rogue.Config{})
	if err == nil {
		w.rogues[node] = p
	}
	return p, err
}

// join connects a new rogue with a node.
func (w *World) join(ctx context.Context, node string, cfg rogue.Config) (*rogue.Peer, error) {
	i := slices.Index(w.Names(), node)
	if i < 0 {
		return nil, fmt.Errorf("no node %s", node)
	}
	ctx, cancel := context.WithTimeout(ctx, rogueTime)
	defer cancel()
	cfg.Params, cfg.Call = w.Params(), []string{w.Nodes()[i].Multiaddr}
	return rogue.Join(ctx, cfg)
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
	if forge.Penalized(consensus.Rule(rule)) {
		return made, l.Refused(ctx)
	}
	return made, w.knowsAs(ctx, node, made, "invalid")
}

// knowsAs waits until a node has a block at the end of a branch, with this status.
func (w *World) knowsAs(ctx context.Context, node string, made block.Hash, status string) error {
	c, err := w.Client(node)
	if err != nil {
		return err
	}
	err = testnet.Poll(ctx, func() (bool, error) {
		tips, err := rpc.GetChainTips.Call(ctx, c, rpc.None{})
		return slices.ContainsFunc(tips, func(t rpc.Tip) bool { return t.Hash == made && t.Status == status }), err
	})
	if err != nil {
		err = fmt.Errorf("%s does not have block %s as %s: %w", node, made, status, err)
	}
	return err
}

// Slander shows the first node a block that fails when it is connected, and the second one a block
// on it, which has it connect the first.
func (w *World) Slander(ctx context.Context, first, second string) ([]block.Hash, error) {
	one, err := w.following(ctx, first)
	if err != nil {
		return nil, err
	}
	other, err := w.rogue(ctx, second)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, rogueTime)
	defer cancel()
	for {
		x, y, err := one.Slander(ctx)
		if err == nil {
			err = one.Show(ctx, x)
		}
		if err == nil {
			err = w.knowsAs(ctx, first, x.Hash(), "valid-headers")
		}
		if err != nil {
			return nil, err
		}
		// The first passes x on, unless gossip does not run yet between the two.
		passing, stop := context.WithTimeout(ctx, passingTime)
		err = w.knowsAs(passing, second, x.Hash(), "valid-headers")
		stop()
		switch {
		case err != nil && ctx.Err() == nil:
			continue // with other blocks: gossip takes none twice
		case err == nil:
			err = other.Show(ctx, y)
		}
		made := []block.Hash{x.Hash(), y.Hash()}
		return made, errors.Join(err, w.knowsAs(ctx, second, y.Hash(), "invalid"))
	}
}

// following returns the rogue of a node, once it has the node's chain.
func (w *World) following(ctx context.Context, node string) (*rogue.Peer, error) {
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
	ctx, cancel := context.WithTimeout(ctx, rogueTime)
	defer cancel()
	if err := l.Follow(ctx, tip); err != nil {
		return nil, fmt.Errorf("the rogue did not catch up with %s: %w", node, err)
	}
	return l, nil
}

// Withhold has a rogue mine in secret.
func (w *World) Withhold(ctx context.Context, node string, n int, txs ...*block.Tx) ([]block.Hash, error) {
	l, err := w.following(ctx, node)
	if err != nil {
		return nil, err
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
