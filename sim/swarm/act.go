package swarm

import (
	"errors"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/peer"
	"toychain/sim"
)

// faults plays the phase with faults.
func (r *run) faults() {
	for _, a := range r.plan.Actions {
		r.until(a.At)
		if r.over() {
			return
		}
		r.act(a)
		r.checkAll()
	}
	r.until(r.plan.length)
}

func (r *run) over() bool { return r.bad != nil || r.ctx.Err() != nil }

// until lets the world go on until a moment, and checks now and then.
func (r *run) until(at time.Duration) {
	for left := at - r.world.Now(); left > 0 && !r.over(); left = at - r.world.Now() {
		r.fail(r.world.RunFor(r.ctx, min(left, r.plan.Config.Interval/2)))
		r.checkAll()
	}
}

// act does an action. One that makes no sense any more does nothing, for another may have been left
// out.
func (r *run) act(a Action) {
	w, nodes := r.world, r.world.Nodes()
	switch a.Do {
	case Mine:
		r.mine(nodes[a.Node], a.Luck)
	case Pay, Double:
		r.pay(a)
	case Cut:
		r.partial = true
		r.fail(w.Cut(r.those(a.Nodes)))
	case Hush, OneWay:
		r.partial = true
		r.hush(a)
	case Heal:
		r.heal()
	case SetLink:
		if nodes[a.Node].Has(nodes[a.To]) {
			r.fail(w.SetLink(nodes[a.Node], nodes[a.To], a.Link))
		}
	case Kill:
		r.fail(w.Kill(nodes[a.Node]))
	case CutPower:
		r.fail(w.CutPower(nodes[a.Node], writes(a)))
	case Shut:
		r.shut(r.nodes[a.Node])
	case Restart:
		r.restart(r.nodes[a.Node])
	case Pause:
		if nodes[a.Node].Up() {
			w.Pause(nodes[a.Node])
		}
	case Resume:
		r.fail(w.Resume(nodes[a.Node]))
	case SetClock:
		r.fail(w.SetClock(nodes[a.Node], a.Clock))
	case Lie:
		x := r.liars[a.Node]
		w.Tell(nil, "lie", string(x.node.ID), string(x.habit))
		x.act(a)
	}
}

// mine has a node find a block, if it is lucky enough for its target.
func (r *run) mine(n *sim.Node, luck float64) {
	if n.Engine() == nil || n.Paused() {
		return
	}
	tip := n.Engine().Tree().Tip()
	easiest, hash := workOf(r.ledger.params.Limit), workOf(tip.NextBits())
	if luck*float64(hash.Int64()) >= float64(easiest.Int64()) {
		return
	}
	b, err := r.world.Mine(n)
	if errors.Is(err, consensus.TimeTooNew) && r.mustWait(r.byID[n.ID]) {
		r.marks[Waits] = true
		return
	}
	if r.fail(err); b != nil {
		if r.ledger.facts[b.Header.Prev] == nil {
			r.violated("S4", n, "its block %s builds on one that was never made", b.Hash())
			return
		}
		f := r.ledger.add(b)
		r.mined = append(r.mined, birth{r.world.Now(), f})
		if f.broken != "" {
			r.violated("S7", n, "the block that it made at height %d breaks a rule: %s", f.height, f.broken)
		}
	}
}

// shut ends a node in good order: its disk must have its tip then.
func (r *run) shut(w *watched) {
	tip := r.tip(w)
	if tip == nil {
		return
	}
	r.fail(r.world.CutPower(w.node, 0)) // the power that was about to fail does not
	r.fail(r.world.Shut(w.node))
	if stored, _ := w.node.Stored(); r.bad == nil && tip.height > 0 && stored != tip.hash {
		r.violated("S5", w.node, "it was shut down at tip %s, height %d, and its disk has tip %s", tip.hash, tip.height, stored)
	}
}

// mustWait reports whether a node's clock is so slow, or was set back so far, that it would refuse
// the block that it would make.
func (r *run) mustWait(w *watched) bool {
	tip := r.tip(w)
	return tip != nil && int64(r.ledger.earliest(tip)) > w.node.Clock().Add(r.ledger.params.Future).Unix()
}

// hush has messages between two sides not arrive. A bridge is on both.
func (r *run) hush(a Action) {
	side := make(map[*sim.Node]bool)
	for _, n := range r.those(a.Nodes) {
		side[n] = true
	}
	for i, n := range r.world.Nodes() {
		for _, p := range n.Peers() {
			if side[n] == side[p] || a.Do == OneWay && !side[n] || r.byID[p.ID] == nil {
				continue
			}
			if a.Node >= 0 && (i == a.Node || p == r.world.Nodes()[a.Node]) {
				continue
			}
			r.fail(r.world.SetLink(n, p, peer.Link{OneWay: true}))
		}
	}
}

// heal ends cuts and faults of links, and marks a tie.
func (r *run) heal() {
	if r.partial {
		r.partial = false
		tips := r.tips()
		for _, a := range tips {
			for _, b := range tips {
				if a != b && a.work.Cmp(b.work) == 0 && a.work.Cmp(r.best().work) == 0 {
					r.marks[HealedInATie] = true
				}
			}
		}
	}
	r.fail(r.world.Heal())
}

// pay has a node's user pay, with a confirmed coin or one that is still pending.
func (r *run) pay(a Action) {
	n, other := r.world.Nodes()[a.Node], r.world.Nodes()[a.To]
	if n.Engine() == nil || n.Paused() {
		return
	}
	coins := r.spendable(n)
	if len(coins) == 0 {
		return
	}
	c := coins[a.Draw%uint64(len(coins))]
	if a.Draw>>20%2 == 0 {
		for _, ripe := range coins { // one that became ripe with this very block
			if tip := r.tip(r.byID[n.ID]); ripe.Coinbase && tip.height+1-ripe.Height == r.ledger.params.Maturity {
				c = ripe
			}
		}
	}
	r.give(n, r.payment(c, r.world.Script(other), c.Value/3, fee))
	if a.Do == Double && other.Engine() != nil && !other.Paused() {
		r.give(other, r.payment(c, r.world.Script(n), c.Value/4, block.Amount(1+a.Draw>>30%3)*fee)) // replaces the first, if it pays more
	}
}

// fee is what a payment leaves to the miner.
const fee block.Amount = 1000

// give hands a payment to a node. It may refuse it: its tip, or what is pending, may be another.
func (r *run) give(n *sim.Node, tx *block.Tx) {
	if err := r.world.Give(n, engine.TxReceived{Tx: tx}); engine.ClassifyTx(err) == engine.Invalid {
		r.violated("S7", n, "it condemns payment %s: %v", tx.ID(), err)
	}
}

// spendable are the coins that the next payment at a node may spend.
func (r *run) spendable(n *sim.Node) (out []consensus.UTXO) {
	tip, pool := r.tip(r.byID[n.ID]), n.Engine().Pool()
	for _, c := range r.coins(tip) {
		if _, taken := pool.SpentBy(c.Outpoint); !taken && !(c.Coinbase && tip.height+1-c.Height < r.ledger.params.Maturity) {
			out = append(out, c)
		}
	}
	for e := range pool.All() {
		for i, o := range e.Tx.Outputs {
			at := block.Outpoint{TxID: e.ID, Index: uint32(i)}
			if _, taken := pool.SpentBy(at); !taken && o.Value > 10_000 {
				out = append(out, consensus.UTXO{Outpoint: at, Coin: consensus.Coin{Output: o, Height: tip.height + 1}})
			}
		}
	}
	return out
}
