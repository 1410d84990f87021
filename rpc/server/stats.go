package server

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/rpc"
)

// walkStep is how many blocks are visited at a time on the engine's goroutine: less than
// a millisecond's work.
const walkStep = 1000

// walk calls f for count blocks from hash downwards, or until genesis, or until f returns
// false.
func (c *call) walk(hash block.Hash, count int, f func(*chain.Info) bool) (err error) {
	for more := count > 0; more && err == nil; {
		more, err = look(c, func(e *engine.Engine) (bool, error) {
			for range min(count, walkStep) {
				info, ok := e.Tree().Info(hash)
				if !ok {
					return false, errBlock
				}
				if !f(&info) || info.State.Height == 0 {
					return false, nil
				}
				hash = info.State.Header.Prev
				count--
			}
			return count > 0, nil
		})
	}
	return err
}

func getChainTxStats(c *call, a rpc.GetChainTxStatsArgs) (rpc.ChainTxStats, error) {
	tip, err := c.tip()
	if err != nil {
		return rpc.ChainTxStats{}, err
	}
	last := or(a.Block, tip.Hash)
	info, err := c.info(last)
	if err != nil {
		return rpc.ChainTxStats{}, err
	}
	if !info.Active {
		return rpc.ChainTxStats{}, fail(rpc.CodeInvalidParam, "Block is not in main chain")
	}
	height := int(info.State.Height)
	month := int(30 * 24 * time.Hour / c.node.Params().Spacing)
	count := or(a.Blocks, max(0, min(month, height-1)))
	if count < 0 || count > 0 && count >= height {
		return rpc.ChainTxStats{}, fail(rpc.CodeInvalidParam, "Invalid block count: should be between 0 and the block's height - 1")
	}
	out := rpc.ChainTxStats{Time: info.State.Header.Time, FinalBlockHash: last, FinalBlockHeight: info.State.Height, BlockCount: count}
	window, begun := 0, uint32(0)
	err = c.walk(last, height+1, func(i *chain.Info) bool {
		out.TxCount += i.Txs
		switch down := height - int(i.State.Height); {
		case down < count:
			window += i.Txs
		case down == count:
			begun = i.State.MedianTime()
		}
		return true
	})
	if err != nil || count == 0 {
		return out, err
	}
	interval := int64(info.State.MedianTime()) - int64(begun)
	out.Interval, out.WindowTxCount = &interval, &window
	if interval > 0 {
		out.TxRate = new(rpc.Float(float64(window) / float64(interval)))
	}
	return out, nil
}

func getBlockStats(c *call, a rpc.GetBlockStatsArgs) (any, error) {
	hash, err := c.hashOrHeight(a.HashOrHeight)
	if err != nil {
		return nil, err
	}
	info, err := c.info(hash)
	if err != nil {
		return nil, err
	}
	b, err := c.body(hash)
	if err != nil {
		return nil, err
	}
	if info.State.Height > 0 && info.Entry.Status&chain.Connected == 0 {
		return nil, fail(rpc.CodeMisc, "Can't read undo data from disk") // what its transactions spend is not known
	}
	undo, err := c.undo(hash)
	if err != nil {
		return nil, err
	}
	stats := blockStats(&info.State, b, undo)
	if len(a.Stats) == 0 {
		return stats, nil
	}
	var all map[string]json.RawMessage
	json.Unmarshal(marshal(stats), &all)
	out := make(map[string]json.RawMessage)
	for _, name := range a.Stats {
		value, ok := all[name]
		if !ok {
			return nil, fail(rpc.CodeInvalidParam, "Invalid selected statistic '%s'", clip(name))
		}
		out[name] = value
	}
	return out, nil
}

// hashOrHeight returns the hash of the block that an argument names by either.
func (c *call) hashOrHeight(arg json.RawMessage) (block.Hash, error) {
	switch k := kindOf(arg); k {
	case rpc.KindString:
		return parseHash("hash_or_height", text(arg))
	case rpc.KindNumber:
	default:
		return block.Hash{}, wrongType(k, rpc.KindNumber)
	}
	height, err := parseInt(arg)
	if err != nil {
		return block.Hash{}, err
	}
	if height < 0 {
		return block.Hash{}, fail(rpc.CodeInvalidParam, "Target block height %d is negative", height)
	}
	return look(c, func(e *engine.Engine) (block.Hash, error) {
		tip := e.Tree().Tip()
		if height > int64(tip.Height) {
			return block.Hash{}, fail(rpc.CodeInvalidParam, "Target block height %d after current tip %d", height, tip.Height)
		}
		hash, _ := e.Tree().At(block.Height(height))
		return hash, nil
	})
}

// coinOverhead is what getblockstats counts for a coin besides its output: outpoint,
// height and a flag (Core: PER_UTXO_OVERHEAD).
const coinOverhead = 36 + 4 + 1

func coinSize(o *block.Output) int64 {
	return int64(8+block.CompactSizeLen(uint64(len(o.Script)))+len(o.Script)) + coinOverhead
}

// rated is a transaction's fee rate and size.
type rated struct{ rate, size int64 }

// blockStats returns the statistics of a block (Core: getblockstats).
func blockStats(s *consensus.State, b *block.Block, undo []consensus.Coin) rpc.BlockStats {
	out := rpc.BlockStats{BlockHash: s.Hash, Height: s.Height, Time: b.Header.Time, MedianTime: s.MedianTime(),
		Subsidy: int64(s.Params.SubsidyAt(s.Height)), Txs: int64(len(b.Txs))}
	var fees, sizes []int64
	var rates []rated
	for i, tx := range b.Txs {
		var paid int64
		for j := range tx.Outputs {
			o := &tx.Outputs[j]
			paid += int64(o.Value)
			out.Outs++
			out.UTXOSizeInc += coinSize(o)
			if s.Height > 0 && !block.Unspendable(o.Script) {
				out.UTXOIncreaseActual++
				out.UTXOSizeIncActual += coinSize(o)
			}
		}
		if i == 0 {
			continue
		}
		fee := -paid
		for _, coin := range spentBy(b, undo, i) {
			fee += int64(coin.Value)
			out.UTXOSizeInc -= coinSize(&coin.Output)
			out.UTXOSizeIncActual -= coinSize(&coin.Output)
		}
		size := int64(tx.Size())
		out.Ins += int64(len(tx.Inputs))
		out.TotalOut += paid
		out.TotalSize += size
		out.TotalFee += fee
		fees, sizes, rates = append(fees, fee), append(sizes, size), append(rates, rated{fee / size, size})
	}
	out.TotalWeight = 4 * out.TotalSize
	out.UTXOIncrease = out.Outs - out.Ins
	out.UTXOIncreaseActual -= out.Ins
	if n := int64(len(fees)); n > 0 {
		out.AvgFee, out.AvgTxSize, out.AvgFeeRate = out.TotalFee/n, out.TotalSize/n, out.TotalFee/out.TotalSize
		out.MinFee, out.MaxFee, out.MedianFee = minMaxMedian(fees)
		out.MinTxSize, out.MaxTxSize, out.MedianTxSize = minMaxMedian(sizes)
		slices.SortFunc(rates, func(a, b rated) int { return cmp.Compare(a.rate, b.rate) })
		out.MinFeeRate, out.MaxFeeRate = rates[0].rate, rates[n-1].rate
		out.FeeRatePercentiles = percentiles(rates, out.TotalSize)
	}
	return out
}

// minMaxMedian sorts values and returns the least, the greatest and the median; between
// two it is rounded down.
func minMaxMedian(v []int64) (least, most, median int64) {
	slices.Sort(v)
	n := len(v)
	median = v[n/2]
	if n%2 == 0 {
		median = (v[n/2-1] + v[n/2]) / 2
	}
	return v[0], v[n-1], median
}

// percentiles returns the fee rates below which 10, 25, 50, 75 and 90 % of the bytes
// pay; rates are sorted (Core: CalculatePercentilesByWeight).
func percentiles(rates []rated, total int64) (out [5]int64) {
	parts := [5]float64{0.10, 0.25, 0.50, 0.75, 0.90}
	next, sum := 0, int64(0)
	for _, r := range rates {
		sum += r.size
		for ; next < len(parts) && float64(sum) >= float64(total)*parts[next]; next++ {
			out[next] = r.rate
		}
	}
	for ; next < len(parts); next++ {
		out[next] = rates[len(rates)-1].rate
	}
	return out
}

func getStaleRate(c *call, a rpc.GetStaleRateArgs) (rpc.StaleRate, error) {
	from, to := or(a.From, 1), or(a.To, math.MaxInt32)
	if from < 0 || to < from {
		return rpc.StaleRate{}, fail(rpc.CodeInvalidParam, "fromheight and toheight must be 0 or more, and in this order")
	}
	return look(c, func(e *engine.Engine) (rpc.StaleRate, error) {
		n := e.Tree().ForkStats(from, to)
		out := rpc.StaleRate{From: max(from, 1), To: min(to, e.Tree().Tip().Height),
			Blocks: n.Active + n.Stale, Stale: n.Stale, Heights: n.Active, Forked: n.Forked}
		out.Rate, out.ForkRate = rpc.Part(out.Stale, out.Blocks), rpc.Part(out.Forked, out.Heights)
		return out, nil
	})
}
