package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
)

// Result is what a run came to.
type Result struct {
	Nodes        int         `json:"nodes"`
	Blocks       int         `json:"blocks"`       // height of the best chain
	Transactions int         `json:"transactions"` // confirmed there, without coinbases
	Seed         uint64      `json:"seed"`
	Events       uint64      `json:"events"`
	Messages     uint64      `json:"messages"`
	Bytes        uint64      `json:"bytes"` // of the messages
	Simulated    float64     `json:"simulated_seconds"`
	StaleRate    float64     `json:"stale_rate"`     // of all mined blocks, those not on the best chain
	Forked       float64     `json:"forked_heights"` // of all heights, those with more than one block
	Propagation  Percentiles `json:"propagation"`    // from a block's birth to each node, milliseconds
	Tips         int         `json:"tips"`           // different ones at the end
	LogHash      string      `json:"log_hash"`       // of all that happened
}

// Percentiles are in milliseconds.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
}

// tally is what is counted during a run.
type tally struct {
	counts
	born    map[block.Hash]time.Duration
	heights map[block.Height]int
}

func newTally() tally {
	return tally{born: map[block.Hash]time.Duration{}, heights: map[block.Height]int{}}
}

func (t *tally) mined(w *World, b *block.Block, h block.Height) {
	t.born[b.Hash()] = w.now
	t.heights[h]++
}

// Run runs a network until its best chain has the wanted height and all messages have arrived.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if cfg.Blocks < 1 {
		return nil, fmt.Errorf("%d blocks: want 1 to %d", cfg.Blocks, maxBlocks)
	}
	w, err := New(cfg)
	if err != nil {
		return nil, err
	}
	w.StartMining()
	err = w.run(ctx, func() bool { return w.height >= cfg.Blocks && w.Quiet() })
	if err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// Result returns what the run has come to.
func (w *World) Result() *Result {
	r := &Result{Nodes: w.cfg.Nodes, Seed: w.cfg.Seed, Events: w.tally.events, Messages: w.tally.messages, Bytes: w.tally.bytes,
		Simulated: w.now.Seconds(), Blocks: w.height}
	log := sha256.New()
	tips := map[any]bool{}
	mined := len(w.tally.born) + len(w.headers)
	var best *chain.Tree
	for _, n := range w.nodes {
		log.Write(binary.LittleEndian.AppendUint64(nil, uint64(n.log)))
		if n.light != nil {
			tips[n.light.tip] = true
		} else if n.engine != nil {
			tip := n.engine.Tree().Tip()
			tips[tip.Hash] = true
			if best == nil || tip.Work.Cmp(best.Tip().Work) > 0 {
				best = n.engine.Tree()
			}
		}
	}
	if best != nil {
		r.Transactions, r.Blocks = confirmed(best)
	}
	r.Tips, r.LogHash = len(tips), hex.EncodeToString(log.Sum(nil))
	if mined > 0 {
		forked := 0
		for _, n := range w.tally.heights {
			if n > 1 {
				forked++
			}
		}
		r.StaleRate = 1 - float64(r.Blocks)/float64(mined)
		r.Forked = float64(forked) / float64(len(w.tally.heights))
	}
	slices.Sort(w.tally.took)
	r.Propagation = Percentiles{w.tally.at(.5), w.tally.at(.9), w.tally.at(.99)}
	return r
}

// confirmed counts the transactions of the best chain, without coinbases, and its blocks.
func confirmed(t *chain.Tree) (payments, height int) {
	tip := t.Tip().Height
	for h := range tip {
		if hash, ok := t.At(h + 1); ok {
			info, _ := t.Info(hash)
			payments += info.Txs - 1
		}
	}
	return payments, int(tip)
}

// at returns a quantile of the propagation times, in milliseconds.
func (t *tally) at(q float64) float64 {
	if len(t.took) == 0 {
		return 0
	}
	return float64(t.took[int(q*float64(len(t.took)-1))]) / float64(time.Millisecond)
}
