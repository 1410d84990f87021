package mempool_test

import (
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/mempool"
)

// First seen, first served: the second payment with one coin is refused, and the
// first one stays, however much the second one pays.
func TestDoubleSpendRefused(t *testing.T) {
	w := newWorld(t)
	toBob := miner.Pay([]consensus.UTXO{w.reward(1)}, bob.To(49*coin))
	toCarol := miner.Pay([]consensus.UTXO{w.reward(1)}, carol.To(10*coin))
	w.add(toBob)
	if _, err := w.try(toCarol); mempool.Reason(err) != "txn-mempool-conflict" {
		t.Fatal(err)
	}
	w.wantPool(toBob)
	if by, spent := w.pool.SpentBy(w.reward(1).Outpoint); !spent || by != toBob.ID() {
		t.Errorf("the coin is spent by %s", by)
	}
	if _, spent := w.pool.SpentBy(w.reward(2).Outpoint); spent {
		t.Error("nobody spends the coin of block 2")
	}
}

// What announced it is replaced, with all that depends on it.
//
//	a(signals) ── b ── c        a pays 1000, b 1000, c 1000
//	r                           pays 3085: all of it, and 1 for each of its 85 bytes
func TestReplace(t *testing.T) {
	w := newWorld(t, freely)
	a := signal(spend(1000, 1, w.reward(1)))
	b := spend(1000, 1, out(a, 0))
	c := spend(1000, 1, out(b, 0))
	other := spend(1000, 1, w.reward(2))
	w.add(a, b, other, c)
	r := spend(3085, 1, w.reward(1))

	result, err := w.pool.Test(w.tree, r, w.now)
	if err != nil || result.Fee != 3085 || result.Size != 85 {
		t.Fatalf("%+v, %v", result, err)
	}
	wantIDs(t, "would replace", result.Replaces, a, b, c)
	added, err := w.try(r)
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "replaced", added.Replaced, a, b, c)
	w.wantPool(other, r)
}

// A child of one that announces it may be replaced too, as BIP125 has it, until its
// parent is in a block.
func TestReplaceInherited(t *testing.T) {
	w := newWorld(t, freely)
	a := signal(spend(1000, 2, w.reward(1)))
	b := spend(1000, 1, out(a, 0))
	r := spend(9000, 1, out(a, 0))
	w.add(a, b)
	if e, _ := w.pool.Get(b.ID()); !e.Replaceable {
		t.Error("b is not replaceable")
	}
	if added := w.add(r); len(added.Replaced) != 1 {
		t.Errorf("replaced %s", added.Replaced)
	}
	w.connect(w.tip.Mine("a", a))
	if e, _ := w.pool.Get(r.ID()); e.Replaceable {
		t.Error("r is still replaceable")
	}
	if _, err := w.try(spend(90_000, 1, out(a, 0))); mempool.Reason(err) != "txn-mempool-conflict" {
		t.Error(err)
	}
}

// A node may have Core 28's policy: every payment can be replaced.
func TestFullRBF(t *testing.T) {
	w := newWorld(t, func(p *setup, q *mempool.Policy) { p.Spending, q.FullRBF = free{}, true })
	a, r := spend(1000, 1, w.reward(1)), spend(1085, 1, w.reward(1))
	w.add(a, r)
	w.wantPool(r)
}

// One may replace several, and its chain is counted without what it replaces: the
// parent below has 24 children and may have a 25th descendant in place of one.
func TestReplaceAtTheLimit(t *testing.T) {
	w := newWorld(t, freely)
	parent := spend(10_000, 25, w.reward(1))
	w.add(parent)
	var children []*block.Tx
	for i := range 24 {
		children = append(children, signal(spend(1000, 1, out(parent, i))))
	}
	w.add(children...)
	if _, err := w.try(spend(9000, 1, out(parent, 24))); mempool.Reason(err) != "too-long-mempool-chain" {
		t.Fatal(err)
	}
	r := spend(9000, 1, out(parent, 22), out(parent, 23), out(parent, 24))
	added := w.add(r)
	wantIDs(t, "replaced", added.Replaced, children[22:]...)
	w.wantPool(append(append([]*block.Tx{parent}, children[:22]...), r)...)
}
