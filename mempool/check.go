package mempool

import (
	"fmt"
	"maps"
	"slices"

	"toychain/block"
)

// Check verifies the invariants of the pool: every input is a coin of the tip or an output of
// an older entry, no two transactions spend the same coin, and all sums and links equal those
// of a fresh count. It is slow and meant for tests (Core: CTxMemPool::check). The error names
// the first violation.
func (p *Pool) Check(v View) error {
	spends := make(map[block.Outpoint]block.Hash)
	seen := make(map[block.Hash]*entry)
	var total Sum
	for e := range p.all() {
		if err := p.checkEntry(v, e, seen); err != nil {
			return fmt.Errorf("entry %s: %w", e.ID, err)
		}
		for i := range e.Tx.Inputs {
			o := e.Tx.Inputs[i].Prev
			if other, taken := spends[o]; taken {
				return fmt.Errorf("entry %s: spends %s, and so does %s", e.ID, o, other)
			}
			spends[o] = e.ID
			if p.spender[o] != e {
				return fmt.Errorf("entry %s: not recorded as the spender of %s", e.ID, o)
			}
		}
		seen[e.ID] = e
		total = total.plus(e.paid())
	}
	switch {
	case len(seen) != len(p.entries) || len(spends) != len(p.spender):
		return fmt.Errorf("%d entries in order, %d by ID; %d coins spent, %d recorded", len(seen), len(p.entries), len(spends), len(p.spender))
	case total != p.total:
		return fmt.Errorf("total is %+v, want %+v", p.total, total)
	case total.Size > p.policy.MaxBytes:
		return fmt.Errorf("%d bytes, at most %d", total.Size, p.policy.MaxBytes)
	}
	if err := p.checkScripts(); err != nil {
		return err
	}
	return p.orphans.check()
}

// checkScripts checks the index of scripts, if there is one.
func (p *Pool) checkScripts() error {
	if p.byScript == nil {
		return nil
	}
	want := make(byScript)
	for e := range p.all() {
		want.add(e)
	}
	if !maps.EqualFunc(p.byScript, want, slices.Equal) {
		return fmt.Errorf("the outputs of %d scripts are recorded, want %d", len(p.byScript), len(want))
	}
	return nil
}

func (p *Pool) checkEntry(v View, e *entry, seen map[block.Hash]*entry) error {
	parents := make(map[*entry]bool)
	for i := range e.Tx.Inputs {
		o := e.Tx.Inputs[i].Prev
		if parent := seen[o.TxID]; parent != nil {
			parents[parent] = true
			if uint64(o.Index) >= uint64(len(parent.Tx.Outputs)) {
				return fmt.Errorf("spends %s, which its parent does not have", o)
			}
			continue
		}
		coins, err := v.Coins([]block.Outpoint{o})
		if err != nil {
			return err
		}
		if _, ok := coins[o]; !ok {
			return fmt.Errorf("spends %s, which is neither a coin nor an output of an older entry", o)
		}
	}
	if len(parents) != len(e.parents) {
		return fmt.Errorf("%d parents, want %d", len(e.parents), len(parents))
	}
	for _, parent := range e.parents {
		if !parents[parent] {
			return fmt.Errorf("%s is not its parent", parent.ID)
		}
	}
	if e.Delta != p.deltas[e.ID] {
		return fmt.Errorf("its fee counts %d more, want %d", e.Delta, p.deltas[e.ID])
	}
	var above, below Sum
	for _, a := range p.above(e) {
		above = above.plus(a.alone())
	}
	for _, d := range p.below(e) {
		below = below.plus(d.alone())
	}
	if above != e.Ancestors || below != e.Descendants {
		return fmt.Errorf("ancestors %+v, want %+v; descendants %+v, want %+v", e.Ancestors, above, e.Descendants, below)
	}
	return nil
}

func (o *orphanage) check() error {
	inputs := 0
	for _, n := range o.order {
		if o.byID[n.id] != n {
			return fmt.Errorf("orphan %s: not found by its ID", n.id)
		}
		inputs += len(n.tx.Inputs)
	}
	for prev, list := range o.spenders {
		if len(list) == 0 {
			return fmt.Errorf("output %s: recorded without a spender", prev)
		}
		inputs -= len(list)
	}
	if len(o.order) != len(o.byID) || len(o.order) > o.max || inputs != 0 {
		return fmt.Errorf("%d orphans in order, %d by ID, at most %d; %d inputs too many", len(o.order), len(o.byID), o.max, inputs)
	}
	return nil
}
