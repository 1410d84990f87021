package swarm

import (
	"math/big"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// How long liveness may take once the faults have ended. Requests to a peer that does not answer
// end after 64 seconds (engine: maxStall), and one that was banned is back after ten minutes.
const (
	settleFor = 3 * time.Minute
	agreeIn   = 10 * time.Minute
)

// calm plays the phase without faults, in which L1 to L4 must hold. Adversaries are still there, and
// do nothing of their own accord.
func (r *run) calm() {
	if r.over() {
		return
	}
	r.endFaults()
	r.until(r.world.Now() + settleFor)
	for limit := r.world.Now() + 3*time.Hour; r.latestIsAhead() && r.world.Now() < limit && !r.over(); {
		r.until(r.world.Now() + time.Minute)
	}
	if r.over() {
		return
	}
	if len(r.tips()) > 1 { // a tie: the next block decides
		r.decide()
	}
	if ok := r.agree(); !ok && !r.over() {
		r.violated("L1", nil, "%s after the faults ended, and a block that decides, there are %d tips", agreeIn, len(r.tips()))
	}
	if !r.over() {
		r.grow()
	}
}

// endFaults ends everything that the plan did to the network.
func (r *run) endFaults() {
	r.heal()
	for _, w := range r.nodes {
		r.fail(r.world.Resume(w.node))
		r.fail(r.world.SetClock(w.node, 0))
		if w.node.Up() {
			r.fail(r.world.CutPower(w.node, 0))
		}
		for try := 0; !w.node.Up() && try < 3 && r.bad == nil; try++ {
			r.restart(w)
		}
	}
	r.checkAll()
}

// latestIsAhead reports whether a block may still have to wait for its time.
func (r *run) latestIsAhead() bool {
	return int64(r.ledger.latest) > int64(r.now())+int64(r.ledger.params.Future.Seconds())
}

// decide has the node with the heaviest tip find a block.
func (r *run) decide() {
	best := r.best()
	for _, w := range r.nodes {
		if r.tip(w) == best {
			r.mine(w.node, 0)
			return
		}
	}
}

// agree waits until all nodes have one tip.
func (r *run) agree() bool {
	for limit := r.world.Now() + agreeIn; r.world.Now() < limit && !r.over(); {
		if len(r.tips()) == 1 {
			return true
		}
		r.until(r.world.Now() + time.Second)
	}
	return len(r.tips()) == 1
}

// grow has blocks be found as planned, and checks that each that came alone made the chain grow, and
// that a payment is confirmed.
func (r *run) grow() {
	begin, start := r.world.Now(), r.best()
	r.mined = nil
	spread := r.spread()
	paid, at := r.payOnce()
	for _, a := range r.plan.Calm {
		r.until(begin + a.At)
		if r.over() {
			return
		}
		r.act(a)
		r.checkAll()
	}
	r.until(r.world.Now() + spread)
	if r.over() {
		return
	}
	alone, after, last := new(big.Int).Set(start.work), 0, begin-spread
	for _, b := range r.mined {
		if b.at < last+spread {
			continue
		}
		last = b.at
		alone.Add(alone, workOf(b.Header.Bits))
		if b.at >= at+spread {
			after++
		}
	}
	for _, w := range r.nodes {
		tip := r.tip(w)
		if tip != nil {
			r.checkCoins(w, tip, r.ledger.made, false)
		}
		switch {
		case tip == nil:
			r.violated("L1", w.node, "it is down")
		case tip.work.Cmp(alone) < 0:
			r.violated("L2", w.node, "its chain has work %v, and that of the blocks that came alone is %v", tip.work, alone)
		case paid != nil && after >= confirmedIn && !r.ledger.confirmed(paid.ID(), tip):
			r.violated("L3", w.node, "payment %s is not confirmed after %d blocks", paid.ID(), after)
		case w.node.Engine().CatchingUp():
			r.checkForgotten(w)
		}
	}
}

// confirmedIn is how many blocks a payment with a fee may take: each is found when all nodes have it.
const confirmedIn = 2

// spread is how long a block takes to all nodes, at most: over the slowest links in a row.
func (r *run) spread() time.Duration {
	slowest := time.Duration(0)
	for _, w := range r.nodes {
		for _, p := range w.node.Peers() {
			if d, up := w.node.Delay(p); up {
				slowest = max(slowest, d)
			}
		}
	}
	hop := slowest + 10*time.Millisecond
	if rate := r.plan.Config.Bandwidth; rate > 0 {
		hop += time.Duration(20_000 / float64(rate) * float64(time.Second))
	}
	return hop * time.Duration(len(r.nodes))
}

// payOnce has the first node pay, with a coin that no pending payment of any node spends, if there is
// one.
func (r *run) payOnce() (*block.Tx, time.Duration) {
	n := r.world.Nodes()[0]
	if slices.ContainsFunc(r.nodes, func(w *watched) bool { return !w.node.Up() }) {
		return nil, 0
	}
	taken := func(c consensus.UTXO) bool {
		return slices.ContainsFunc(r.nodes, func(w *watched) bool {
			_, is := w.node.Engine().Pool().SpentBy(c.Outpoint)
			return is
		})
	}
	for _, c := range r.spendable(n) {
		if c.Height <= r.tip(r.nodes[0]).height && !taken(c) {
			tx := r.payment(c, r.world.Script(n), c.Value/2, fee)
			r.give(n, tx)
			return tx, r.world.Now()
		}
	}
	return nil, 0
}

// checkForgotten checks that a node which lacks a body asks for it, as long as a neighbour's chain
// has it.
func (r *run) checkForgotten(w *watched) {
	best := r.ledger.facts[w.node.Engine().Tree().BestHeader().Hash]
	for _, p := range w.node.Peers() {
		other := r.byID[p.ID]
		if other == nil || best == nil || r.tip(other) == nil {
			continue
		}
		if best.under(r.tip(other)) {
			r.violated("L4", w.node, "it does not get the body of block %s, which %s has", best.hash, p.ID)
		}
	}
}
