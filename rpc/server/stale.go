package server

import (
	"math"

	"toychain/block"
	"toychain/engine"
	"toychain/rpc"
)

func getStaleRate(c *call, a rpc.GetStaleRateArgs) (rpc.StaleRate, *rpc.Error) {
	from, to := or(a.From, 1), or(a.To, math.MaxInt32)
	if from < 0 || to < from {
		return rpc.StaleRate{}, fail(rpc.CodeInvalidParam, "fromheight and toheight must be 0 or more, and in this order")
	}
	return look(c, func(e *engine.Engine) (rpc.StaleRate, *rpc.Error) {
		n := e.Tree().Census(block.Height(from), block.Height(to))
		out := rpc.StaleRate{From: max(block.Height(from), 1), To: min(block.Height(to), e.Tree().Tip().Height),
			Blocks: n.Active + n.Stale, Stale: n.Stale, Heights: n.Active, Forked: n.Forked}
		out.Rate, out.ForkRate = rpc.Part(out.Stale, out.Blocks), rpc.Part(out.Forked, out.Heights)
		return out, nil
	})
}
