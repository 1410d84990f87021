package swarm

import (
	"slices"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/peer"
	"toychain/sim"
)

// forge sends a block that breaks one rule, to one peer or to all.
func (x *liar) forge(a Action) {
	best := x.best()
	script := x.world.Script(x.world.Nodes()[0])
	b := x.ledger.build(best, x.now(), a.Draw, script)
	to := x.peers
	if a.Draw>>32%2 == 0 {
		to = to[:1]
	}
	mined, blame := true, true
	root := func() { b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs()) }
	switch a.Draw % 11 {
	case 0, 1:
		b.Header.Time = best.median() - uint32(a.Draw/16%2)
	case 2:
		b.Header.Bits = compact(expand(b.Header.Bits).Rsh(expand(b.Header.Bits), 1))
	case 3:
		b.Header.Version = 3
	case 4:
		b.Header.MerkleRoot[0]++
	case 5:
		b.Txs[0].Inputs[0].Prev.Index = 0
		root()
	case 6:
		mined = false
	case 7:
		blame = false
		b.Txs[0].Outputs[0].Value++
		root()
	default: // a payment that spends too much, too early, or with a bad signature
		tx := x.badPayment(best, a)
		if tx == nil {
			return
		}
		blame = false
		b.Txs = append(b.Txs, tx)
		root()
	}
	if mined {
		x.world.Spend(&b.Header)
	}
	f := x.ledger.add(b)
	f.blame = blame
	if f.broken == "" {
		f.broken = "no hash power was spent on it"
	}
	x.send(engine.BlockReceived{Peer: x.node.ID, Block: b}, to)
}

// badPayment returns a transaction that no block after best may have; nil if there is no coin for it.
func (x *liar) badPayment(best *fact, a Action) *block.Tx {
	early := a.Draw/32%3 == 0
	var coins []consensus.UTXO
	for _, c := range x.coins(best) {
		if early == (c.Coinbase && best.height+1-c.Height < x.ledger.params.Maturity) {
			coins = append(coins, c)
		}
	}
	if len(coins) == 0 {
		return nil
	}
	c := coins[len(coins)-1] // when it is too early, by the most: or the least, see below
	if early {
		c = coins[0]
	}
	tx := x.payment(c, c.Script, c.Value-2000, fee)
	switch {
	case early:
	case a.Draw/32%3 == 1:
		tx = x.payment(c, c.Script, c.Value+1, fee)
	default:
		tx.Inputs[0].Script[10]++
		x.ledger.forged[tx.ID()] = true
	}
	return tx
}

// spam sends a transaction that breaks a rule, or one whose parent nobody has.
func (x *liar) spam(a Action) {
	var tx *block.Tx
	if a.Draw%3 == 0 {
		if coins := x.coins(x.best()); len(coins) > 0 {
			c := coins[a.Draw/4%uint64(len(coins))]
			c.TxID = block.Sum(x.bytes(a))
			tx = x.payment(c, c.Script, c.Value-2000, fee)
		}
	} else {
		tx = x.badPayment(x.best(), a)
	}
	if tx != nil {
		x.send(engine.TxReceived{Peer: x.node.ID, Tx: tx}, x.peers)
	}
}

// owed notes that a liar sent a node a block for which it must be penalized.
type owed struct {
	by   peer.ID
	of   *fact
	life int
}

// arrivedFrom looks at a block that a liar sent.
func (r *run) arrivedFrom(w *watched, from peer.ID, f *fact) {
	most := w.node.Clock().Add(r.ledger.params.Future).Unix() // else it has to wait, whatever else is wrong
	if f.blame && int64(f.Header.Time) <= most && slices.ContainsFunc(r.liars, func(x *liar) bool { return x.node.ID == from }) {
		w.owed = append(w.owed, owed{from, f, w.lives})
	}
}

// checkBlame checks that a node penalized who sent it a block that breaks a rule which every node
// checks, once it knew the block's parent.
func (r *run) checkBlame(w *watched) {
	w.owed = slices.DeleteFunc(w.owed, func(o owed) bool {
		if o.life != w.lives || w.penalized[o.by] {
			return true
		}
		if !w.node.Engine().Tree().Has(o.of.parent.hash) {
			return false
		}
		r.violated("S4", w.node, "%s sent block %s (%s) and was not penalized", o.by, o.of.hash, o.of.broken)
		return true
	})
}

// payment spends one coin: some of it to a script, the rest but a fee back to its owner.
func (r *run) payment(c consensus.UTXO, to []byte, value, fee block.Amount) *block.Tx {
	tx := &block.Tx{Version: 2, Inputs: []block.Input{{Prev: c.Outpoint, Sequence: block.SequenceFinal - 2}}, Outputs: []block.Output{{Value: value, Script: to}}}
	if rest := c.Value - value - fee; rest > fee {
		tx.Outputs = append(tx.Outputs, block.Output{Value: rest, Script: c.Script})
	}
	r.fail(r.world.Sign(tx, c.Output))
	return tx
}

var _ sim.Liar = (*liar)(nil)
