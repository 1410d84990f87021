package mempool

import (
	"math"
	"time"

	"toychain/block"
	"toychain/consensus"
)

// floor is the fee rate that a pool demands which has been full: what was pushed
// out last, and a little more. It halves with time, once a block has shown that
// the pool drains (Core: rollingMinimumFeeRate).
type floor struct {
	rate    float64 // per 1000 bytes; 0: the pool demands nothing
	since   time.Time
	drained bool // a block has come since it rose
}

// at returns the floor at a later time. Between two halvings it falls in a straight
// line rather than exponentially: only sums and products, the same on every machine.
func (f floor) at(now time.Time, half time.Duration, least block.Amount) floor {
	if elapsed := now.Sub(f.since); f.rate > 0 && f.drained && elapsed > 0 {
		f.since = now
		f.rate = math.Ldexp(f.rate, -int(min(elapsed/half, 1000)))
		f.rate *= 1 - float64(elapsed%half)/float64(2*half)
		if f.rate < float64(least)/2 {
			f.rate = 0
		}
	}
	return f
}

// fee returns the least fee rate that is accepted.
func (f floor) fee(p *Policy) block.Amount {
	if f.rate == 0 {
		return p.MinRelay
	}
	return max(block.Amount(math.Round(f.rate)), p.Incremental, p.MinRelay)
}

// halfLife returns how long the floor takes to halve: Core's twelve hours, counted
// in blocks of the network; half that if the pool is half empty, a quarter if it
// is nearly empty.
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

// settle lets time pass for the floor.
func (p *Pool) settle(tip *consensus.State, now time.Time) {
	p.floor = p.floor.at(now, p.halfLife(tip), p.policy.Incremental)
}

// MinFee returns the least fee rate, per 1000 bytes, that is accepted: the policy's,
// or more if the pool has been full. It is as of the last Add or Update.
func (p *Pool) MinFee() block.Amount { return p.floor.fee(&p.policy) }

// trim makes a pool that has grown over Policy.MaxBytes a hundredth smaller than
// that, and returns what left. The worst paid goes first, counting with each
// transaction all that depends on it, for that leaves too: a parent with a generous
// child stays (Core: TrimToSize, which makes room for the newcomer only and keeps an
// order at all times; here a flood pays for one ranking in many arrivals).
func (p *Pool) trim(now time.Time) (out []block.Hash) {
	if p.total.Size <= p.policy.MaxBytes {
		return nil
	}
	worst := rankAll(p, func(e *entry) Sum { return e.descendants }, worthLess)
	defer p.unrank()
	for p.total.Size > p.policy.MaxBytes-p.policy.MaxBytes/100 {
		n := worst.pop()
		if rate := float64(n.sum.rate() + p.policy.Incremental); rate > p.floor.rate {
			p.floor = floor{rate: rate, since: now}
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

// worthLess is the order in which a full pool loses transactions: the lowest worth,
// of equals the youngest.
func worthLess(a, b *rank) bool {
	if c := worth(a).cmpRate(worth(b)); c != 0 {
		return c < 0
	}
	return a.seq > b.seq
}

// worth is what keeping n is good for: its own fee rate, or the one with all its
// descendants if that is better (Core: CompareTxMemPoolEntryByDescendantScore).
func worth(n *rank) Sum {
	if own := n.alone(); own.cmpRate(n.sum) > 0 {
		return own
	}
	return n.sum
}
