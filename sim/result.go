package sim

import (
	"encoding/hex"
	"slices"
	"time"

	"toychain/block"
	"toychain/engine"
)

// Result is what a run came to.
type Result struct {
	Nodes        int         `json:"nodes"`
	Blocks       int         `json:"blocks"`       // height of the best chain
	Transactions int         `json:"transactions"` // confirmed there, without coinbases
	Seed         uint64      `json:"seed"`
	Events       uint64      `json:"events"`
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
	born    map[block.Hash]time.Duration
	heights map[block.Height]int
	took    []time.Duration // from birth to each node
}

func newTally() tally {
	return tally{born: map[block.Hash]time.Duration{}, heights: map[block.Height]int{}}
}

func (t *tally) mined(w *world, b *block.Block, h block.Height) {
	t.born[b.Hash()] = w.now
	t.heights[h]++
}

func (t *tally) event(w *world, e *engine.Event) {
	if e.Kind == engine.BlockAdded {
		t.took = append(t.took, w.now-t.born[e.Block.Hash])
	}
}

func (w *world) result() *Result {
	r := &Result{Nodes: w.cfg.Nodes, Seed: w.cfg.Seed, Events: w.events, Simulated: w.now.Seconds(), LogHash: hex.EncodeToString(w.log.Sum(nil))}
	tips := map[block.Hash]bool{}
	best := w.nodes[0].engine.Tree()
	for _, n := range w.nodes {
		tip := n.engine.Tree().Tip()
		tips[tip.Hash] = true
		if tip.Work.Cmp(best.Tip().Work) > 0 {
			best = n.engine.Tree()
		}
	}
	r.Tips = len(tips)
	r.Blocks = int(best.Tip().Height)
	for h := range best.Tip().Height {
		if hash, ok := best.At(h + 1); ok {
			info, _ := best.Info(hash)
			r.Transactions += info.Txs - 1
		}
	}
	forked := 0
	for _, n := range w.tally.heights {
		if n > 1 {
			forked++
		}
	}
	r.StaleRate = 1 - float64(r.Blocks)/float64(len(w.tally.born))
	r.Forked = float64(forked) / float64(len(w.tally.heights))
	slices.Sort(w.tally.took)
	r.Propagation = Percentiles{w.tally.at(.5), w.tally.at(.9), w.tally.at(.99)}
	return r
}

// at returns a quantile of the propagation times, in milliseconds.
func (t *tally) at(q float64) float64 {
	if len(t.took) == 0 {
		return 0
	}
	return float64(t.took[int(q*float64(len(t.took)-1))]) / float64(time.Millisecond)
}
