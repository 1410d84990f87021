package sim

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/pow"
	"toychain/wallet"
)

// people are the miners, one at each node, and what they pay to each other.
type people struct {
	keys    []*btcec.PrivateKey
	scripts [][]byte
	byHash  map[[20]byte]*btcec.PrivateKey
	rewards []coin // of blocks, not spent yet, the oldest first
	change  []coin // of payments, likewise
	extra   uint64
}

// coin is an output that its owner may spend once it is deep enough.
type coin struct {
	at    block.Outpoint
	out   block.Output
	ready block.Height // of the tip at which it may be spent
}

func newPeople(w *World) people {
	p := people{byHash: map[[20]byte]*btcec.PrivateKey{}}
	for i := range w.nodes {
		seed := sha256.Sum256(fmt.Appendf(nil, "toychain sim: %d %d", w.cfg.Seed, i))
		key, public := btcec.PrivKeyFromBytes(seed[:])
		a := wallet.KeyAddress(public.SerializeCompressed())
		p.keys, p.scripts = append(p.keys, key), append(p.scripts, a.Script())
		p.byHash[a.Hash] = key
	}
	return p
}

// StartMining has blocks be found from now on: at the times of a Poisson process, in which
// each node has its share. The rate holds for the easiest target; where the target is harder,
// a part of the attempts finds nothing.
func (w *World) StartMining() {
	w.mining++
	draw := w.mining
	w.After(w.untilNextBlock(), func() error {
		if draw != w.mining {
			return nil // shares have changed since
		}
		return w.attempt()
	})
}

// untilNextBlock draws the time to the next attempt of all miners together.
func (w *World) untilNextBlock() time.Duration {
	total := 0.0
	for _, n := range w.nodes {
		total += n.share
	}
	return time.Duration(min(w.rng.ExpFloat64()*float64(w.cfg.Interval)/total, float64(maxWait)))
}

// maxWait bounds a draw, for time has 63 bits.
const maxWait = 100 * 365 * 24 * time.Hour

// miner draws which node an attempt belongs to.
func (w *World) miner() *Node {
	total := 0.0
	for _, n := range w.nodes {
		total += n.share
	}
	x := w.rng.Float64() * total
	for _, n := range w.nodes {
		if x -= n.share; x < 0 {
			return n
		}
	}
	return w.nodes[len(w.nodes)-1]
}

// attempt has a miner find a block, if its target is easy and the node is up, and the next
// attempt be on its way.
func (w *World) attempt() error {
	n := w.miner()
	luck := w.rng.Float64()
	if w.cfg.Light {
		w.findHeader(n)
	} else if n.engine != nil && !n.paused && luck < w.ease(n) {
		if _, err := w.find(n); err != nil && !errors.Is(err, consensus.TimeTooNew) { // its clock was set back
			return err
		}
	}
	if w.cfg.Blocks > 0 && w.height >= w.cfg.Blocks {
		return nil // what is on its way still arrives
	}
	w.StartMining()
	if w.cfg.Payments {
		w.After(time.Duration(w.rng.Int64N(int64(w.cfg.Interval)/2+1)), func() error { return w.pay(w.nodes[w.rng.IntN(len(w.nodes))]) })
	}
	return nil
}

// ease is how likely a hash meets the target of a node's next block, next to the easiest.
func (w *World) ease(n *Node) float64 {
	if w.params.Window == 0 {
		return 1
	}
	tip := n.engine.Tree().Tip()
	target, err := pow.TargetFromBits(tip.NextBits())
	if err != nil {
		return 0
	}
	return w.params.PowLimit().Work().Float() / target.Work().Float()
}

// Mine has a node find a block on its tip, now.
func (w *World) Mine(n *Node) (*block.Block, error) {
	if !n.Up() || n.liar != nil {
		return nil, fmt.Errorf("%s is down, or no honest node", n.ID)
	}
	b, err := w.find(n)
	if err == nil {
		err = w.settle(&w.main)
	}
	return b, err
}

// find is Mine in an action.
func (w *World) find(n *Node) (*block.Block, error) {
	if w.cfg.Payments && n.engine.Pool().Len() == 0 {
		if err := w.pay(n); err != nil {
			return nil, err
		}
		if n.engine == nil {
			return nil, nil // its power failed
		}
	}
	w.people.extra++
	script := n.script
	if script == nil {
		script = w.people.scripts[n.index]
	}
	t, err := n.engine.Template(script, w.people.extra, n.Name(), n.clock(w.now))
	if err != nil {
		return nil, err
	}
	w.Spend(&t.Block.Header)
	if coinbase := t.Block.Txs[0]; n.script == nil {
		w.people.rewards = append(w.people.rewards, coin{block.Outpoint{TxID: coinbase.ID()}, coinbase.Outputs[0], t.Height + w.params.Maturity + settled})
	}
	w.tally.mined(w, t.Block, t.Height)
	w.inform(n, engine.BlockReceived{Block: t.Block})
	if n.engine == nil {
		return t.Block, nil // its power failed
	}
	if tip := n.engine.Tree().Tip(); tip.Hash != t.Block.Hash() {
		return nil, fmt.Errorf("%s refuses its own block %s at height %d", n.ID, t.Block.Hash(), t.Height)
	}
	w.grown(int(t.Height))
	return t.Block, nil
}

// grown notes the height of a new block.
func (w *World) grown(height int) {
	if w.height = max(w.height, height); w.cfg.Progress != nil {
		w.cfg.Progress(w.height)
	}
}

// Spend spends hash power on a header: from now on all nodes believe its work.
func (w *World) Spend(h *block.Header) { w.rules.mined(h.Hash()) }

// settled is how many more blocks a coin waits for, so that few are lost with stale blocks.
const settled = 2

// pay has a node hear of a payment: the owner of the oldest coin that is ready sends half of it to
// another miner. There may be none yet.
func (w *World) pay(n *Node) error {
	if n.engine == nil || n.paused {
		return nil
	}
	tip := n.engine.Tree().Tip().Height
	for _, list := range []*[]coin{&w.people.change, &w.people.rewards} {
		for len(*list) > 0 && (*list)[0].ready <= tip {
			c := (*list)[0]
			*list = (*list)[1:]
			have, err := n.engine.Tree().Coins([]block.Outpoint{c.at})
			if err != nil {
				return err
			}
			if _, ok := have[c.at]; ok && c.out.Value >= 4*fee { // else its block or payment is not on this chain
				return w.payWith(n, c, tip)
			}
		}
	}
	return nil
}

// fee is what each payment leaves to the miner.
const fee block.Amount = 1000

func (w *World) payWith(n *Node, c coin, tip block.Height) error {
	half := (c.out.Value - fee) / 2
	tx := &block.Tx{Version: 2,
		Inputs: []block.Input{{Prev: c.at, Sequence: block.SequenceFinal}},
		Outputs: []block.Output{{Value: half, Script: w.people.scripts[w.rng.IntN(len(w.nodes))]},
			{Value: c.out.Value - fee - half, Script: c.out.Script}}}
	if err := w.people.sign(tx, c.out); err != nil {
		return err
	}
	for i := range tx.Outputs {
		w.people.change = append(w.people.change, coin{block.Outpoint{TxID: tx.ID(), Index: uint32(i)}, tx.Outputs[i], tip + 1 + settled})
	}
	w.inform(n, engine.TxReceived{Tx: tx})
	return nil
}

// Script returns the output script to which a node's miner is paid.
func (w *World) Script(n *Node) []byte { return w.people.scripts[n.index] }

// Sign signs a transaction that spends outputs of the miners.
func (w *World) Sign(tx *block.Tx, spent ...block.Output) error { return w.people.sign(tx, spent...) }

func (p *people) sign(tx *block.Tx, spent ...block.Output) error {
	return wallet.Sign(tx, spent, func(hash [20]byte) (*btcec.PrivateKey, bool) {
		key, ok := p.byHash[hash]
		return key, ok
	})
}
