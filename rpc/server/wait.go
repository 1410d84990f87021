package server

import (
	"context"
	"time"

	"toychain/engine"
	"toychain/node"
	"toychain/rpc"
)

func waitForNewBlock(c *call, a rpc.WaitForNewBlockArgs) (rpc.BlockRef, error) {
	first, err := c.tip()
	if err != nil {
		return rpc.BlockRef{}, err
	}
	return c.waitFor(a.Timeout, func(tip rpc.BlockRef) bool { return tip.Hash != first.Hash })
}

func waitForBlock(c *call, a rpc.WaitForBlockArgs) (rpc.BlockRef, error) {
	return c.waitFor(a.Timeout, func(tip rpc.BlockRef) bool { return tip.Hash == a.Block })
}

func waitForBlockHeight(c *call, a rpc.WaitForBlockHeightArgs) (rpc.BlockRef, error) {
	return c.waitFor(a.Timeout, func(tip rpc.BlockRef) bool { return int64(tip.Height) >= a.Height })
}

// waitFor waits until good accepts the tip, at most timeout milliseconds unless that
// is 0, and returns the tip.
func (c *call) waitFor(timeout int64, good func(rpc.BlockRef) bool) (rpc.BlockRef, error) {
	if timeout < 0 {
		return rpc.BlockRef{}, fail(rpc.CodeMisc, "Negative timeout")
	}
	var over <-chan time.Time
	if timeout > 0 {
		over = time.After(time.Duration(min(timeout, maxTimeout)) * time.Millisecond)
	}
	var tip rpc.BlockRef
	err := c.await(over, func(e *engine.Engine, late bool) bool {
		state := e.Tree().Tip()
		tip = rpc.BlockRef{Hash: state.Hash, Height: state.Height}
		return late || good(tip)
	})
	return tip, err
}

// await waits until done returns true. It calls done at once, after each event of the
// node, and when tick fires: from then on late is true.
func (c *call) await(tick <-chan time.Time, done func(e *engine.Engine, late bool) bool) error {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	events := c.node.Watch(ctx)
	for late := false; ; {
		ok, err := look(c, func(e *engine.Engine) (bool, error) { return done(e, late), nil })
		if err != nil || ok {
			return err
		}
		select {
		case <-tick:
			late = true
		case _, open := <-events:
			if !open {
				return node.ErrStopped
			}
		}
	}
}

// maxTimeout is the longest wait, in milliseconds: what fits a time.Duration.
const maxTimeout = int64(1) << 40
