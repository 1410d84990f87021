package mempool

import "toychain/block"

// OrphanInputs returns what each orphan spends, in the order in which they came.
func (p *Pool) OrphanInputs() (out [][]block.Outpoint) {
	for _, n := range p.orphans.order {
		var of []block.Outpoint
		for i := range n.tx.Inputs {
			of = append(of, n.tx.Inputs[i].Prev)
		}
		out = append(out, of)
	}
	return out
}

// HasCoin reports whether an outpoint is a coin of the tip or of the pool, spent in
// the pool or not.
func (p *Pool) HasCoin(v View, o block.Outpoint) (bool, error) {
	coins, err := p.gather(v, []block.Outpoint{o})
	return len(coins) > 0, err
}
