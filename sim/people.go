package sim

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"

	"toychain/block"
	"toychain/engine"
	"toychain/pow"
	"toychain/wallet"
)

var errNoPeer = errors.New("not connected to this peer")

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

func newPeople(w *world) people {
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

// untilNextBlock draws the time to the next block of all miners together: a Poisson process.
func (w *world) untilNextBlock() time.Duration {
	return time.Duration(w.rng.ExpFloat64() * float64(w.cfg.Interval))
}

// find has a miner find a block, and the next one be on its way.
func (w *world) find() error {
	n := w.nodes[w.rng.IntN(len(w.nodes))] // equal shares of the hash power
	if n.engine.Pool().Len() == 0 {
		if err := w.pay(n); err != nil {
			return err
		}
	}
	w.people.extra++
	t, err := n.engine.Template(w.people.scripts[n.index], w.people.extra, string(n.id), w.clock())
	if err != nil {
		return err
	}
	target, err := pow.TargetFromBits(t.Block.Header.Bits)
	if err != nil {
		return err
	}
	if _, found := pow.Search(&t.Block.Header, target, 0, 1<<32); !found {
		return errors.New("no nonce meets the easiest target")
	}
	coinbase := t.Block.Txs[0]
	w.people.rewards = append(w.people.rewards, coin{block.Outpoint{TxID: coinbase.ID()}, coinbase.Outputs[0], t.Height + w.params.Maturity + settled})
	w.tally.mined(w, t.Block, t.Height)
	if err := w.step(n, engine.BlockReceived{Block: t.Block}); err != nil {
		return err
	}
	height := int(n.engine.Tree().Tip().Height)
	if w.cfg.Progress != nil {
		w.cfg.Progress(height)
	}
	if height >= w.cfg.Blocks {
		return nil // what is on its way still arrives
	}
	w.after(w.untilNextBlock(), w.find)
	w.after(time.Duration(w.rng.Int64N(int64(w.cfg.Interval)/2+1)), func() error { return w.pay(w.nodes[w.rng.IntN(len(w.nodes))]) })
	return nil
}

// settled is how many more blocks a coin waits for, so that few are lost with stale blocks.
const settled = 2

// pay has a node hear of a payment: the owner of the oldest coin that is ready sends half of it to
// another miner. There may be none yet.
func (w *world) pay(n *node) error {
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

func (w *world) payWith(n *node, c coin, tip block.Height) error {
	half := (c.out.Value - fee) / 2
	tx := &block.Tx{Version: 2,
		Inputs: []block.Input{{Prev: c.at, Sequence: block.SequenceFinal}},
		Outputs: []block.Output{{Value: half, Script: w.people.scripts[w.rng.IntN(len(w.nodes))]},
			{Value: c.out.Value - fee - half, Script: c.out.Script}}}
	err := wallet.Sign(tx, []block.Output{c.out}, func(hash [20]byte) (*btcec.PrivateKey, bool) {
		key, ok := w.people.byHash[hash]
		return key, ok
	})
	if err != nil {
		return err
	}
	for i := range tx.Outputs {
		w.people.change = append(w.people.change, coin{block.Outpoint{TxID: tx.ID(), Index: uint32(i)}, tx.Outputs[i], tip + 1 + settled})
	}
	return w.step(n, engine.TxReceived{Tx: tx})
}
