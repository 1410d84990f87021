package lab

import (
	"context"
	"math"
)

// The theory of strategies that withhold blocks: a Markov chain, whose long-run shares are computed
// instead of drawn. Branches are cut off at maxBranch blocks, where the attacker overrides if it
// can and adopts if it cannot; what that costs is below the last digit up to a share of 0.4, and
// makes the value of the optimum a lower bound above.
const maxBranch = 80

// outcome is what an action can lead to.
type outcome struct {
	chance float64
	to     int32
	earned
}

// withholding is the decision process: for each state and action, the outcomes.
type withholding struct {
	states   []branches
	reached  []int32
	outcomes [][actions][]outcome // empty: not possible
}

const side = maxBranch + 1

func indexOf(b branches) int32 {
	return int32((b.theirs*side+b.others)*int(forks) + int(b.fork))
}

// at returns the index of a state, and remembers which state it is.
func (w *withholding) at(b branches) int32 {
	i := indexOf(b)
	w.states[i] = b
	return i
}

// newWithholding returns the process of an attacker with share alpha, where the part gamma of the
// others mines on its branch of a tie: all states that any actions lead to.
func newWithholding(alpha, gamma float64) *withholding {
	n := side * side * int(forks)
	w := &withholding{states: make([]branches, n), outcomes: make([][actions][]outcome, n), reached: []int32{0}}
	known := make([]bool, n)
	known[0] = true
	for k := 0; k < len(w.reached); k++ { // the list grows
		i := w.reached[k]
		for a := range actions {
			w.outcomes[i][a] = w.leadsTo(w.states[i], a, alpha, gamma)
			for _, o := range w.outcomes[i][a] {
				if !known[o.to] {
					known[o.to] = true
					w.reached = append(w.reached, o.to)
				}
			}
		}
	}
	return w
}

// leadsTo returns the outcomes of an action and the next block.
func (w *withholding) leadsTo(b branches, a action, alpha, gamma float64) []outcome {
	ends := b.theirs == maxBranch || b.others == maxBranch
	if !b.allows(a) || ends && a != adopt && a != override {
		return nil
	}
	after, now := b.after(a)
	out := []outcome{{alpha, w.at(after.found()), now}}
	if after.fork != active {
		next, _ := after.foundByOthers(false)
		return append(out, outcome{1 - alpha, w.at(next), now})
	}
	on, gained := after.foundByOthers(true)
	against, _ := after.foundByOthers(false)
	return append(out,
		outcome{(1 - alpha) * gamma, w.at(on), earned{now.theirs + gained.theirs, now.others}},
		outcome{(1 - alpha) * (1 - gamma), w.at(against), now})
}

// cut returns a policy that keeps to the cut-off.
func cut(p policy) policy {
	return func(b branches) action {
		if b.theirs < maxBranch && b.others < maxBranch {
			return p(b)
		}
		if b.theirs > b.others {
			return override
		}
		return adopt
	}
}

// rates returns how many blocks of the attacker's and of the others' end in the chain, for each
// block mined, by the stationary distribution of a policy. If ctx ends, so does the search.
func (w *withholding) rates(ctx context.Context, p policy) (theirs, others float64) {
	here, next := make([]float64, len(w.states)), make([]float64, len(w.states))
	here[0] = 1
	chosen := make([][]outcome, len(w.states))
	for _, s := range w.reached {
		chosen[s] = w.outcomes[s][p(w.states[s])]
	}
	for range 20_000 {
		a, b, moved := 0.0, 0.0, 0.0
		for _, s := range w.reached {
			next[s] = 0
		}
		for _, s := range w.reached {
			for _, o := range chosen[s] {
				m := here[s] * o.chance
				next[o.to] += m
				a += m * float64(o.theirs)
				b += m * float64(o.others)
			}
		}
		for _, s := range w.reached {
			moved += math.Abs(next[s] - here[s])
		}
		here, next = next, here
		theirs, others = a, b
		if moved < 1e-10 || ctx.Err() != nil {
			break
		}
	}
	return theirs, others
}

// optimal returns the best policy and its share of the chain. It is found as the paper does: a
// share rho can be reached if and only if the process that pays 1 − rho for a block of the
// attacker's, and −rho for one of the others', can gain anything. Each policy that gains names the
// next rho, until none gains more. If ctx ends, so does the search.
func (w *withholding) optimal(ctx context.Context, alpha float64) (policy, float64) {
	value := make([]float64, len(w.states))
	best, rho := cut(sm1), alpha
	for range 30 {
		choice := w.improve(ctx, value, rho)
		p := func(b branches) action { return choice[indexOf(b)] }
		a, b := w.rates(ctx, p)
		share := a / (a + b)
		if share <= rho+1e-9 {
			break
		}
		best, rho = p, share
	}
	return best, rho
}

// improve runs value iteration for a rho until the values of all states grow alike, and returns the
// best action of each state.
func (w *withholding) improve(ctx context.Context, value []float64, rho float64) []action {
	choice := make([]action, len(value))
	next := make([]float64, len(value))
	for range 20_000 {
		low, high := math.Inf(1), math.Inf(-1)
		for _, s := range w.reached {
			most := math.Inf(-1)
			for a := range actions {
				if v, ok := w.worth(s, a, rho, value); ok && v > most {
					most, choice[s] = v, a
				}
			}
			next[s] = most
			low, high = min(low, most-value[s]), max(high, most-value[s])
		}
		at := next[0] // only differences count
		for _, s := range w.reached {
			value[s] = next[s] - at
		}
		if high-low < 1e-7 || ctx.Err() != nil {
			break
		}
	}
	return choice
}

// worth returns what an action pays, and what its outcomes are worth.
func (w *withholding) worth(s int32, a action, rho float64, value []float64) (v float64, ok bool) {
	for _, o := range w.outcomes[s][a] {
		v += o.chance * (float64(o.theirs)*(1-rho) - float64(o.others)*rho + value[o.to])
		ok = true
	}
	return v, ok
}
