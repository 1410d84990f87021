package server

import (
	"context"
	"time"

	"toychain/engine"
	"toychain/node"
	"toychain/rpc"
)

func waitMethods() []method {
	timeout := may("timeout", kindNumber, "milliseconds; 0: for ever (default 0)")
	return []method{
		{name: "waitforblock", call: waitForBlock, long: true, example: exampleHash + " 1000",
			params: []param{need("blockhash", kindString, "the block"), timeout},
			about:  "Waits until a block is the tip, and returns the tip.", returns: `{"hash", "height"}`},
		{name: "waitforblockheight", call: waitForBlockHeight, long: true, example: "100 1000",
			params: []param{need("height", kindNumber, "the height"), timeout},
			about:  "Waits until the best chain has a height, and returns the tip.", returns: `{"hash", "height"}`},
		{name: "waitfornewblock", call: waitForNewBlock, long: true, example: "1000",
			params: []param{timeout},
			about:  "Waits until the tip is another one, and returns it.", returns: `{"hash", "height"}`},
	}
}

func waitForNewBlock(c *call) (any, *rpc.Error) {
	first, err := c.tip()
	if err != nil {
		return nil, err
	}
	return c.waitFor(0, func(tip rpc.BlockRef) bool { return tip.Hash != first.Hash })
}

func waitForBlock(c *call) (any, *rpc.Error) {
	hash, err := c.hash(0)
	if err != nil {
		return nil, err
	}
	return c.waitFor(1, func(tip rpc.BlockRef) bool { return tip.Hash == hash })
}

func waitForBlockHeight(c *call) (any, *rpc.Error) {
	height, err := number(c, 0, int64(0))
	if err != nil {
		return nil, err
	}
	return c.waitFor(1, func(tip rpc.BlockRef) bool { return int64(tip.Height) >= height })
}

// waitFor waits until the tip is good, or the time in parameter i is over, and
// returns the tip.
func (c *call) waitFor(i int, good func(rpc.BlockRef) bool) (rpc.BlockRef, *rpc.Error) {
	timeout, err := number(c, i, int64(0))
	if err != nil {
		return rpc.BlockRef{}, err
	}
	if timeout < 0 {
		return rpc.BlockRef{}, fail(rpc.CodeMisc, "Negative timeout")
	}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	var over <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(time.Duration(min(timeout, maxTimeout)) * time.Millisecond)
		defer timer.Stop()
		over = timer.C
	}
	events := c.node.Watch(ctx)
	for {
		tip, err := look(c, func(e *engine.Engine) (rpc.BlockRef, *rpc.Error) {
			tip := e.Tree().Tip()
			return rpc.BlockRef{Hash: tip.Hash, Height: tip.Height}, nil
		})
		if err != nil || good(tip) {
			return tip, err
		}
		select {
		case <-over:
			return tip, nil
		case _, open := <-events:
			if !open {
				return tip, trouble(node.ErrStopped)
			}
		}
	}
}

// maxTimeout is the longest wait, in milliseconds: what fits a time.Duration.
const maxTimeout = int64(1) << 40
