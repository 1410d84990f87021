package mempool

import (
	"math"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// rollingFee is the minimum fee rate of a pool that has been full: the rate of what was evicted
// last, and a little more. It halves with time, once a block has come since (Core:
// rollingMinimumFeeRate).
type rollingFee struct {
	rate    float64 // per 1000 bytes; 0: no minimum beyond the policy's
	updated time.Time
	drained bool // a block has come since it rose
}

// decayed returns f at a later time. Between two halvings it falls in a straight line rather
// than exponentially: only sums and products, which are the same on every machine.
func (f rollingFee) decayed(now time.Time, half time.Duration, least block.Amount) rollingFee {
	if elapsed := now.Sub(f.updated); f.rate > 0 && f.drained && elapsed > 0 {
		f.updated = now
		f.rate = math.Ldexp(f.rate, -int(min(elapsed/half, 1000)))
		f.rate *= 1 - float64(elapsed%half)/float64(2*half)
		if f.rate < float64(least)/2 {
			f.rate = 0
		}
	}
	return f
}

// fee returns the minimum fee rate.
func (f rollingFee) fee(p *Policy) block.Amount {
	if f.rate == 0 {
		return p.MinRelay
	}
	return max(block.Amount(math.Round(f.rate)), p.Incremental, p.MinRelay)
}

// halfLife returns the time in which rollingFee halves: Core's twelve hours, counted in
// blocks of the network; half that if the pool is half empty, a quarter if it is nearly empty.
func (p *Pool) halfLife(tip *consensus.State) time.Duration {
	half := halfLifeBlocks * tip.Params.Spacing
	switch {
	case p.total.Size < p.policy.MaxBytes/4:
		return half / 4
	case p.total.Size < p.policy.MaxBytes/2:
		return half / 2
	}
	return half
}

// decay updates rollingFee to the time now.
func (p *Pool) decay(tip *consensus.State, now time.Time) {
	p.rollingFee = p.rollingFee.decayed(now, p.halfLife(tip), p.policy.Incremental)
}

// MinFee returns the minimum fee rate per 1000 bytes: the policy's, or more if the pool has
// been full. It is as of the last Add or Update.
func (p *Pool) MinFee() block.Amount { return p.rollingFee.fee(&p.policy) }

// trim shrinks a pool that has grown over Policy.MaxBytes to a hundredth less than that, and
// returns the IDs that it removed. The lowest fee rate goes first. Each transaction counts
// together with its descendants, which are removed with it, so a parent with a generous child
// stays (Core: TrimToSize, which makes room for the newcomer only and keeps the order at all
// times; here a flood costs one ranking in many arrivals).
func (p *Pool) trim(now time.Time) (out []block.Hash) {
	if p.total.Size <= p.policy.MaxBytes {
		return nil
	}
	worst := rankAll(p, func(e *entry) Sum { return e.Descendants }, evictedBefore)
	defer p.unrank()
	for p.total.Size > p.policy.MaxBytes-p.policy.MaxBytes/100 {
		n := worst.pop()
		if rate := float64(n.sum.rate() + p.policy.Incremental); rate > p.rollingFee.rate {
			p.rollingFee = rollingFee{rate: rate, updated: now}
		}
		for _, d := range p.below(n.entry) {
			for _, a := range p.walk(d.parents, up) {
				worst.lower(a.rank, d.alone())
			}
			worst.leave(d.rank)
		}
		out = append(out, p.removeAll(n.entry)...)
	}
	return out
}

// evictedBefore is the order of eviction: the lowest score first, of equals the youngest.
func evictedBefore(a, b *rank) bool {
	if c := keepScore(a).cmpRate(keepScore(b)); c != 0 {
		return c < 0
	}
	return a.seq > b.seq
}

// keepScore returns the fee rate that keeping n preserves: its own, or the one with all its
// descendants if that is higher (Core: CompareTxMemPoolEntryByDescendantScore).
func keepScore(n *rank) Sum {
	if own := n.alone(); own.cmpRate(n.sum) > 0 {
		return own
	}
	return n.sum
}
