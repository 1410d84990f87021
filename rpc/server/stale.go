package server

import (
	"math"

	"toychain/block"
	"toychain/engine"
	"toychain/rpc"
)

func staleMethods() []method {
	return []method{
		{name: "getstalerate", call: getStaleRate, example: "1 1000",
			params: []param{may("fromheight", kindNumber, "leave out what is below (default 1: genesis is nobody's luck)"),
				may("toheight", kindNumber, "leave out what is above (default: nothing)")},
			about: "Returns the stale rate: of all valid blocks that this node has, with their transactions, the part that is not on its " +
				"best chain; and the fork rate: of all heights of the best chain, the part that has more than one.",
			returns: `{"from", "to", "blocks", "stale", "rate", "heights", "forked", "fork_rate"}`},
	}
}

func getStaleRate(c *call) (any, *rpc.Error) {
	from, err := number(c, 0, int32(1))
	if err != nil {
		return nil, err
	}
	to, err := number(c, 1, int32(math.MaxInt32))
	if err != nil {
		return nil, err
	}
	if from < 0 || to < from {
		return nil, fail(rpc.CodeInvalidParam, "fromheight and toheight must be 0 or more, and in this order")
	}
	return look(c, func(e *engine.Engine) (rpc.StaleRate, *rpc.Error) {
		n := e.Tree().Census(block.Height(from), block.Height(to))
		out := rpc.StaleRate{From: max(block.Height(from), 1), To: min(block.Height(to), e.Tree().Tip().Height),
			Blocks: n.Active + n.Stale, Stale: n.Stale, Heights: n.Active, Forked: n.Forked}
		out.Rate, out.ForkRate = rpc.Part(out.Stale, out.Blocks), rpc.Part(out.Forked, out.Heights)
		return out, nil
	})
}
