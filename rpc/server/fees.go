package server

import (
	"cmp"
	"slices"
	"strings"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
)

// maxTarget is the most blocks that estimatesmartfee looks ahead (Core: 1008).
const maxTarget = 1008

func estimateSmartFee(c *call, a rpc.EstimateSmartFeeArgs) (rpc.SmartFee, *rpc.Error) {
	target := a.Target
	if target < 1 || target > maxTarget {
		return rpc.SmartFee{}, fail(rpc.CodeInvalidParam, "Invalid conf_target, must be between 1 and %d", maxTarget)
	}
	switch mode := strings.ToLower(a.Mode); mode {
	case "", "unset", "economical", "conservative":
	default:
		return rpc.SmartFee{}, fail(rpc.CodeInvalidParam, "Invalid estimate_mode parameter, must be one of: \"unset\", \"economical\", \"conservative\"")
	}
	type pool struct {
		entries []*mempool.Entry
		least   block.Amount
	}
	v, err := look(c, func(e *engine.Engine) (pool, *rpc.Error) { return pool{e.Pool().Entries(), e.Pool().MinFee()}, nil })
	if err != nil {
		return rpc.SmartFee{}, err
	}
	fee := max(v.least, feeToBeIn(v.entries, target*consensus.MaxBlockSize))
	return rpc.SmartFee{FeeRate: &fee, Blocks: target}, nil
}

// feeToBeIn returns the fee rate, per 1,000 bytes, that a transaction needs to be among
// those of the mempool that fill so many bytes first: one unit more than the first
// transaction that does not fit.
func feeToBeIn(entries []*mempool.Entry, bytes int) block.Amount {
	rate := func(e *mempool.Entry) block.Amount { return e.Ancestors.Fee * 1000 / block.Amount(e.Ancestors.Size) }
	slices.SortStableFunc(entries, func(a, b *mempool.Entry) int { return cmp.Compare(rate(b), rate(a)) })
	for _, e := range entries {
		if bytes -= e.Size; bytes < 0 {
			return rate(e) + 1
		}
	}
	return 0
}
