package rpc

import (
	"math"

	"toychain/block"
	"toychain/node"
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

// StaleRate is the result of getstalerate. A block counts if it is between the heights
// and not genesis, if its transactions and those of its ancestors are here, and if it
// is not known to break a rule. (Of a block that never was on the best chain it is not
// known whether all its payments are right: it counts.) Blocks that were mined and
// never reached this node do not.
//
// Rate is what Gervais and others call the stale block rate (On the Security and
// Performance of Proof of Work Blockchains, CCS 2016), ForkRate what Decker and
// Wattenhofer counted, 169 forks in 10,000 blocks (Information Propagation in the
// Bitcoin Network, P2P 2013). The last blocks may still become stale.
type StaleRate struct {
	From     block.Height `json:"from"`
	To       block.Height `json:"to"`     // the tip, unless a lower one was asked for
	Blocks   int          `json:"blocks"` // the denominator: all that count, on whatever branch
	Stale    int          `json:"stale"`  // the numerator: those that are not on the best chain
	Rate     Float        `json:"rate"`   // stale / blocks; 0 if there are none
	Heights  int          `json:"heights"`
	Forked   int          `json:"forked"`    // heights with more than one block that counts
	ForkRate Float        `json:"fork_rate"` // forked / heights; 0 if there are none
}

// Part returns n of all as a fraction, 0 of none.
func Part(n, all int) Float {
	if all == 0 {
		return 0
	}
	return Float(float64(n) / float64(all))
}

func getStaleRate(c *call) (any, *Error) {
	from, err := number(c, 0, int32(1))
	if err != nil {
		return nil, err
	}
	to, err := number(c, 1, int32(math.MaxInt32))
	if err != nil {
		return nil, err
	}
	if from < 0 || to < from {
		return nil, fail(CodeInvalidParam, "fromheight and toheight must be 0 or more, and in this order")
	}
	return look(c, func(e *node.Engine) (StaleRate, *Error) {
		n := e.Tree().Census(block.Height(from), block.Height(to))
		out := StaleRate{From: max(block.Height(from), 1), To: min(block.Height(to), e.Tree().Tip().Height),
			Blocks: n.Active + n.Stale, Stale: n.Stale, Heights: n.Active, Forked: n.Forked}
		out.Rate, out.ForkRate = Part(out.Stale, out.Blocks), Part(out.Forked, out.Heights)
		return out, nil
	})
}
