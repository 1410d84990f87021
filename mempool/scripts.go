package mempool

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"toychain/block"
)

// byScript finds transactions of the pool by the scripts that they pay to. It costs what a map of
// all outputs costs, so it is made when a wallet asks for the first time, and then kept.
type byScript map[string][]*entry // in the order of arrival

func (s byScript) add(e *entry) {
	for i := range e.Tx.Outputs {
		script := e.Tx.Outputs[i].Script
		if list := s[string(script)]; len(list) == 0 || list[len(list)-1] != e { // it may pay to one script twice
			s[string(script)] = append(list, e)
		}
	}
}

func (s byScript) remove(e *entry) {
	for i := range e.Tx.Outputs {
		script := string(e.Tx.Outputs[i].Script)
		list := s[script]
		at, found := slices.BinarySearchFunc(list, e.seq, func(e *entry, seq int64) int { return cmp.Compare(e.seq, seq) })
		switch {
		case found && len(list) == 1:
			delete(s, script)
		case found:
			s[script] = slices.Delete(list, at, at+1)
		}
	}
}

// Touching returns the transactions that pay to one of the scripts, or that spend such an output or
// one of the coins, each once, in the order of arrival, without Depends, SpentBy and Replaceable.
// They belong to the pool: who keeps one copies it. It does not depend on the size of the pool but
// for the first call.
func (p *Pool) Touching(scripts iter.Seq[string], coins iter.Seq[block.Outpoint]) []*Entry {
	if p.byScript == nil {
		p.byScript = make(byScript)
		for e := range p.all() {
			p.byScript.add(e)
		}
	}
	wanted := make(map[string]bool)
	found := make(map[*entry]bool)
	for s := range scripts {
		wanted[s] = true
		for _, e := range p.byScript[s] {
			found[e] = true
		}
	}
	spends := func(o block.Outpoint) {
		if e := p.spender[o]; e != nil {
			found[e] = true
		}
	}
	for _, e := range slices.Collect(maps.Keys(found)) {
		for i := range e.Tx.Outputs {
			if wanted[string(e.Tx.Outputs[i].Script)] {
				spends(block.Outpoint{TxID: e.ID, Index: uint32(i)})
			}
		}
	}
	for o := range coins {
		spends(o)
	}
	out := make([]*Entry, 0, len(found))
	for _, e := range slices.SortedFunc(maps.Keys(found), func(a, b *entry) int { return cmp.Compare(a.seq, b.seq) }) {
		out = append(out, &e.Entry)
	}
	return out
}
