package wallet

import (
	"slices"
	"sort"

	"toychain/block"
)

// maxTries bounds the search for an exact match (Core: TOTAL_TRIES).
const maxTries = 100_000

// pick returns usable coins that cover the payment and their own fee, or none.
func (p *plan) pick() []Coin {
	if coins := p.exact(); coins != nil {
		return coins
	}
	enough := sort.Search(len(p.usable), func(i int) bool { return p.usable[i].Value < p.cost(1) })
	if enough > 0 { // the largest are first, so the last that suffices is the smallest
		least := p.usable[enough-1].Value
		i := slices.IndexFunc(p.usable, func(c Coin) bool { return c.Value == least })
		return p.usable[i : i+1]
	}
	var sum block.Amount
	for i, c := range p.usable {
		if sum += c.Value; sum >= p.cost(i+1) {
			return p.usable[:i+1]
		}
	}
	return nil
}

// exact returns coins that leave no change: their excess over payment and fee is too small
// for an output. Of all such sets it returns the one with the smallest excess, or nil. An
// exact match saves the change output now and the input that spends it later, and does not
// reveal which output was the change.
//
// The search is Murch's branch and bound ("An Evaluation of Coin Selection
// Strategies", 2016; Core: SelectCoinsBnB): at each coin, the largest first, one branch
// takes it and one omits it, and a branch is pruned where no set below it can match.
//
//	             {}
//	       take 5 / \ omit 5             wanted: 7
//	          {5}     {}
//	  take 3  /\       /\
//	     {5,3}  {5}  {3}  {}             {5,3} is too much, {3} reaches at most 3+2
//	take 2:     {5,2}                    match
func (p *plan) exact() []Coin {
	// reach[i] is the total gain of the coins from i on. In thousandths of a unit, a sum
	// stays below 1000 * MaxMoney, which fits an int64.
	reach := make([]int64, len(p.usable)+1)
	for i, c := range slices.Backward(p.usable) {
		reach[i] = reach[i+1] + p.gain(c)
	}
	// A set's gain must be between these bounds. They are slightly wide, because the fee is
	// rounded and the count of inputs may take more bytes; matches decides.
	low := 1000*int64(p.pay) + int64(p.FeeRate)*int64(p.size(0, false))
	high := 1000*int64(p.pay+max(p.Dust, 1)+1) + int64(p.FeeRate)*int64(p.size(0, true)+4)

	var best, taken []Coin
	var bestSum block.Amount
	tries := maxTries
	var search func(i int, gain int64, sum block.Amount)
	search = func(i int, gain int64, sum block.Amount) {
		tries--
		if tries < 0 || gain > high || best != nil && sum >= bestSum {
			return
		}
		if p.matches(len(taken), sum) { // another coin would only add to the excess
			best, bestSum = slices.Clone(taken), sum
			return
		}
		if i == len(p.usable) || gain+reach[i] < low {
			return
		}
		c := p.usable[i]
		taken = append(taken, c)
		search(i+1, gain+p.gain(c), sum+c.Value)
		taken = taken[:len(taken)-1]
		for i++; i < len(p.usable) && p.usable[i].Value == c.Value; i++ {
			// Omitting a coin and taking its equal would give the same set again.
		}
		search(i, gain, sum)
	}
	search(0, 0, 0)
	return best
}

// matches reports whether that many coins with this sum pay without change.
func (p *plan) matches(inputs int, sum block.Amount) bool {
	if inputs == 0 || sum < p.cost(inputs) || p.size(inputs, false) > MaxTxSize {
		return false
	}
	_, worthwhile := p.change(inputs, sum)
	return !worthwhile
}
